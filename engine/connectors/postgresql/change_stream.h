// Captures what is written to tables: a logical slot and a publication of ours, streamed.
//
// The slot keeps the server's log from the last acknowledged commit on. Where a capture goes on is
// compared with the slot first: a slot that is gone, that was made anew, that the server has given
// up, or that stands behind a position which nobody gave it, has lost changes, and no capture goes
// on from there. Where the slot stands before what was captured, as after a loss of power, it is
// read from there, and the commit that was captured last has to come again: a server whose disks
// were set back has another history from some place on.
//
// A stream gives each row as soon as it can, and no faster than the server sends single rows. Where
// it is far behind, parts of the server's log are read by statements instead; which of both is
// looked at between transactions, and neither is seen in what is given.
//
// A server that was promoted goes on where it has all that was read from the former one. Any other
// server that answers meanwhile ends the capture.
//
// What other tables and databases of the server write lies in the same log. Where nothing of the
// tables came for a while the slot is moved past it, so that it is not kept for them; which part
// that was is said in dualwrite.quiet before, since no position in our log can tell.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/connectors/postgresql/captured_history.h"
#include "engine/connectors/postgresql/captured_life.h"
#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/pgoutput.h"
#include "engine/connectors/postgresql/replication_slot.h"
#include "engine/connectors/postgresql/slot_stretch.h"
#include "engine/connectors/postgresql/wal_stream.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

// Errors: those of source_app; `invalid_definition` where the replica identity of a table tells not
// what has to be known of its rows.
// Threads: one at a time; calls block, but read() does not wait for changes.
class change_stream {
 public:
  enum class way { closed, streamed, in_bulk };

  // `name` is that of the publication, and the slot's begin.
  change_stream(std::string url,
                std::string name,
                stretch_limits limits,
                std::chrono::milliseconds slot_wait)
      : url_(std::move(url)),
        name_(std::move(name)),
        limits_(limits),
        slot_wait_(slot_wait),
        life_(url_) {}

  // Publishes these tables, those that are captured among them.
  // Errors: `app_busy` where they cannot be captured yet.
  [[nodiscard]] result<void> prepare(connection& on, std::vector<std::string> const& tables);
  [[nodiscard]] result<source_position> open(connection& on,
                                             std::vector<captured_table> const& tables,
                                             std::optional<source_progress> known);
  // Transactions that have arrived; nothing where there is none yet.
  // Errors: `table_changed` where a table is not as it was when the capture was opened. Any error
  // closes the capture.
  [[nodiscard]] result<std::vector<captured_transaction>> read(connection& on, std::size_t limit);
  [[nodiscard]] result<void> acknowledge(source_position captured);
  void close();
  // The tables that the last error is about; none where it is about all.
  std::vector<std::string> const& lost_tables() const { return lost_; }
  way read_how() const { return how_; }
  // Which server it was opened on last.
  captured_life const& captured() const { return life_; }
  // When the transaction was committed that was read last, while there may be more to read; from
  // any thread.
  std::optional<instant> reading() const;
  // Readable when read() may have something to give that it had not; until the next call of any.
  [[nodiscard]] int socket() const;

  // Takes slot and publication out of the database.
  [[nodiscard]] result<void> end(connection& on);

 private:
  [[nodiscard]] result<void> check_goes_on(connection& on,
                                           slot_state const& slot,
                                           source_position after) const;
  [[nodiscard]] result<void> check_identities(connection& on,
                                              std::vector<table_facts> const& tables);
  // That each table is still the one that was captured, and never was out of the publication.
  [[nodiscard]] result<void> check_captured(connection& on,
                                            std::vector<std::string> const* only = nullptr);
  // Only between two transactions.
  [[nodiscard]] result<void> choose_how(connection& on);
  [[nodiscard]] result<void> go_on(connection& on);
  [[nodiscard]] result<bool> begin_part(connection& on);
  [[nodiscard]] result<slot_state> free_slot(connection& on, std::string const& slot);
  [[nodiscard]] result<void> stream_on(connection& on);
  [[nodiscard]] result<std::vector<captured_transaction>> receive(connection& on,
                                                                  std::size_t limit);
  [[nodiscard]] result<void> check_described(connection& on);
  // The bytes of one of the plug-in's messages, until the next call; nothing where none is there.
  [[nodiscard]] result<std::optional<std::string_view>> next_message();
  [[nodiscard]] result<std::optional<std::string_view>> message_in_part();
  [[nodiscard]] result<std::optional<captured_transaction>> take_data(connection& on,
                                                                      std::string_view message);
  [[nodiscard]] result<void> find_whole(connection& on, std::string_view message);
  [[nodiscard]] result<void> pass_quiet(connection& on);
  [[nodiscard]] result<void> report();
  // Every commit before it was given.
  std::uint64_t place() const { return std::max({given_, reached_, passed_}); }

  std::string url_;
  std::string name_;
  stretch_limits limits_;
  std::chrono::milliseconds slot_wait_;
  captured_life life_;
  way how_ = way::closed;
  wal_stream stream_;
  slot_stretch stretch_;
  bool is_bulk_refused_ = false;  // by the server: it streams until it is near
  std::uint64_t looks_at_ = 0;    // from here on it is looked how far behind the stream is
  std::atomic<std::int64_t> reading_us_ = 0;  // zero: all was read
  std::optional<pgoutput_reader> reader_;
  captured_history history_;
  std::uint64_t acknowledged_ = 0;  // by our log, or where it was opened
  std::uint64_t given_ = 0;         // by read()
  std::uint64_t reached_ = 0;       // by the server, with nothing left to send before it
  std::uint64_t passed_ = 0;        // by the slot
  std::uint64_t settled_ = 0;       // what the server may forget
  bool is_inside_ = false;          // a transaction is under way
  std::vector<std::string> lost_;
  std::chrono::steady_clock::time_point checked_at_;
};

}  // namespace dualwrite::engine::postgresql
