// Whether the write-ahead files of a RocksDB folder are in the order of what they hold.
#pragma once

#include <filesystem>

#include "events/result.h"

namespace dualwrite {

// RocksDB takes files that have changed places for a fault of its own and ends the process while it
// opens; here they are an error like any other. Looks at the first record of each file only: at a
// damaged one RocksDB's own check sums say so.
// Errors: `log_corrupt`.
[[nodiscard]] result<void> check_wal_order(std::filesystem::path const& folder);

}  // namespace dualwrite
