// Events one after the other, as a log would have them, and the views folded from them.
#pragma once

#include <string>
#include <vector>

#include "projections/views.h"

namespace dualwrite {

// Each event gets the next sequence and a moment a second after the one before.
class story {
 public:
  // The sequence of the event.
  template <class Event>
  sequence tell(stream_id stream, Event const& event, std::uint32_t span = 1) {
    events_.push_back(draft(stream, link, event));
    spans_.push_back(span);
    return fold(events_.size() - 1, views);
  }
  template <class Event>
  sequence tell_from(stream_id stream, Event const& event, origin const& from) {
    events_.push_back(draft(stream, link, event, from));
    spans_.push_back(1);
    return fold(events_.size() - 1, views);
  }
  template <class Event>
  sequence of_map(Event const& event) {
    return tell({stream_kind::map, map.value}, event);
  }
  template <class Event>
  sequence of_link(Event const& event, std::uint32_t span = 1) {
    return tell({stream_kind::link, link.value}, event, span);
  }
  // Two apps, a link and a map that is kept in step; the map has a place in both directions.
  void begin() {
    tell({}, AppRegistered{"left", "memory"});
    tell({}, AppRegistered{"right", "memory"});
    link =
        link_id{tell({stream_kind::link, 0}, LinkCreated{"erp-crm", app_id{1}, app_id{2}}).value};
    map = map_id{tell({stream_kind::map, 0}, MapCreated{link, "customers", "{}"}).value};
  }
  // Captured records of one transaction of the left app; gives the first one's sequence.
  sequence capture(std::uint32_t count) {
    RecordsCaptured captured;
    captured.link = link;
    captured.commit = ++commit_;
    captured.tables = {{schema, count}};
    captured.count = count;
    return of_link(captured, count);
  }
  sequence park(sequence record, std::string const& key, park_state state = park_state::failed) {
    RecordParked parked;
    parked.map = map;
    parked.record = record;
    parked.state = state;
    parked.kind = fault_class::application;
    parked.code = "CHECK";
    parked.key = blob{key};
    return of_map(parked);
  }

  // The views of the same events, folded anew.
  projections::views folded_again() {
    projections::views out;
    last_ = {};
    for (std::size_t i = 0; i < events_.size(); ++i) fold(i, out);
    return out;
  }

  link_id link;
  map_id map;
  schema_id schema{77};
  projections::views views;

 private:
  sequence fold(std::size_t at, projections::views& into) {
    auto const& event = events_[at];
    stored_event stored;
    stored.at = last_ + 1;
    stored.span = spans_[at];
    stored.recorded_at = {static_cast<std::int64_t>(at + 1) * 1'000'000};
    stored.stream = event.stream;
    stored.bytes = {event.bytes.data(), event.bytes.size()};
    auto const view = decode(stored);
    into.fold(*view);
    last_ = view->last();
    return view->at;
  }

  std::vector<encoded_event> events_;
  std::vector<std::uint32_t> spans_;
  std::uint64_t commit_ = 0;
  sequence last_;
};

}  // namespace dualwrite
