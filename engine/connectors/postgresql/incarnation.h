// Which life of which database a capture is of, and where that life has come to.
//
// A life is a database of a server on one of its timelines. A standby that is promoted goes on with
// a timeline of its own, as does a server that is restored to a point in time, and what was told of
// the former one need not be true of it. The place where it left the former one is in its history:
// where all that was read lies before, nothing of it is missing. Timelines are numbered, and two
// servers that leave the same one give theirs the same number: dualwrite.life gives each a name by
// chance.
#pragma once

#include <cstdint>
#include <string>

#include "engine/connectors/postgresql/connection.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

struct life {
  std::string database;  // the server's number, the database, and a name by chance
  std::string timeline;  // as the names of the server's log files begin
  std::uint64_t incarnation = 0;

  friend bool operator==(life const&, life const&) = default;
};

// Of a server with install() behind it; by a connection for replication, too.
[[nodiscard]] result<life> look_at_life(connection& on);

// Behind every commit that was made before the call.
[[nodiscard]] result<source_position> head_of(connection& on);

// Errors: `app_unreachable` where it leads to another one.
[[nodiscard]] result<void> check_same(connection& on, life const& of);

// Whether nothing of what is known, which is of another life, is missing in this one.
[[nodiscard]] result<bool> takes_over(connection& on,
                                      std::string const& url,
                                      life const& now,
                                      source_progress const& known);

}  // namespace dualwrite::engine::postgresql
