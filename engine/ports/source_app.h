// The side of a link that is read.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/ports/async.h"
#include "engine/ports/lane.h"
#include "events/instant.h"
#include "events/record.h"
#include "events/table_schema.h"
#include "events/value.h"

namespace dualwrite::engine {

// One row change as the app made it. Images are row images of the table's schema
// (events/row_image.h); a value that the source does not send because it did not change is
// `unchanged`.
struct captured_row {
  std::string table;
  operation op = operation::insert;
  std::string before;  // may be empty, or hold the identity only, its other values `unchanged`
  std::string after;   // empty for a delete
};

// A committed transaction of the source, in commit order. A large one may be given in parts: one
// behind the other, nothing between them, with the same position and, from the first on, the same
// mark.
struct captured_transaction {
  source_position position;
  instant committed_at;
  std::vector<captured_row> rows;
  // Set where this is a batch that a lane of ours wrote (possibly with changes that the app's own
  // rules added to it).
  std::optional<batch_mark> mark;
  bool begins = true;
  bool ends = true;
};

// Rows with the position that they were read at: every commit up to `snapshot` is in them, none
// after it.
struct chunk {
  source_position snapshot;
  // Of all columns of the table, in the order of value::compare of their keys, or of the keys'
  // texts; a row with a NULL in its key is left out. There may be fewer than were asked for where
  // they are large.
  std::vector<row_values> rows;
  std::uint64_t form = 0;  // fingerprint of the table_schema that they are rows of
  bool last = true;        // nothing of what was asked for is behind it; else that is not known
};

// Where rows are large a chunk ends with the one that brings it to so many bytes: it is one event
// of the log, and held in memory.
inline constexpr std::size_t copied_bytes_max = std::size_t{8} << 20;

struct chunk_request {
  std::string table;
  std::vector<std::size_t> key;     // columns, in the order that the chunk is cut by
  std::set<std::size_t> by_text{};  // those of them whose values are put in order by their texts
  std::optional<row_values> after;  // key values that the chunk begins behind
  std::optional<row_values> until;  // and that none of its rows may be behind
  std::optional<row_values> only;   // key values of the one row that is wanted instead
  std::size_t limit = 1;
  // The chunks of one copy may be of one snapshot, which was taken for the first of them that was
  // asked for; zero: of one of its own.
  std::uint64_t copy = 0;
};

struct split_request {
  std::string table;
  std::vector<std::size_t> key;     // columns, as in chunk_request
  std::size_t parts = 1;            // about
  std::set<std::size_t> by_text{};  // as in chunk_request
};

// How a map uses a table; `key` names the columns of its integration key, `read` all that it needs
// of what is captured, `known_before` what it has to know of a row as it was before a change or a
// removal.
struct table_use {
  std::string table;
  std::vector<std::string> key;
  bool captured = false;
  bool written = false;
  std::vector<std::string> read{};
  std::vector<std::string> known_before{};
};
// What keeps the table from being used so, and what to do about it: each a sentence, or a statement
// to run in the app.
struct obstacle {
  std::string reason;
  std::string fix;
};

// A table that is captured; `known_before` names those of its columns that have to be known of a
// row as it was before a change or a removal.
struct captured_table {
  captured_table(char const* name) : table(name) {}
  captured_table(std::string name, std::vector<std::string> known = {})
      : table(std::move(name)), known_before(std::move(known)) {}

  std::string table;
  std::vector<std::string> known_before;
};

// What our log holds of a source.
struct source_progress {
  source_progress(source_position at, std::uint64_t chunks_upto = 0)
      : captured(at), read(chunks_upto) {}

  source_position captured;  // every commit up to it
  std::uint64_t read;        // the furthest snapshot of the same incarnation that a chunk was of
};

// How far a source is ahead of what was captured from it.
struct source_lag {
  std::uint64_t bytes = 0;  // of its own log, which it keeps for us
  // When the transaction was committed that is being read; nothing where none waits to be read.
  std::optional<instant> reading;
};

// Errors: `app_unreachable` and `app_busy` may heal by themselves; `source_rewound` and `slot_lost`
// do not: the source has lost what was captured from it, or what was not captured yet;
// `invalid_definition`: it tells not all of a table; `table_missing`; `table_changed`: open again.
// Lifetime: outlives every runner started on it.
// Threads: called on the engine strand only; an implementation may hop to the blocking pool inside.
class source_app {
 public:
  virtual ~source_app() = default;
  // Whether the app answers at all. Nothing in it is changed.
  [[nodiscard]] virtual async<void> check() = 0;

  [[nodiscard]] virtual async<table_schema> describe(std::string table) = 0;

  // The tables that rows of this one refer to, by each name that they may have for us; this one may
  // be among them.
  [[nodiscard]] virtual async<std::vector<std::string>> referred_tables(std::string table) = 0;

  // All that is known before the table is used.
  [[nodiscard]] virtual async<std::vector<obstacle>> find_obstacles(table_use use) = 0;

  // About how many rows a table has: to show how far a copy is.
  [[nodiscard]] virtual async<std::uint64_t> count_rows(std::string table) = 0;

  // Keys of the table, rising, that cut it into parts of about the same size, to be copied beside
  // each other. None where nothing is gained by that.
  [[nodiscard]] virtual async<std::vector<row_values>> split([[maybe_unused]] split_request wish) {
    co_return std::vector<row_values>{};
  }

  // Makes ready what open_capture() needs of these tables while others are captured, so that it
  // does not have to wait. `app_busy`: not yet, ask again.
  [[nodiscard]] virtual async<void> prepare_capture(
      [[maybe_unused]] std::vector<std::string> tables) {
    co_return result<void>{};
  }
  // Begins (again) to capture `tables`, behind what is known, or from now on where that is nothing.
  // Gives the position from which on every commit to these tables will be seen; commits up to it
  // are not given again.
  [[nodiscard]] virtual async<source_position> open_capture(
      std::vector<captured_table> tables, std::optional<source_progress> known) = 0;

  // Nothing is captured any more: what the app kept for that it may forget. No capture goes on
  // behind what was captured before. Called again where it is not known whether it was done.
  [[nodiscard]] virtual async<void> end_capture() = 0;

  // The next committed transactions or parts of them, at most `limit`, in commit order. Waits where
  // there is none, but no longer than `patience`: then it gives nothing. Transactions without rows
  // of the captured tables may be left out, but not those that carry a mark.
  [[nodiscard]] virtual async<std::vector<captured_transaction>> next(std::size_t limit,
                                                                      duration patience) = 0;

  // What is captured up to here is durable in our log: the source may forget it.
  [[nodiscard]] virtual async<void> acknowledge(source_position captured) = 0;

  [[nodiscard]] virtual async<chunk> read_chunk(chunk_request request) = 0;

  // Nothing where it is not captured, or keeps no log of its own.
  [[nodiscard]] virtual async<std::optional<source_lag>> lag() {
    co_return std::optional<source_lag>{};
  }

  // The tables that the loss is about that was told of last; none where it is about all.
  [[nodiscard]] virtual std::vector<std::string> lost_tables() const { return {}; }
};

}  // namespace dualwrite::engine
