// Reads the queue of one direction into batches, in parts of so many records where they are large.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/flow/batch_planner.h"
#include "replay/record_cursor.h"

namespace dualwrite::engine {

// Guarantees: a batch ends where no source transaction is open. It comes in parts where the target
// takes them and no map wants all of a transaction at once (to be refused as a whole, or to have
// its deletes counted before one is written): then it is as large as its last transaction makes it,
// or some parts where much waits, so that one can be planned while another one is written. A part
// that is full may be given before its transaction is all in the log; the last one is not.
// Errors: `log_corrupt`, `event_malformed`, `invalid_definition`.
// Lifetime: outlived by its context.
// Threads: the engine strand.
class batch_reader {
 public:
  // `complete` adds what the lane has to say with a batch, when its records and position are known.
  using completion = std::function<void(ready_batch&)>;
  // `wake` is a listener of the log, of the coroutine that reads.
  batch_reader(
      link_context& context, direction way, sequence behind, completion complete, bell& wake);

  // What is due for these maps, as long as `may_read` lets it go on to another transaction. Empty
  // where there is nothing: up to position() all is read. `may_go_ahead`: of a transaction that is
  // still being captured.
  [[nodiscard]] result<ready_batch> next(std::vector<map_id> members,
                                         std::function<bool()> may_read,
                                         bool may_go_ahead = false);
  // What follows a part of a batch that goes on; `before` is what is known of those before. Waits
  // for what is still being captured; `is_void` where that takes too long, or a map wants to leave.
  [[nodiscard]] async<ready_batch> next_part(std::shared_ptr<outcome_so_far const> before);

  sequence position() const { return cursor_->position(); }
  // The batch ended because much was read past: there may be more, but others are to have their
  // turn.
  bool ended_early() const { return cursor_->ended_early(); }

 private:
  [[nodiscard]] result<ready_batch> read();
  void begin_at(sequence behind);
  bool wants_to_leave() const;
  // A part that is full is not the last where there is more to read.
  [[nodiscard]] result<bool> goes_on();
  bool may_come_in_parts() const;

  link_context& context_;
  direction way_;
  completion complete_;
  bell& wake_;
  std::optional<replay::record_cursor> cursor_;
  batch_planner planner_;
  std::vector<map_id> members_;
  std::function<bool()> may_read_;
  sequence behind_;
  bool is_inside_ = false;   // of a source transaction
  bool is_starved_ = false;  // of which no more is there for now
  bool in_parts_ = false;
  bool may_go_ahead_ = false;
  std::optional<sequence> waits_at_;  // for all of the transaction behind it
  std::size_t parts_ = 0;             // of this batch
};

// The other coroutines of the strand go on first.
[[nodiscard]] async<void> let_others_run(boost::asio::any_io_executor on);

}  // namespace dualwrite::engine
