#include "tests/simulation/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "events/codec.h"
#include "projections/delivery.h"
#include "tests/simulation/alert_check.h"

namespace dualwrite::simulation {
namespace {

using projections::lane_name;
using projections::map_way;

struct invariant_reader {
  struct capture {
    source_position at;
    bool open = false;  // inside a transaction of several parts
  };

  sequence now;
  std::string wrong;
  std::map<std::pair<link_id, side>, capture> captures;
  std::map<lane_name, batch_number> applied;
  std::map<lane_name, batch_number> echoed;
  std::map<map_way, std::set<sequence>> parked;
  // Maps at rest, and the batches of theirs that may still turn out to have been written.
  std::map<map_id, std::vector<BatchNamed>> resting;
  alert_check alerts;
  link_id after_echo;  // of the event before this one

  void say(std::string what) {
    if (wrong.empty()) wrong = fmt::format("{} (at {})", what, now.value);
  }

  // A commit of a source is taken once, and never behind a later one.
  void take(link_id link, side of, source_position at, bool begins, bool ends) {
    auto& last = captures[{link, of}];
    bool const later = at.incarnation == last.at.incarnation && at.commit > last.at.commit;
    bool const goes_on = last.open && at == last.at;
    if (begins ? !later : !goes_on)
      say(fmt::format("commit {} is captured after {}", at.commit, last.at.commit));
    last = {at, !ends};
  }
  void operator()(CaptureStarted const& e) {
    auto& last = captures[{e.link, e.of}];
    bool const goes_back =
        e.incarnation == last.at.incarnation && e.commit < last.at.commit && !last.open;
    if (goes_back) say("a capture begins behind what was captured");
    last = {{e.incarnation, e.commit}, false};
  }
  void operator()(RecordsCaptured const& e) {
    auto const& last = captures[{e.link, e.of}];
    if (e.kind != capture_kind::live) {
      if (e.incarnation != last.at.incarnation) say("rows are copied from another app");
      return;
    }
    // The rows of an echo that are the app's own follow its EchoSeen.
    bool const of_echo =
        last.at == source_position{e.incarnation, e.commit} && !last.open && after_echo == e.link;
    if (of_echo) {
      captures[{e.link, e.of}].open = !e.last;
      return;
    }
    take(e.link, e.of, {e.incarnation, e.commit}, e.first_index == 0, e.last);
  }
  void operator()(EchoSeen const& e) {
    take(e.link, target_of(e.way), {e.incarnation, e.commit}, true, true);
    after_echo = e.link;
    auto& last = echoed[{e.link, e.way, e.lane}];
    if (e.batch <= last) say(fmt::format("batch {} came back after {}", e.batch.value, last.value));
    last = e.batch;
  }
  void operator()(RecordsApplied const& e) {
    auto& last = applied[{e.link, e.way, e.lane}];
    if (e.batch.value != last.value + 1)
      say(fmt::format("batch {} follows {}", e.batch.value, last.value));
    last = e.batch;
    for (auto const& counts : e.maps) {
      auto const rest = resting.find(counts.map);
      if (rest == resting.end()) continue;
      bool const named =
          std::any_of(rest->second.begin(), rest->second.end(), [&](auto const& one) {
            return one.way == e.way && one.lane == e.lane && one.batch == e.batch;
          });
      if (!named) say(fmt::format("a batch of map {}, which rests", counts.map.value));
    }
  }
  void operator()(MapPaused const& e) { resting[e.map] = e.in_doubt; }
  void operator()(MapResumed const& e) { resting.erase(e.map); }
  void operator()(InitialSyncStarted const& e) { resting.erase(e.map); }
  void park(RecordParked const& e) {
    if (!parked[{e.map, e.way}].insert(e.record).second)
      say(fmt::format("{} is parked twice", e.record.value));
    if (e.record >= now) say("a record is parked before it was captured");
  }
  void release(map_id map, direction way, sequence record) {
    if (parked[{map, way}].erase(record) == 0)
      say(fmt::format("{} ends, but it was not parked", record.value));
  }
  void operator()(RecordParked const& e) { park(e); }
  void operator()(RecordSkipped const& e) {
    if (e.was_parked) release(e.map, e.way, e.record);
  }
  void operator()(RetrySucceeded const& e) { release(e.map, e.way, e.record); }
  void operator()(RetryFailed const& e) {
    if (!parked[{e.map, e.way}].contains(e.record)) say("a retry of a record that is not parked");
  }
  void operator()(ParkedDeleted const& e) {
    for (auto const& one : e.records) release(e.map, one.way, one.record);
  }
  void operator()(ParkedPurged const& e) {
    for (auto const& one : e.records) release(e.map, one.way, one.record);
  }
  void operator()(MapStopped const& e) {
    resting[e.map] = {};
    parked.erase({e.map, direction::left_to_right});
    parked.erase({e.map, direction::right_to_left});
  }
  void operator()(TargetRewound const& e) {
    for (auto const& reset : e.lanes) {
      lane_name const name{e.link, e.way, reset.lane};
      applied[name] = reset.batch;
      echoed[name] = std::min(echoed[name], reset.batch);
    }
    for (auto const& one : e.unparked) release(one.map, one.way, one.record);
    for (auto const& one : e.reparked) park(one);
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

std::string broken_invariant(event_log const& log) {
  invariant_reader reader;
  auto const cursor = log.read({sequence{1}, false, std::nullopt});
  while (reader.wrong.empty()) {
    auto const stored = cursor->next();
    if (!stored) return to_string(stored.error());
    if (!*stored) break;
    auto const event = decode(**stored);
    if (!event) return to_string(event.error());
    reader.now = event->at;
    std::visit(reader, event->body);
    if (auto const wrong = reader.alerts.fold(*event); !wrong.empty()) reader.say(wrong);
    if (event->as<EchoSeen>() == nullptr) reader.after_echo = {};
  }
  return reader.wrong;
}

}  // namespace dualwrite::simulation
