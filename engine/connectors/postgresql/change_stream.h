// Captures what is written to tables: a logical slot and a publication of ours, streamed.
//
// The slot keeps the server's log from the last acknowledged commit on. Where a capture goes on is
// compared with the slot first: a slot that is gone, that was made anew, that the server has given
// up, or that stands behind a position which nobody gave it, has lost changes, and no capture goes
// on from there.
//
// What other tables and databases of the server write lies in the same log. Where nothing of the
// tables came for a while the slot is moved past it, so that it is not kept for them; which part
// that was is said in dualwrite.quiet before, since no position in our log can tell.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/pgoutput.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

// Errors: those of source_app; `invalid_definition` where a table has no replica identity.
// Threads: one at a time; calls block, but read() does not wait for changes.
class change_stream {
 public:
  // `name` is that of the publication, and the slot's begin.
  change_stream(std::string url, std::string name) : url_(std::move(url)), name_(std::move(name)) {}

  [[nodiscard]] result<source_position> open(connection& on,
                                             std::vector<std::string> const& tables,
                                             std::optional<source_position> after);
  // Transactions that have arrived; nothing where there is none yet.
  // Errors: `table_changed` where a table is not as it was when the capture was opened.
  [[nodiscard]] result<std::vector<captured_transaction>> read(connection& on, std::size_t limit);
  [[nodiscard]] result<void> acknowledge(source_position captured);
  void close() { stream_.close(); }

  // Takes slot and publication out of the database.
  [[nodiscard]] result<void> remove(connection& on);

 private:
  struct slot_state;
  [[nodiscard]] result<slot_state> look(connection& on) const;
  [[nodiscard]] result<void> check_goes_on(connection& on,
                                           slot_state const& slot,
                                           source_position after) const;
  [[nodiscard]] result<bool> was_quiet(connection& on,
                                       slot_state const& slot,
                                       source_position after) const;
  [[nodiscard]] result<void> publish(connection& on,
                                     std::vector<table_facts> const& tables,
                                     bool goes_on);
  [[nodiscard]] result<std::string> slot_name(connection& on) const;
  [[nodiscard]] result<void> wait_until_free(connection& on) const;
  [[nodiscard]] result<void> stream_from(connection& on, std::uint64_t commit);
  [[nodiscard]] result<std::vector<captured_transaction>> receive(std::size_t limit);
  [[nodiscard]] result<std::optional<captured_transaction>> take_data(std::string_view message);
  [[nodiscard]] result<void> take_ping(std::string_view bytes);
  [[nodiscard]] result<void> answer_ping();
  [[nodiscard]] result<void> pass_quiet(connection& on);
  [[nodiscard]] result<void> report();

  std::string url_;
  std::string name_;
  connection stream_;
  std::optional<pgoutput_reader> reader_;
  std::uint64_t acknowledged_ = 0;  // by our log
  std::uint64_t given_ = 0;         // by read()
  std::uint64_t reached_ = 0;       // by the server, with nothing left to send before it
  std::uint64_t passed_ = 0;        // by the slot
  bool is_inside_ = false;          // a transaction is under way
  std::chrono::steady_clock::time_point pinged_at_;
  int pings_ = 0;
};

// Which life of which database this is.
[[nodiscard]] result<std::uint64_t> incarnation_of(connection& on);
// Behind every commit that was made before the call.
[[nodiscard]] result<source_position> head_of(connection& on);

}  // namespace dualwrite::engine::postgresql
