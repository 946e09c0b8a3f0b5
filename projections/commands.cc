#include "projections/commands.h"

namespace dualwrite::projections {

void commands::fold(event_view const& event) {
  while (!order.empty() && rows.at(order.front()).when + kept < event.recorded_at) {
    rows.erase(order.front());
    order.pop_front();
  }
  if (event.from.command.empty()) return;
  std::string id(event.from.command);
  if (rows.contains(id)) return;
  command_row row;
  row.at = event.at;
  row.when = event.recorded_at;
  if (auto const* refused = event.as<CommandRefused>()) {
    row.code = refused->code;
    row.detail = refused->detail;
  }
  order.push_back(id);
  rows.emplace(std::move(id), std::move(row));
}

command_row const* commands::find(std::string const& id) const {
  auto const found = rows.find(id);
  return found == rows.end() ? nullptr : &found->second;
}

}  // namespace dualwrite::projections
