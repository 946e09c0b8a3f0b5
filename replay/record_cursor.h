// Reads the records of one link direction from the log, in the order in which they were accepted:
// the one source of live delivery, of catching up and of resuming, which differ only in how far it
// is from the end.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "events/codec.h"
#include "events/store/event_log.h"

namespace dualwrite::replay {

// One record, ready to be prepared. Its images are views into `pack`.
struct queued_record {
  sequence at;
  capture_kind kind = capture_kind::live;
  map_id map;  // zero: for every map of the table
  schema_id schema;
  operation op = operation::insert;
  std::string_view before, after;
  sequence cause;
  source_position position;
  instant committed_at;
  std::uint32_t group = 0;  // records of one source transaction share it
  std::shared_ptr<std::string const> pack;
};

// The winner of a conflict on its way to the side where it was overwritten.
struct queued_resolution {
  sequence at;
  map_id map;
  sequence winner;
  instant committed_at;
  bool removes = false;
  std::string key;
  std::string image;
  schema_id schema;
  bool crosses = false;  // the winner was made on the other side: its record says what to write
  bool undoes = false;   // `winner` names the loser: its row becomes again what it was before
};

// A batch that the other direction wrote was seen on the side that this direction reads.
struct passed_echo {
  sequence at;
  lane_id lane;
  batch_number batch;
};

using queued_item = std::variant<queued_record, queued_resolution, passed_echo>;

// Items up to a place at which no source transaction is open: a batch may end behind it.
struct queued_unit {
  sequence position;
  std::vector<queued_item> items;
};

// Guarantees: whole source transactions only; what an unfinished one brought before a
// CaptureStarted is left out, as it comes again. Deterministic: the same log gives the same units.
// Errors: `log_corrupt`, `event_malformed`.
// Lifetime: outlived by its log.
class record_cursor {
 public:
  record_cursor(event_log const& log, link_id link, direction way, app_id source, sequence behind);

  // The next unit up to and with `until`, or nothing where the log ends (for now).
  [[nodiscard]] result<std::optional<queued_unit>> next(sequence until);
  // Everything up to here was given, or is not of this direction.
  sequence position() const { return position_; }

 private:
  result<void> take(event_view const& event);
  result<void> take_records(event_view const& event, RecordsCaptured const& captured);
  void void_open_transaction();

  link_id link_;
  direction way_;
  app_id source_;
  std::unique_ptr<event_cursor> events_;
  std::deque<queued_item> items_;
  bool open_ = false;
  std::uint32_t group_ = 0;
  sequence position_;
};

}  // namespace dualwrite::replay
