// The folder that holds a log on disk, and what one does with files so that a crash or a full disk
// leaves them in order.
//
//   lock              held by the one process that has the log open
//   anchor            events/store/anchor_file.h
//   ballast           room given up while the log opens: a full disk does not keep it closed
//   log/              the blocks and their index (RocksDB)
//   recovering/       a copy of log/ on which a recovery is tried; of no worth after a crash
//   backing-up/       a backup that is being made; of no worth after a crash
//   set-aside/        torn write-ahead logs, as they were found: after-<head>[-<n>]/
//   signing.key       events/store/head_key.h
//   views.snapshot    events/store/snapshot_file.h
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "events/ids.h"
#include "events/result.h"

namespace dualwrite {

// Errors: `folder_refused` with what the system said; `log_locked`.
// Lifetime: the lock is held as long as the object lives.
// Threads: any; free_bytes() is what the appender calls.
class log_folder {
 public:
  [[nodiscard]] static result<log_folder> lock(std::filesystem::path const& folder);
  log_folder(log_folder&& from) noexcept;
  log_folder& operator=(log_folder&&) = delete;
  ~log_folder();

  std::filesystem::path log() const { return path_ / "log"; }
  std::filesystem::path anchor() const { return path_ / "anchor"; }
  std::filesystem::path recovering() const { return path_ / "recovering"; }
  std::filesystem::path backing_up() const { return path_ / "backing-up"; }

  [[nodiscard]] bool has_log() const;
  [[nodiscard]] result<std::uint64_t> free_bytes() const;

  // Gives up the ballast, and takes it again: up to `bytes`, and less where the disk is nearly
  // full.
  [[nodiscard]] result<void> release_ballast() const;
  [[nodiscard]] result<void> take_ballast(std::uint64_t bytes) const;

  // Makes recovering/ a copy of log/. Table files never change once written and are linked, the
  // rest is copied.
  [[nodiscard]] result<void> copy_log() const;
  [[nodiscard]] result<void> drop_copy() const;

  // Makes backing-up/ an empty folder.
  [[nodiscard]] result<void> clear_scratch() const;

  // Copies the write-ahead logs to set-aside/, durably and whole or not at all; returns where.
  [[nodiscard]] result<std::filesystem::path> set_aside(sequence head) const;
  // What was set aside where the log ended at `head`.
  [[nodiscard]] std::optional<std::filesystem::path> set_aside_at(sequence head) const;

 private:
  log_folder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;
};

// Makes a new or renamed file's name durable.
// Errors: `folder_refused`.
[[nodiscard]] result<void> sync_folder(std::filesystem::path const& folder);

// `folder_refused` with the system's last error.
[[nodiscard]] error system_refused(std::string const& what);

}  // namespace dualwrite
