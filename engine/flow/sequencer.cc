#include "engine/flow/sequencer.h"

#include <algorithm>
#include <utility>

#include "engine/decide/alert_decider.h"
#include "events/assert.h"

namespace dualwrite::engine {

sequencer::sequencer(boost::asio::any_io_executor executor,
                     durable_log& log,
                     clock& time,
                     projections::views views,
                     sequencer_limits limits,
                     sequencer_faults faults)
    : executor_(executor),
      log_(log),
      time_(time),
      views_(std::move(views)),
      alerts_(views_.alerts),
      limits_(limits),
      faults_(faults),
      arrived_(executor),
      counted_(log.log().head().at),
      next_(log.log().head().at + 1),
      last_time_(log.log().head().recorded_at) {}

// Shared between its submitter and the group that holds it: a submitter may be cancelled, a group
// cannot be taken back.
struct sequencer::submission {
  explicit submission(boost::asio::any_io_executor executor) : ready(std::move(executor)) {}

  drafts facts;
  decision command;
  bool is_command = false;
  bool acknowledged = false;
  result<sequence> outcome{error{error_code::stopped}};
  bell ready;
};

async<sequence> sequencer::append(drafts facts) {
  auto mine = std::make_shared<submission>(executor_);
  mine->facts = std::move(facts);
  co_return co_await submit(std::move(mine));
}

async<sequence> sequencer::decide(decision command) {
  auto mine = std::make_shared<submission>(executor_);
  mine->command = std::move(command);
  mine->is_command = true;
  co_return co_await submit(std::move(mine));
}

async<sequence> sequencer::submit(std::shared_ptr<submission> mine) {
  inbox_.push_back(mine);
  arrived_.ring();
  DW_CO_CHECK(co_await mine->ready.wait());
  co_return mine->outcome;
}

async<void> sequencer::run() {
  while (true) {
    if (inbox_.empty()) {
      DW_CO_CHECK(co_await arrived_.wait());
      continue;
    }
    auto members = take_group();
    DW_CO_CHECK(co_await commit(std::move(members)));
  }
}

// Facts go together as far as the limits allow. A command goes alone, so that it sees the state of
// all before it.
sequencer::group sequencer::take_group() {
  group members;
  std::size_t bytes = 0;
  std::size_t events = 0;
  while (!inbox_.empty()) {
    auto const& next = inbox_.front();
    if (next->is_command && !members.empty()) break;
    for (auto const& event : next->facts) bytes += event.bytes.size();
    events += next->facts.size();
    if (!members.empty() && (bytes > limits_.group_bytes_max || events > limits_.group_events_max))
      break;
    members.push_back(next);
    inbox_.pop_front();
    if (members.back()->is_command) break;
  }
  return members;
}

// Gives a submission's events their sequences; an event that makes a thing names it by its own.
void sequencer::place(drafts& into, drafts events) {
  auto const first = next_;
  for (auto& event : events) {
    settle_cause(event, first);
    if (event.stream.id == 0 && event.stream.kind != stream_kind::system)
      event.stream.id = next_.value;
    if (event.stream.kind == stream_kind::link && !event.link)
      event.link = link_id{event.stream.id};
    next_ = next_ + event.span;
    into.push_back(std::move(event));
  }
}

async<void> sequencer::commit(group members) {
  auto const expected = next_ - 1;
  last_time_ = std::max(last_time_, time_.now());
  auto const when = last_time_;
  alert_turn turn;
  drafts events;
  for (auto const& member : members) {
    if (member->is_command) {
      auto decided = member->command(views_);
      if (!decided) {
        member->outcome = std::move(decided).error();
        continue;
      }
      member->facts = std::move(*decided);
    }
    member->outcome = result<sequence>(next_);
    auto const first = events.size();
    place(events, std::move(member->facts));
    judge_alerts(events, first, turn);
  }
  if (faults_.acknowledge_before_sync) acknowledge(members);
  if (!events.empty()) {
    auto copy = events;
    DW_CO_TRY(auto const head, co_await log_.append(std::move(copy), when, expected));
    DW_ASSERT(head.at == next_ - 1);
    publish(events, when);
  }
  if (!faults_.acknowledge_before_sync) acknowledge(members);
  co_return result<void>{};
}

// A rule that crosses its threshold fires behind the submission with the error that crosses it,
// with its requests. The windows count in the order of the log, so that a rebuild has the same
// ones.
void sequencer::judge_alerts(drafts& events, std::size_t first, alert_turn& turn) {
  turn.fired.clear();
  std::vector<drafts> fired;
  auto const submitted = events.size();
  auto const count = [&](std::size_t i) {
    auto const& event = events[i];
    stored_event const stored{counted_ + 1, event.span, last_time_, event.stream, event.bytes};
    counted_ = stored.last();
    auto const view = decode(stored);
    DW_ASSERT(view.has_value());
    alerts_.fold(*view);
    if (i >= submitted) return;
    for (auto& one : decide_alerts(alerts_, views_.status, *view, turn))
      fired.push_back(std::move(one));
  };
  for (auto i = first; i < submitted; ++i) count(i);
  for (auto& one : fired) place(events, std::move(one));
  for (auto i = submitted; i < events.size(); ++i) count(i);
}

void sequencer::publish(drafts const& events, instant when) {
  auto at = views_.checkpoint + 1;
  for (auto const& event : events) {
    stored_event const stored{at, event.span, when, event.stream, event.bytes};
    auto const view = decode(stored);
    DW_ASSERT(view.has_value());
    views_.fold(*view);
    at = stored.last() + 1;
  }
  ring_listeners();
}

void sequencer::ring_listeners() {
  for (auto* listener : listeners_) listener->ring();
}

void sequencer::acknowledge(group const& members) {
  for (auto const& member : members) {
    if (std::exchange(member->acknowledged, true)) continue;
    member->ready.ring();
  }
}

}  // namespace dualwrite::engine
