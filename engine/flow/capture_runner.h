// Captures one side of a link: reads committed transactions, leaves out what is only our own writes
// coming back, and appends the rest; only then is the source told that it may forget them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/flow/derived_change.h"
#include "engine/flow/link_context.h"
#include "engine/flow/record_blocks.h"
#include "engine/flow/target_session.h"
#include "engine/flow/wanted_tables.h"

namespace dualwrite::engine {

// Guarantees: an accepted record is durable before the source is acknowledged; a transaction is
// captured whole, in order, once. One that the source gives in parts is appended in parts as well,
// and counts when the last one is there.
// Errors: run() ends with an error only where the engine must stop; a source that lost what was
// captured from it stops its maps.
// Threads: the engine strand.
class capture_runner {
 public:
  // `back` writes to the app that is captured here.
  capture_runner(link_context& context, side of, target_session& back);
  ~capture_runner();
  [[nodiscard]] async<void> run();

 private:
  // A transaction of which not all parts were seen.
  struct open_transaction {
    record_blocks blocks;
    std::optional<batch_id> ours{};
    std::uint32_t echoed = 0;
    derived_changes derived{};
  };

  wanted_tables wanted() const { return find_wanted(context_, side_); }
  [[nodiscard]] async<bool> has_to_wait();
  [[nodiscard]] async<void> start(bool with_new_ones);
  [[nodiscard]] async<void> step();
  projections::capture_row const& capture() const;
  // Whether the app may keep something for a capture.
  bool is_kept() const;
  std::uint64_t read_upto(projections::views const& state) const;
  // What our log holds of the source, where a map goes on with it.
  std::optional<source_progress> known() const;
  [[nodiscard]] async<void> say_started(CaptureStarted event,
                                        std::optional<source_progress> before);
  [[nodiscard]] async<std::vector<captured_transaction>> read();
  [[nodiscard]] async<void> append(drafts events);
  [[nodiscard]] async<void> acknowledge(bool at_once);
  bool is_ours(captured_transaction const& transaction) const;
  bool is_before_its_outcome(captured_transaction const& transaction) const;
  bool was_taken_back(captured_transaction const& transaction) const;
  projections::lane_row const* lane_of(batch_mark const& mark) const;
  open_transaction begin(captured_transaction const& part) const;
  [[nodiscard]] result<void> take(captured_transaction part, drafts& events);
  [[nodiscard]] result<void> take_ours(captured_row row, batch_id batch);
  void tell_other_maps(captured_row const& row,
                       row_values const& before,
                       row_values const& after,
                       key_ledger::repeated_write const& echoed,
                       sequence cause);
  std::set<std::size_t> keys_of(wanted_table const& table) const;
  void end(captured_transaction const& last, drafts& events);
  void add(captured_row const& row, sequence cause, map_id map = {});
  [[nodiscard]] async<void> lost_source(error why);
  [[nodiscard]] async<void> rest(error why);
  AttemptFailed failed() const;

  link_context& context_;
  side side_;
  target_session& back_;
  bell wake_;
  wanted_tables tables_;
  std::optional<open_transaction> open_;
  std::optional<result<std::vector<captured_transaction>>> ahead_;  // read, and not taken yet
  std::optional<source_position> unacknowledged_;  // the source does not know yet that we have it
  instant acknowledged_at_;
  bool tried_ = false;  // to begin one, so that the app may know of it
  bool started_ = false;
  instant asks_again_at_;      // whether the source is ready to have more tables captured
  std::uint32_t held_up_ = 0;  // so many times it was not
  std::uint32_t failures_ = 0;
};

}  // namespace dualwrite::engine
