// Histories to measure with: a link between two apps with one map each way in step, whose left app
// writes and whose right app receives, as the engine would have written it down.
#pragma once

#include <cstdint>
#include <string>

#include "bench/rows.h"
#include "events/codec.h"
#include "events/store/event_log.h"

namespace dualwrite::bench {

struct history_options {
  std::uint64_t sequences = 10'000'000;  // at least so many
  std::uint32_t rows = 100;              // of a source transaction
  std::uint32_t parked_of_hundred = 0;   // so many records are refused once and retried
};

// Fills an empty log.
class history {
 public:
  history(event_log& log, history_options options) : log_(log), options_(options) {}
  // Errors: those of append().
  [[nodiscard]] result<void> write();

 private:
  [[nodiscard]] result<void> define();
  [[nodiscard]] result<void> deliver();
  void capture(record_packer const& records);
  sequence apply(sequence first, std::uint32_t count);
  void echo();
  void park_and_retry(sequence first, std::uint32_t count);
  sequence add(encoded_event event);
  [[nodiscard]] result<void> commit();

  template <class Event>
  sequence of_link(Event const& event, sequence cause = {}) {
    return add(draft({stream_kind::link, link_.value}, link_, event, {{}, {}, cause, {}}));
  }
  template <class Event>
  sequence of_map(Event const& event, sequence cause = {}) {
    return add(draft({stream_kind::map, map_.value}, link_, event, {{}, {}, cause, {}}));
  }

  event_log& log_;
  history_options options_;
  std::vector<encoded_event> group_;
  std::size_t group_bytes_ = 0;
  sequence next_{1};
  link_id link_;
  map_id map_;
  schema_id schema_;
  std::uint64_t commit_ = 0;
  row_maker rows_;
  batch_number batch_;
  sequence position_;
};

}  // namespace dualwrite::bench
