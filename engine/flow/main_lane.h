// The main lane of one direction: delivers the records of all maps that are up to date, in the
// source's commit order.
#pragma once

#include <memory>

#include "engine/flow/batch_reader.h"
#include "engine/flow/target_session.h"

namespace dualwrite::engine {

// Whether a map should be in the main lane, or on its way there.
[[nodiscard]] bool wants_delivery(projections::map_row const& map);

// Guarantees: a map joins only at a place that it has reached itself, and leaves only between two
// batches.
// Errors: run() ends with an error only where the engine must stop.
// Threads: the engine strand.
class main_lane {
 public:
  main_lane(link_context& context, target_session& session, direction way);
  ~main_lane();
  [[nodiscard]] async<void> run();

 private:
  [[nodiscard]] async<void> update_members();
  // Who leaves and who joins as things are; the latter are named in `joined` as well.
  drafts moves(std::vector<projections::map_way>& joined);
  // What is said with every batch.
  void complete(ready_batch& batch) const;
  void start_over();
  bool waits_for_joiner() const;
  std::vector<map_place> places_to_tell() const;
  std::vector<map_id> members() const;
  // Whether parked records wait for what this lane, among others, passes.
  bool has_dependents() const;

  link_context& context_;
  target_session& session_;
  direction way_;
  bell wake_;
  std::unique_ptr<batch_reader> reader_;
  std::uint64_t rewinds_ = 0;
  // After a batch was dropped the next one waits for all of its transaction.
  bool may_go_ahead_ = true;
};

}  // namespace dualwrite::engine
