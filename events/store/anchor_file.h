// The anchor on disk, in a file of its own beside the log.
//
//   byte  size  (96 bytes, little-endian; one sector, so a power cut leaves the old or the new one)
//      0     8  magic "dwanchor"
//      8     2  format, 1
//     10     6  zero
//     16     8  log id
//     24     8  sequence of the log's head
//     32    32  chain digest there
//     64    32  SHA-256 of bytes 0 to 63
//
// Damage: a file whose digest does not hold is no anchor, and is refused like a missing one.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "events/store/anchor.h"

namespace dualwrite {

// Guarantees: after write() the anchor survives the death of the process; at most `sync_delay` and
// one sync later, and at the object's end, that of the machine.
// Errors: `folder_refused`; after a failed write or sync write() is false for ever, because what is
// on the disk is not known any more.
// Threads: write() from one; the syncs have a thread of their own.
class anchor_file {
 public:
  // Nothing where there is no file.
  // Errors: `log_anchor_missing` where it is damaged, `log_newer_format`.
  [[nodiscard]] static result<std::optional<anchor>> read(std::filesystem::path const& path);
  // Makes the file, durably, where it is missing.
  [[nodiscard]] static result<void> create(std::filesystem::path const& path, anchor const& first);
  [[nodiscard]] static result<std::unique_ptr<anchor_file>> open(std::filesystem::path const& path,
                                                                 duration sync_delay);
  anchor_file(anchor_file const&) = delete;
  anchor_file& operator=(anchor_file const&) = delete;
  ~anchor_file();

  [[nodiscard]] bool write(anchor const& current);

 private:
  anchor_file(int file, duration sync_delay);
  void sync_until_stopped(std::stop_token stop);

  int file_;
  duration sync_delay_;
  std::mutex guard_;
  std::condition_variable_any changed_;
  bool dirty_ = false;
  bool failed_ = false;
  std::jthread syncing_;  // last: it uses the others
};

}  // namespace dualwrite
