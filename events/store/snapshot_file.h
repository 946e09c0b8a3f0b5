// A saved state of the views on disk.
//
//   byte  size  (little-endian)
//      0     8  magic "dwviews\n"
//      8     2  format, 1
//     10     6  zero
//     16    32  digest of the program that made it
//     48     8  log id
//     56     8  sequence of the last event in it, the end of a block
//     64    32  chain digest there
//     96     8  length of the state
//    104        the state; then SHA-256 of all before it, 32 bytes
//
// It is a cache: what is damaged, of another program, another log or another past is no snapshot,
// and the views are folded from the log.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "events/store/event_log.h"

namespace dualwrite {

struct snapshot {
  digest program{};
  log_head head;  // without its time
  std::string state;
};

// Nothing where there is none that can be used.
[[nodiscard]] std::optional<snapshot> read_snapshot(std::filesystem::path const& path);
// Replaces the one that is there, whole or not at all.
// Errors: `folder_refused`; the old one is there then.
[[nodiscard]] result<void> write_snapshot(std::filesystem::path const& path, snapshot const& what);

// Of the program that runs: two builds may fold otherwise.
// Errors: `folder_refused`.
[[nodiscard]] result<digest> digest_of_program();

}  // namespace dualwrite
