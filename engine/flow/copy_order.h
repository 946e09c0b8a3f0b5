// Which of a link's maps is copied before which: one whose rows others refer to goes first. Maps
// that refer to each other in a circle are copied at once.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "engine/flow/link_context.h"

namespace dualwrite::engine {

// Threads: the engine strand.
class copy_order {
 public:
  explicit copy_order(link_context& context) : context_(context) {}

  // Asks the apps which tables the map's rows refer to.
  // Errors: those of source_app.
  [[nodiscard]] async<void> look_at(map_id map, map_definition const& definition);
  // Whether a map that this one refers to is about to be copied, or being copied.
  bool waits_for_another(map_id map) const;

 private:
  std::set<map_id> referred_by(map_id map) const;
  bool leads_back(map_id from, map_id to) const;
  bool is_to_be_copied(map_id map) const;

  link_context& context_;
  std::map<map_id, std::set<std::pair<side, std::string>>> references_;
};

}  // namespace dualwrite::engine
