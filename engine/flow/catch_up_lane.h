// A catch-up lane of one direction: a slot that works, batch by batch, on whatever is furthest
// behind: copies of initial syncs, queues of maps that resume, retries of parked records, rows to
// read again; and, where there is nothing else, on rows that refer to each other in a circle.
#pragma once

#include <optional>
#include <vector>

#include "engine/flow/leg_copy.h"
#include "engine/flow/main_lane.h"

namespace dualwrite::engine {

// Guarantees: one map and direction is worked on by one catch-up lane at a time, but for copies,
// whose ranges several lanes share where nothing else is to be done; a key with parked records is
// written by no other lane.
// Errors: run() ends with an error only where the engine must stop.
// Threads: the engine strand.
class catch_up_lane {
 public:
  catch_up_lane(link_context& context, target_session& session, direction way, lane_id lane);
  ~catch_up_lane();
  [[nodiscard]] async<void> run();

 private:
  enum class work_kind : std::uint8_t { copy, reread, retry, queue, circles };
  struct work {
    work_kind kind = work_kind::queue;
    std::vector<map_id> maps;                 // several of circles only
    std::vector<reference_circle> circles{};  // of parked rows that refer to each other
    std::optional<std::size_t> range{};       // of the map's copy
  };

  void take_up(work const& what);
  void lay_down(work const& what);
  std::optional<work> choose() const;
  std::optional<work> choose_circles() const;
  std::optional<work_kind> due_work(map_id map, projections::map_row const& row) const;
  bool dependency_is_over(map_id map, sequence record, projections::parked_row const& row) const;
  std::vector<sequence> records_to_try(map_id map) const;

  [[nodiscard]] async<void> work_on(work what);
  [[nodiscard]] async<void> queue_batch(map_id map);
  [[nodiscard]] async<void> retry_batch(map_id map);
  [[nodiscard]] async<void> refuse_retries(map_id map);
  drafts failed_retries(map_id map, std::vector<sequence> const& records, error const& why) const;
  [[nodiscard]] async<void> circle_batch(work what);
  [[nodiscard]] async<void> read_again(map_id map);
  [[nodiscard]] async<void> rest(error why);

  link_context& context_;
  target_session& session_;
  direction way_;
  lane_id lane_;
  bell wake_;
  leg_copy copy_;
  std::uint32_t failures_ = 0;
};

}  // namespace dualwrite::engine
