// Who writes to a table just now, and whom our writes wait for: a transaction holds its lock on a
// table from its first write to it until its end can be seen by others.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/connectors/postgresql/connection.h"

namespace dualwrite::engine::postgresql {

// Their virtual transactions; of the table or one of its partitions.
[[nodiscard]] result<std::vector<std::string>> writers_of(connection& on, std::uint64_t object);

// Waits until they are over, but no longer than that: then one that is not, in words.
[[nodiscard]] result<std::optional<std::string>> await_end(connection& on,
                                                           std::vector<std::string> const& writers,
                                                           std::chrono::milliseconds longest);

// In words: another session that one of ours has waited for longer than a second; empty where there
// is none.
[[nodiscard]] result<std::string> who_blocks_us(connection& on);

// SQL for the virtual transactions that write to the table of the number that `object` gives.
[[nodiscard]] std::string writers_sql(std::string_view object);

}  // namespace dualwrite::engine::postgresql
