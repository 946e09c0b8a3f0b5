// Reads a table in portions, each with the position in the server's log that it was read at.
#pragma once

#include <map>
#include <string>

#include "engine/connectors/postgresql/postgresql_schema.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

// A commit is in the server's log a moment before other sessions see it, so no place in the log is
// a snapshot's by itself. For as long as it takes to begin the snapshot and to ask for the place,
// `guard` keeps writers off the table: nothing of it is committed in between. A table that is never
// free of writers is waited for, shortly: they wait behind us.
//
// Errors: `app_busy` where a writer holds the table too long; those of connection.
// Threads: one at a time.
class chunk_reader {
 public:
  // The connections are to the same database each time.
  [[nodiscard]] result<chunk> read(connection& on, connection& guard, chunk_request const& request);

 private:
  struct known_table {
    table_facts facts;
    std::string shape;
  };
  [[nodiscard]] result<void> lock(connection& guard, std::string const& table);

  // What is known of them is looked at again, which is one question and not five.
  std::map<std::string, known_table> tables_;
};

}  // namespace dualwrite::engine::postgresql
