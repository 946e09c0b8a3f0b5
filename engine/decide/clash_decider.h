// Two records of a map, one of each side, that were refused because the other's row has a value
// that must be unique: the map's policy decides whose row stays as it is, or somebody has to.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/decide/conflict_inbox.h"

namespace dualwrite::engine {

// What the log has of a captured record.
struct clashing_record {
  instant committed_at{};
  operation op = operation::insert;
  std::string before{}, after{};  // images, empty where there is none
  schema_id schema{};
};
using find_clashing = std::function<result<clashing_record>(sequence)>;

struct map_clash {
  map_id map{};
  projections::value_clash records{};
};
// The next that nobody was told of, and of which no record is being tried.
[[nodiscard]] std::optional<map_clash> next_clash(projections::views const& state);

// Decides that one, or puts it before somebody: rows of an initial sync, and changes that cannot be
// undone. Nothing where there is none.
// Errors: those of `find`; `definition_invalid`.
[[nodiscard]] result<std::vector<encoded_event>> decide_clash(projections::views const& state,
                                                              find_clashing const& find);

}  // namespace dualwrite::engine
