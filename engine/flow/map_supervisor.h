// Carries out the actions that were asked of the maps of one link: waits until the lanes have done
// their part, then says so.
#pragma once

#include <map>
#include <string>

#include "engine/flow/copy_order.h"
#include "engine/flow/link_context.h"

namespace dualwrite::engine {

// Guarantees: a pause or stop is reported when no batch of the map can start any more and what the
// one in hand did is known, or is named as in doubt; a map is Running again only when both its
// directions are in the main lane.
// Errors: run() ends with an error only where the engine must stop.
// Threads: the engine strand.
class map_supervisor {
 public:
  explicit map_supervisor(link_context& context);
  ~map_supervisor();
  [[nodiscard]] async<void> run();

 private:
  // True where something was done, so that the state is looked at again.
  [[nodiscard]] async<bool> tend(map_id map);
  [[nodiscard]] async<bool> tend_run(map_id map, projections::map_row row);
  [[nodiscard]] async<bool> tend_resume(map_id map, projections::map_row row);
  [[nodiscard]] async<bool> tend_pause(map_id map, projections::map_row row);
  [[nodiscard]] async<bool> tend_stop(map_id map, projections::map_row row);
  [[nodiscard]] async<bool> tend_copy(map_id map, projections::map_row row);
  [[nodiscard]] async<bool> tend_catching_up(map_id map, projections::map_row row);
  [[nodiscard]] async<bool> tend_holding(map_id map, projections::map_row row);
  [[nodiscard]] async<bool> resume(map_id map, projections::map_row row);
  [[nodiscard]] async<bool> observe(map_id map, projections::map_row const& row);
  [[nodiscard]] async<bool> look_for_obstacles(map_id map,
                                               projections::map_row const& row,
                                               map_definition const& definition);
  [[nodiscard]] async<bool> refuse_or_end(map_id map, projections::map_row const& row, error why);
  [[nodiscard]] async<bool> refuse(map_id map, projections::map_row const& row, error why);
  void forget_catching_up(map_id map);
  void hold_back(map_id map, bool waits);
  [[nodiscard]] async<bool> say(decision what);
  [[nodiscard]] async<bool> say(drafts events);

  bool is_captured(map_id map, compiled_map const& compiled) const;
  bool is_at_rest(map_id map) const;
  bool is_in_doubt(map_id map) const;

  link_context& context_;
  bell wake_;
  copy_order order_;
};

}  // namespace dualwrite::engine
