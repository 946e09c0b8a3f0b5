// Writes the batches of one lane, whole or in parts, through a connection of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/row_writer.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

// Errors: those of target_app::apply().
// Threads: one at a time; calls block.
class lane_writer {
 public:
  // A part lies behind a savepoint, so that what the target refuses of it takes nothing with it of
  // the parts before. Deferred constraints are checked at the end of each part.
  lane_writer() { to_.keep_plans(); }
  [[nodiscard]] result<std::vector<write_result>> apply(std::string const& url,
                                                        target_batch const& batch);
  // Takes back a batch of which not all parts came.
  void give_up() { open_.reset(); }
  // Nothing is under way then, and nothing of the tables is known any more.
  [[nodiscard]] result<connection*> start_over(std::string const& url);

 private:
  using results = std::vector<write_result>;
  // Nothing: it has to be taken back, and tried again with more care or with what is known now.
  [[nodiscard]] result<std::optional<results>> attempt_part(target_batch const& batch,
                                                            results_by_place& refused,
                                                            row_writer::care with);
  // Tries until one attempt gives results.
  template <class Try>
  [[nodiscard]] result<results> try_until_done(Try const& once);
  [[nodiscard]] result<results> write_whole(target_batch const& batch);
  [[nodiscard]] result<results> write_part(target_batch const& batch);
  [[nodiscard]] result<void> begin(target_batch const& batch);
  // Begins a transaction: the lane is ours, and the tables are as the batch takes them.
  [[nodiscard]] result<transaction> enter(target_batch const& batch);
  // Moves the lane and commits. False: a deferred constraint is broken.
  [[nodiscard]] result<bool> leave(transaction& all,
                                   target_batch const& batch,
                                   std::string const& outcome);

  connection to_;
  row_writer writer_{to_};
  bool met_refusals_ = false;  // in the last batch: the next one takes care from the start
  std::optional<transaction> open_;
  std::string deferred_;  // the constraints that a transaction does not check at once
};

}  // namespace dualwrite::engine::postgresql
