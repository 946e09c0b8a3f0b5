// The log's port: append, read, head. RocksDB is the embedded backend; the simulator and tests use
// memory. Nothing above it may ask for more, so that a replicated log can stand here one day.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "events/event_proof.h"
#include "events/result.h"
#include "events/stored_event.h"

namespace dualwrite {

// Where a log ends: sequence zero and a digest of zeros where it is empty.
struct log_head {
  log_id log;
  sequence at;
  digest chain{};
  instant recorded_at;  // of the last block

  friend bool operator==(log_head const&, log_head const&) = default;
};

// Where to read from, and which way. Forward starts at the first event that ends at or after
// `from`, backward at the last one that begins at or before it; a cursor on a stream gives that
// stream's events only, one on a correlation (which is not zero) the events that name it.
struct read_request {
  sequence from;
  bool backward = false;
  std::optional<stream_id> stream{};
  std::optional<sequence> correlation{};
};

// One reader's place in the log. It sees what was durable at each call, so a forward cursor that
// came to the end goes on when there is more.
//
// Errors: `log_corrupt` with the sequence where the bytes do not verify.
// Lifetime: outlived by its log; an event's bytes live until the next call of next().
// Threads: one cursor, one thread at a time; many cursors beside one writer are safe.
class event_cursor {
 public:
  virtual ~event_cursor() = default;
  // The next event, or nothing at the (present) end.
  [[nodiscard]] virtual result<std::optional<stored_event>> next() = 0;
};

struct verify_report {
  bool ok = true;
  log_head head;             // as far as the chain holds
  std::uint64_t events = 0;  // sequences seen
  sequence first_bad;        // zero where ok
  std::string reason;
};

// An append-only log of events with dense sequences, tamper evidence and one writer.
//
// Guarantees: append() returns after the events are on stable storage, whole and in order; after a
// crash the log is a prefix of what was appended that holds all that was acknowledged.
// Errors: after `log_write_failed` the log takes nothing more; end the process and open it again.
// Threads: append() from one thread at a time; the rest from any.
class event_log {
 public:
  virtual ~event_log() = default;

  [[nodiscard]] virtual log_head head() const = 0;

  // Appends one commit group as one block. `expected` is the head that the writer knows; `writer`
  // its epoch, which the embedded log ignores (a file lock keeps it single) and a replicated one
  // fences by.
  // Errors: `log_head_moved`, `log_write_failed`, `log_disk_reserve` (nothing was written).
  [[nodiscard]] virtual result<log_head> append(std::span<encoded_event const> events,
                                                instant recorded_at,
                                                sequence expected,
                                                epoch writer) = 0;

  [[nodiscard]] virtual std::unique_ptr<event_cursor> read(read_request request) const = 0;

  // The first event recorded at or after `when`; the sequence after the head where there is none.
  [[nodiscard]] virtual result<sequence> first_at(instant when) const = 0;

  // The chain digest at the end of the block that holds `at`, and that block's last sequence: what
  // a snapshot names so that it is never used on another log.
  [[nodiscard]] virtual result<log_head> head_at(sequence at) const = 0;

  // Shows that the event at `at` is under the chain digest of the block that holds `to`.
  // Errors: `sequence_not_found`; `proof_too_long` where more than `proof_links_max` blocks lie
  // between them.
  [[nodiscard]] virtual result<event_proof> prove(sequence at, sequence to) const = 0;

  // Reads and checks every block from `from` on: hashes, chain, dense sequences, index, anchor.
  [[nodiscard]] virtual verify_report verify(sequence from = sequence{1}) const = 0;
};

}  // namespace dualwrite
