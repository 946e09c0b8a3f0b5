// Reads a table in portions, each with the position in the server's log that it was read at.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "engine/connectors/postgresql/postgresql_schema.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

// A commit is in the server's log a moment before other sessions see it, so no place in the log is
// a snapshot's by itself. It is where no transaction has ended from before the place was asked for
// until after the snapshot began, and nobody is writing to the table then: that is looked for, by
// `guard`. A table that is hardly ever free of writers is locked against them for that moment; but
// not where one has held it for a while, since the others would wait behind us for him.
//
// The chunks of one copy are read on from the same snapshot, by a cursor, for a while: not for
// long, since who alters the table waits for it, and others behind him. Where the server has to
// sort the rows, for longer. A cursor that nobody reads on from ends by the server's own clock.
//
// Errors: `app_busy` where a writer holds the table too long: ask again; those of connection.
// Threads: one at a time.
class chunk_reader {
 public:
  // A snapshot is read on from for `age`, or longer where it is dear to begin one.
  explicit chunk_reader(std::chrono::milliseconds age) : age_(age) {}

  // The connections are to the same database each time, and outlive it.
  [[nodiscard]] result<chunk> read(connection& on, connection& guard, chunk_request const& request);
  // Whether the rows asked for are those behind the last ones read.
  [[nodiscard]] bool goes_on(chunk_request const& request) const;

 private:
  struct known_table {
    table_facts facts;
    std::string shape;
  };
  struct open_cursor {
    transaction in;
    chunk_request next;  // what it stands at
    table_schema schema;
    source_position snapshot;
    std::chrono::steady_clock::time_point until;
    std::size_t row_bytes = 0;  // of the last ones, about; zero: not known
  };
  [[nodiscard]] result<void> hold(connection& guard, std::string const& table);
  [[nodiscard]] result<void> open(connection& on, connection& guard, chunk_request const& request);
  [[nodiscard]] result<chunk> go_on(connection& on, std::size_t limit);

  std::chrono::milliseconds age_;
  // What is known of them is looked at again, which is one question and not five.
  std::map<std::string, known_table> tables_;
  std::optional<open_cursor> cursor_;
};

// Keys of a table that cut it into parts of about the same size, from a sample of its pages.
[[nodiscard]] result<std::vector<row_values>> split_table(connection& on,
                                                          split_request const& wish);

// How many rows a table has: counted where it is small, else by a sample of its pages.
[[nodiscard]] result<std::uint64_t> about_how_many(connection& on, std::string const& table);

}  // namespace dualwrite::engine::postgresql
