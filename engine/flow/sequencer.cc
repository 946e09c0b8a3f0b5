#include "engine/flow/sequencer.h"

#include <algorithm>
#include <utility>

#include "engine/decide/alert_decider.h"
#include "events/assert.h"

namespace dualwrite::engine {

namespace {

// Whether nothing that is decided on depends on the event: neither a map's status nor a request.
bool is_about_records(event_view const& event) {
  return event.as<RecordsCaptured>() != nullptr || event.as<RecordsApplied>() != nullptr ||
         event.as<EchoSeen>() != nullptr || event.as<RecordSkipped>() != nullptr ||
         event.as<RecordParked>() != nullptr || event.as<AttemptFailed>() != nullptr;
}

}  // namespace

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
      limits_(limits),
      faults_(faults),
      arrived_(executor),
      next_(log.log().head().at + 1),
      last_time_(log.log().head().recorded_at) {}

// Shared between its submitter and the group that holds it: a submitter may be cancelled, a group
// cannot be taken back.
struct sequencer::submission {
  explicit submission(boost::asio::any_io_executor executor) : ready(std::move(executor)) {}

  drafts facts;
  decision command;
  std::size_t bytes = 0;  // of the facts
  bool is_command = false;
  bool acknowledged = false;
  result<sequence> outcome{error{error_code::stopped}};
  bell ready;
};

async<sequence> sequencer::append(drafts facts) {
  auto mine = std::make_shared<submission>(executor_);
  mine->facts = std::move(facts);
  for (auto const& fact : mine->facts) mine->bytes += fact.bytes.size();
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
  inbox_bytes_ += mine->bytes;
  arrived_.ring();
  DW_CO_CHECK(co_await mine->ready.wait());
  co_return mine->outcome;
}

// What is appended together, until it is durable.
struct sequencer::commit_group {
  group members;
  drafts events;
  std::vector<event_view> decoded;  // each event in its place in the log
  instant when;
  sequence before;
  bool is_alone = false;  // what comes next is decided on the state behind it
};

async<void> sequencer::run(nursery& appends) {
  while (true) {
    if (!may_take()) {
      DW_CO_CHECK(co_await arrived_.wait());
      continue;
    }
    auto built = build(take_group());
    if (built->events.empty()) {
      acknowledge(built->members);
      continue;
    }
    at_work_.push_back(built);
    appends.start([this, built] { return commit(built); });
  }
}

// Facts about records need no state but that of the alert windows, which are ahead of the views. A
// command, and what follows one, sees the views of everything before it.
bool sequencer::may_take() const {
  if (inbox_.empty()) return false;
  if (at_work_.empty()) return true;
  return at_work_.size() < limits_.groups_at_work_max && !at_work_.back()->is_alone &&
         !inbox_.front()->is_command && inbox_bytes_ >= limits_.built_ahead_bytes_min;
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
    bytes += next->bytes;
    events += next->facts.size();
    if (!members.empty() && (bytes > limits_.group_bytes_max || events > limits_.group_events_max))
      break;
    members.push_back(next);
    inbox_bytes_ -= next->bytes;
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

std::shared_ptr<sequencer::commit_group> sequencer::build(group members) {
  auto built = std::make_shared<commit_group>();
  built->before = next_ - 1;
  last_time_ = std::max(last_time_, time_.now());
  built->when = last_time_;
  alert_turn turn;
  for (auto const& member : members) {
    built->is_alone = built->is_alone || member->is_command;
    if (member->is_command) {
      auto decided = member->command(views_);
      if (!decided) {
        member->outcome = std::move(decided).error();
        continue;
      }
      member->facts = std::move(*decided);
    }
    member->outcome = result<sequence>(next_);
    auto const first = built->events.size();
    place(built->events, std::move(member->facts));
    if (!judge_alerts(*built, first, turn)) built->is_alone = true;
  }
  built->members = std::move(members);
  if (faults_.acknowledge_before_sync) acknowledge(built->members);
  return built;
}

async<void> sequencer::commit(std::shared_ptr<commit_group> built) {
  shared_events events{built, &built->events};
  DW_CO_TRY(auto const head, co_await log_.append(std::move(events), built->when, built->before));
  DW_ASSERT(at_work_.front() == built);
  at_work_.pop_front();
  publish(*built);
  DW_ASSERT(head.at == views_.checkpoint);
  if (!faults_.acknowledge_before_sync) acknowledge(built->members);
  arrived_.ring();
  co_return result<void>{};
}

// The windows count in the order of the log, so that a rebuild has the same ones. Decoded events
// refer to the bytes of the drafts, which stay where they are when the group grows.
bool sequencer::judge_alerts(commit_group& into, std::size_t first, alert_turn& turn) {
  turn.fired.clear();
  std::vector<drafts> fired;
  bool only_records = true;
  auto const submitted = into.events.size();
  auto const count = [&](std::size_t i) {
    auto const& event = into.events[i];
    auto const at = (into.decoded.empty() ? into.before : into.decoded.back().last()) + 1;
    auto view = decode(stored_event{at, event.span, into.when, event.stream, event.bytes});
    DW_ASSERT(view.has_value());
    views_.alerts.fold(*view);
    only_records = only_records && is_about_records(*view);
    if (i < submitted) {
      for (auto& one : decide_alerts(views_.alerts, views_.status, *view, turn))
        fired.push_back(std::move(one));
    }
    into.decoded.push_back(std::move(*view));
  };
  for (auto i = first; i < submitted; ++i) count(i);
  for (auto& one : fired) place(into.events, std::move(one));
  for (auto i = submitted; i < into.events.size(); ++i) count(i);
  return only_records;
}

projections::view_set sequencer::replace_views(projections::view_set which,
                                               projections::views fresh) {
  DW_ASSERT(is_at_rest());
  return projections::replace_views(which, views_, std::move(fresh));
}

void sequencer::publish(commit_group const& durable) {
  for (auto const& event : durable.decoded) views_.fold_all_but_alerts(event);
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
