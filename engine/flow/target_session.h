// The lanes of one direction and what they share: one session with the target, opened for all of
// them together, so that after a crash or a lost connection it is first found out what every lane
// had done.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/flow/batch_planner.h"
#include "engine/flow/delete_guard.h"
#include "engine/flow/link_context.h"

namespace dualwrite::engine {

class batch_reader;

// How the delivery of a batch ended.
enum class delivery_end : std::uint8_t {
  done,     // its outcome is in the log
  dropped,  // it did not happen and must be planned again: the target lost older batches, or a map
            // has left it
};

// Guarantees: a batch takes effect at most once; its outcome is in the log exactly when it took
// effect.
// Errors: deliver() and open() end with an error only where the engine must stop:
// `lane_ahead_of_log`, `lane_fenced`, a failed log.
// Threads: the engine strand; one coroutine a lane.
class target_session {
 public:
  target_session(link_context& context, direction way);
  ~target_session();

  // Opens all lanes; waits as long as the target is away.
  [[nodiscard]] async<void> open();
  // Of a batch that goes on, `rest` gives the other parts.
  [[nodiscard]] async<delivery_end> deliver(lane_id lane,
                                            ready_batch batch,
                                            batch_reader* rest = nullptr);

  // Whether another lane has a batch in hand that writes a key of this one: a record can end while
  // its retry is under way, and what comes after it must still not be written before it. Listeners
  // of the log are rung when that batch has ended.
  [[nodiscard]] bool meets_another(lane_id lane, ready_batch const& batch);

  // The target may have been away, and may have come back without what it had: the lanes are opened
  // again and looked at, even where there is nothing to deliver.
  void doubt();
  // Looks whenever it is asked to; a child of the engine's nursery.
  [[nodiscard]] async<void> look_again();

  // Grows when batches that the log had were lost by the target: what was read ahead is to be read
  // again.
  std::uint64_t rewinds() const { return rewinds_; }
  // From the moment that this is decided until it has taken effect nobody may say any more how far
  // it has read.
  bool is_rewinding() const { return is_rewinding_; }

 private:
  struct in_hand {
    ready_batch* batch = nullptr;  // or the part of it that is being written
    bool calling = false;
    bool dropped = false;
    bool committed = false;
    std::uint32_t fenced = 0;
    std::uint32_t misfits = 0;
  };

  [[nodiscard]] async<void> ready();
  [[nodiscard]] async<void> reopen();
  // Whether the session is open; if not, why the target did not let us.
  struct attempt_to_open {
    bool opened = true;
    error why;
  };
  [[nodiscard]] async<attempt_to_open> try_open();
  [[nodiscard]] result<void> check_log(lane_row const& row, batch_number last) const;
  [[nodiscard]] async<void> settle_rows(std::map<lane_id, lane_row> const& rows);
  [[nodiscard]] async<void> rewind(std::map<lane_id, lane_row> const& rows);
  // False: the guard against mass deletes holds it, or could not look.
  [[nodiscard]] async<bool> may_send(lane_id lane, in_hand& mine);
  // Asks the target to write what is in hand; nothing where it did not.
  using attempted = std::optional<std::vector<write_result>>;
  [[nodiscard]] async<attempted> call(lane_id lane, in_hand& mine, bool begins = true);
  [[nodiscard]] async<bool> send_parts(lane_id lane, in_hand& mine, batch_reader& rest);
  // Plans what follows the part in hand, before its own results are known.
  [[nodiscard]] async<ready_batch> plan_next(in_hand& mine,
                                             batch_reader& rest,
                                             std::shared_ptr<outcome_so_far const> before);
  // An app did not do what it was asked to: the batch is tried again, or planned anew.
  [[nodiscard]] async<void> take(lane_id lane, in_hand& mine, error why);
  [[nodiscard]] async<void> append_outcome(batch_outcome outcome);
  [[nodiscard]] async<void> report(lane_id lane, error why);
  [[nodiscard]] async<void> rest(instant until);
  [[nodiscard]] async<void> let_go(in_hand& mine);
  [[nodiscard]] async<void> leave_out_unfit(in_hand& mine);
  [[nodiscard]] async<void> pause_barred(in_hand const& mine);
  // Whether these are the forms of the target's tables that were seen last.
  bool is_current(std::map<std::string, std::uint64_t> const& tables) const;
  [[nodiscard]] result<target_batch> to_target(lane_id lane,
                                               ready_batch& batch,
                                               bool begins,
                                               std::shared_ptr<std::string> outcome);
  bool anyone_calls() const;
  bool is_in_doubt(ready_batch const& batch) const;

  link_context& context_;
  direction way_;
  delete_guard guard_;
  std::map<lane_id, in_hand> lanes_;
  bool open_ = false;
  bool opening_ = false;
  std::uint64_t openings_ = 0;
  bell wake_;
  bell opened_;
  bell call_ended_;
  bell doubted_;
  std::uint64_t doubts_ = 0;
  std::uint32_t failures_ = 0;
  bool is_awaited_ = false;
  // Lanes that plan a part of a batch only when it is known what the one before came to.
  std::set<lane_id> careful_;
  bool is_rewinding_ = false;
  std::uint64_t rewinds_ = 0;
};

// Finds out what a target has lost that the log had, and the event that says so. In memory of the
// log only.
struct lost_batches {
  TargetRewound event;
  std::vector<map_id> stopped;  // maps that the target knows nothing of any more
  std::vector<std::shared_ptr<std::string>> texts;  // what the event's views point to
};
[[nodiscard]] result<lost_batches> find_lost(link_context& context,
                                             direction way,
                                             std::map<lane_id, lane_row> const& rows);

}  // namespace dualwrite::engine
