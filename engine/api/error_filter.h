// Which catch-up errors are meant: one filter for lists, counts, groups and actions, so that they
// agree.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/api_context.h"
#include "engine/api/row_search.h"

namespace dualwrite::engine {

// Names one catch-up error: a record may be parked for several maps.
struct parked_name {
  map_id map;
  direction way = direction::left_to_right;
  sequence record;

  friend constexpr auto operator<=>(parked_name const&, parked_name const&) = default;
};

// One of the two is there. Lifetime: until the views move on.
struct listed_error {
  parked_name name;
  projections::parked_row const* parked = nullptr;
  projections::ended_row const* ended = nullptr;

  projections::parked_row const& row() const { return ended == nullptr ? *parked : ended->was; }
  std::string_view state() const;
};

// "failed", "retrying", "due", "waiting", "dependency", "reread", "conflict"; "completed",
// "superseded", "conflict_lost", "discarded".
[[nodiscard]] std::string_view state_name(park_state state);
[[nodiscard]] std::string_view state_name(projections::parked_end how);
// "settled" where it is listed no more.
[[nodiscard]] std::string_view listed_state(projections::views const& state, parked_name const& of);

class error_filter {
 public:
  // What the query of a request, or the body of a command, says: map, link, direction, class, code,
  // text, column, state, filter (SQL over the fields of an error); waiting: also those that only
  // wait behind another; ended: also those that ended and are still listed.
  using said = std::function<std::string(std::string_view)>;
  // Errors: `request_invalid`, `unknown_map`, `unknown_link`, `expression_invalid`.
  [[nodiscard]] static result<error_filter> from(projections::views const& state, said const& ask);

  // In the order of the records.
  // Errors: those of evaluating the expression.
  [[nodiscard]] result<std::vector<listed_error>> matching(projections::views const& state) const;

  map_id map{};

 private:
  [[nodiscard]] bool passes(projections::views const& state, listed_error const& one) const;

  link_id link_{};
  std::optional<direction> way_{};
  std::string kind_{}, code_{}, text_{}, column_{}, state_{};
  bool waiting_ = false;
  bool ended_ = false;
  std::shared_ptr<row_search const> search_{};
};

// Errors: `unknown_record`.
[[nodiscard]] result<listed_error> find_listed(projections::views const& state,
                                               sequence record,
                                               map_id map);

}  // namespace dualwrite::engine
