// Reads the records of one link direction from the log, in the order in which they were accepted:
// the one source of live delivery, of catching up and of resuming, which differ only in how far it
// is from the end.
#pragma once

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

// Items that follow each other: of one event where a source transaction was captured in several.
struct queued_unit {
  sequence position;  // where their source transaction ends
  std::vector<queued_item> items;
  bool ends = true;  // no source transaction is open behind it: a batch may end here
};

// Guarantees: of source transactions that were captured whole only, unit by unit without holding
// them; what an unfinished one brought before a CaptureStarted is left out, as it comes again.
// Deterministic: the same log gives the same items.
// Errors: `log_corrupt`, `event_malformed`.
// Lifetime: outlived by its log.
class record_cursor {
 public:
  // One call of next() reads at most so many events, and looks at as many that are to come.
  static constexpr std::size_t no_limit = ~std::size_t{0};
  record_cursor(event_log const& log,
                link_id link,
                direction way,
                app_id source,
                sequence behind,
                std::size_t events_max = no_limit);

  // The next unit of what is complete at `until`; nothing where there is no more (for now), or
  // where the limit was reached before: ended_early() tells then. With `may_go_ahead` a transaction
  // may begin of which it is not known whether it will ever be complete; was_void() tells as soon
  // as it is known that it will not, and what was given of it has to be given up.
  [[nodiscard]] result<std::optional<queued_unit>> next(sequence until, bool may_go_ahead = false);
  bool ended_early() const { return ended_early_; }
  bool was_void() const { return was_void_; }
  // Whether it is inside of such a transaction.
  bool is_ahead() const { return open_ == transaction::open; }
  // Whether next() has anything to read.
  [[nodiscard]] result<bool> has_more(sequence until);
  // Everything up to here was given, or is not of this direction; no source transaction is open
  // here.
  sequence position() const { return position_; }

 private:
  // An event may be looked at before it is taken.
  class reader {
   public:
    explicit reader(std::unique_ptr<event_cursor> from) : from_(std::move(from)) {}
    // The next event up to `until`.
    [[nodiscard]] result<stored_event const*> peek(sequence until);
    void pop() { held_.reset(); }

   private:
    std::unique_ptr<event_cursor> from_;
    std::optional<stored_event> held_;
  };
  enum class transaction : std::uint8_t { none, whole, unfinished, open };

  reader read_behind(sequence at) const;
  bool is_of_source(RecordsCaptured const& captured) const;
  // Whether the event can be taken: of a transaction that begins with it, it has to be known
  // whether it ends.
  [[nodiscard]] result<bool> is_ready(event_view const& event, sequence until, bool may_go_ahead);
  [[nodiscard]] result<std::optional<transaction>> look_ahead(sequence until);
  [[nodiscard]] result<void> take(event_view const& event);
  [[nodiscard]] result<void> take_live(event_view const& event, RecordsCaptured const& captured);
  [[nodiscard]] result<void> take_records(event_view const& event, RecordsCaptured const& captured);
  [[nodiscard]] std::optional<queued_unit> give(sequence position, bool ends);

  event_log const& log_;
  link_id link_;
  direction way_;
  app_id source_;
  std::size_t events_max_;
  bool ended_early_ = false;
  bool was_void_ = false;
  reader events_;
  // How far the end of the transaction at hand was looked for.
  std::optional<reader> ahead_;
  transaction open_ = transaction::none;
  sequence open_until_;  // where it ends
  bool gave_part_ = false;
  std::vector<queued_item> items_;
  std::uint32_t group_ = 0;
  sequence position_;
};

}  // namespace dualwrite::replay
