#include "engine/connectors/postgresql/captured_life.h"

#include <fmt/format.h>

namespace dualwrite::engine::postgresql {

result<life> captured_life::begin(connection& on, std::optional<source_progress> const& known) {
  DW_TRY(auto found, look_at_life(on));
  DW_CHECK(check(on, found, known));
  std::lock_guard const alone(changing_);
  now_ = found;
  connected_ = on.connected();
  return found;
}

std::optional<life> captured_life::captured() const {
  std::lock_guard const alone(changing_);
  return now_;
}

// A server with a lower timeline was left for the one that was captured last, and may not know it.
result<void> captured_life::check_former(std::optional<life> const& captured, life const& found) {
  bool const is_former =
      captured && captured->database == found.database && found.timeline < captured->timeline;
  if (!is_former) return {};
  return error{error_code::app_unreachable,
               fmt::format("the server is on timeline {}, which was left for {}: is it the former "
                           "primary? If it is to take its place again, restart dualwrite",
                           found.timeline,
                           captured->timeline)};
}

// An app that is only written to has no names of timelines, perhaps: it is not asked for them.
result<void> captured_life::refuse_former(connection& on) const {
  auto const known = captured();
  if (!known) return {};
  auto const found = look_at_life(on);
  // One that has no name yet was promoted since.
  if (!found && on.is_open()) return {};
  if (!found) return found.error();
  return check_former(known, *found);
}

result<void> captured_life::check(connection& on,
                                  life const& found,
                                  std::optional<source_progress> const& known) const {
  if (!known || known->captured.incarnation == found.incarnation) return {};
  DW_CHECK(check_former(now_, found));
  DW_TRY(bool const goes_on, takes_over(on, url_, found, *known));
  if (goes_on) return {};
  return error{error_code::source_rewound,
               "this is another database than the captured one, or a timeline of it that lacks "
               "what was captured"};
}

result<void> captured_life::reopen(connection& on) {
  DW_CHECK(on.open(url_));
  if (on.connected() == connected_) return {};
  DW_CHECK(check_same(on, *now_));
  connected_ = on.connected();
  return {};
}

}  // namespace dualwrite::engine::postgresql
