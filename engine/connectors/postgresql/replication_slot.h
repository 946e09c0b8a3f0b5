// A logical slot of a database: from where on the server keeps its log for us.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "engine/connectors/postgresql/connection.h"

namespace dualwrite::engine::postgresql {

// Places are bytes of the server's log from its first one on.
struct slot_state {
  bool is_there = false;
  bool is_lost = false;
  std::uint64_t restart = 0;    // where it is read from again, for transactions under way then
  std::uint64_t confirmed = 0;  // what was committed before is not given any more
  std::uint64_t head = 0;       // the end of what the server has on disk
  bool is_for_standbys = true;  // those of the server copy it, or it cannot tell them to
};

// Of the slot in this database that belongs to a publication of this name.
[[nodiscard]] result<std::string> slot_name(connection& on, std::string const& publication);
[[nodiscard]] result<slot_state> look_at_slot(connection& on, std::string const& slot);
// Where the server can (17 and later), so that its standbys copy it if they are told to. It makes
// one when all transactions of now have ended.
// Errors: `app_busy` where they had not by then.
[[nodiscard]] result<void> make_slot(connection& on,
                                     std::string const& slot,
                                     std::chrono::milliseconds longest);
[[nodiscard]] result<void> give_to_standbys(std::string const& url, std::string const& slot);
// The server ends a session a moment after its client has gone.
// Errors: `app_busy` where somebody else reads it.
[[nodiscard]] result<void> wait_until_free(connection& on, std::string const& slot);
// To where it is already, or further on.
// Errors: `app_busy` where the server waits for standbys before.
[[nodiscard]] result<void> advance_slot(connection& on, std::string const& slot, std::uint64_t to);

// As the server writes it.
[[nodiscard]] std::string print_place(std::uint64_t place);
// SQL for the number of what `expression` gives.
[[nodiscard]] std::string place_sql(std::string const& expression);

}  // namespace dualwrite::engine::postgresql
