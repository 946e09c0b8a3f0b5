// The only appender. It gathers what was submitted into groups, gives sequences and time, appends a
// group in one durable write, then advances the views and tells the submitters.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "engine/decide/alert_decider.h"
#include "engine/flow/bell.h"
#include "engine/flow/nursery.h"
#include "engine/ports/clock.h"
#include "engine/ports/durable_log.h"
#include "projections/view_set.h"

namespace dualwrite::engine {

using drafts = std::vector<encoded_event>;
// Decides on the state as it is when its turn comes: what it gives is appended, what it refuses is
// told to the submitter.
using decision = std::function<result<drafts>(projections::views const&)>;

struct sequencer_limits {
  std::size_t group_bytes_max = 2 << 20;
  std::size_t group_events_max = 4096;
  // One is written while the next is encoded and one more is built, where that has at least so much
  // in it: to build a smaller one takes less time than it gains by waiting for more.
  std::size_t groups_at_work_max = 3;
  std::size_t built_ahead_bytes_min = 128 << 10;
};

// Deliberate faults, for the tests that prove that the checkers see them. All off in production.
struct sequencer_faults {
  bool acknowledge_before_sync = false;
};

// Guarantees: a submission's events stand together and in order; a submitter hears of them only
// after they are durable and the views have them; decisions see the state of everything before
// them. A rule's firing stands behind the submission with the error that crosses its threshold.
// Errors: when the log fails, the append at work ends with that error, and with it the nursery; no
// submitter is acknowledged any more.
// Lifetime: outlives its submitters' coroutines.
// Threads: the engine strand.
class sequencer {
 public:
  sequencer(boost::asio::any_io_executor executor,
            durable_log& log,
            clock& time,
            projections::views views,
            sequencer_limits limits,
            sequencer_faults faults);

  // Appends facts; gives the sequence of the first.
  [[nodiscard]] async<sequence> append(drafts facts);
  [[nodiscard]] async<sequence> decide(decision command);

  // The commit loop; a child of the engine's nursery, as are the appends that it starts there.
  [[nodiscard]] async<void> run(nursery& appends);

  // As of their checkpoint, but for the alert windows: those have counted what is being appended,
  // too. A decision sees all of them as of one event.
  projections::views const& views() const { return views_; }
  // Whether nothing is being appended, so that all views are as of one event.
  bool is_at_rest() const { return at_work_.empty(); }
  // Puts views that were folded elsewhere, up to the log's end, in the place of those that it has.
  // Says which of them were in another state. Only at rest, which it is while a command is decided.
  projections::view_set replace_views(projections::view_set which, projections::views fresh);
  event_log const& log() const { return log_.log(); }

  // Rings at every step forward of the views, until it is removed.
  void add_listener(bell& listener) { listeners_.push_back(&listener); }
  void remove_listener(bell& listener) { std::erase(listeners_, &listener); }
  // For changes that the listeners look at and that are not in the log: what is at work just now.
  void ring_listeners();

 private:
  struct submission;
  using group = std::vector<std::shared_ptr<submission>>;
  struct commit_group;

  [[nodiscard]] async<sequence> submit(std::shared_ptr<submission> mine);
  [[nodiscard]] group take_group();
  void place(drafts& into, drafts events);
  bool may_take() const;
  [[nodiscard]] std::shared_ptr<commit_group> build(group members);
  [[nodiscard]] async<void> commit(std::shared_ptr<commit_group> built);
  // Counts a submission's errors and puts what fires behind it. Says whether all of it is about
  // records only.
  bool judge_alerts(commit_group& into, std::size_t first, alert_turn& turn);
  void publish(commit_group const& durable);
  void acknowledge(group const& members);

  boost::asio::any_io_executor executor_;
  durable_log& log_;
  clock& time_;
  projections::views views_;
  sequencer_limits limits_;
  sequencer_faults faults_;
  std::deque<std::shared_ptr<submission>> inbox_;
  std::size_t inbox_bytes_ = 0;
  std::deque<std::shared_ptr<commit_group>> at_work_;  // in the order of the log
  bell arrived_;
  std::vector<bell*>
      listeners_;  // rung in the order in which they came: a run must not depend on addresses
  sequence next_;
  instant last_time_;
};

// Hears the log step forward for as long as it lives.
struct listening {
  listening(sequencer& to, bell& with) : log(to), wake(with) { log.add_listener(wake); }
  ~listening() { log.remove_listener(wake); }
  listening(listening const&) = delete;
  listening& operator=(listening const&) = delete;
  sequencer& log;
  bell& wake;
};

}  // namespace dualwrite::engine
