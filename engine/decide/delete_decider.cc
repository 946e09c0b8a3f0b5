#include "engine/decide/delete_decider.h"

#include <fmt/format.h>

#include "engine/decide/map_transitions.h"

namespace dualwrite::engine {

std::optional<std::uint64_t> limit_passed(delete_limits const& limits,
                                          std::uint64_t deletes,
                                          std::optional<std::uint64_t> rows) {
  if (limits.rows != 0 && deletes > limits.rows) return limits.rows;
  if (limits.share == 0 || !rows) return std::nullopt;
  auto const allowed = *rows / 100 * limits.share + *rows % 100 * limits.share / 100;
  return deletes > allowed ? std::optional(allowed) : std::nullopt;
}

drafts decide_mass_deletes(projections::views const& state,
                           std::vector<MassDeleteFound> const& found) {
  drafts out;
  for (auto const& one : found) {
    auto const* row = state.status.find(one.map);
    if (row == nullptr || !is_allowed(*row, map_action::pause)) continue;
    auto const& link = state.status.links.at(row->link);
    auto const target = target_of(one.way) == side::left ? link.left : link.right;
    auto const reason = fmt::format("{} rows are to be deleted in {}, more than {}",
                                    one.deletes,
                                    state.status.apps.at(target),
                                    one.limit);
    stream_id const stream{stream_kind::map, one.map.value};
    out.push_back(draft(stream, row->link, one));
    out.push_back(draft(stream, row->link, PauseRequested{one.map, {}, reason}));
  }
  return out;
}

}  // namespace dualwrite::engine
