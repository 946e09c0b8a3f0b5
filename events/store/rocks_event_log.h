// The log on disk: blocks in RocksDB, an anchor beside them, one process at a time.
//
// Opening is strict. Where the write-ahead log is torn, it is set aside untouched and recovered up
// to the damage; that is taken only if the log then still holds what the anchor says was
// acknowledged, and is reported, so that the caller appends LogTailTrimmed. Everything else is
// refused and leaves the files as they are. docs/log-format.md has the table.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "events/store/anchor_file.h"
#include "events/store/blocks.h"
#include "events/store/event_log.h"
#include "events/store/log_backup.h"
#include "events/store/log_folder.h"
#include "events/store/opened_log.h"
#include "events/store/rocks_database.h"
#include "events/store/work_pool.h"

namespace dualwrite {

struct rocks_log_options {
  // The id of the log that is made where the folder has none; nothing: a missing log is refused.
  std::optional<log_id> create;
  // Appends are refused before they would leave less free room than this.
  std::uint64_t reserve_bytes = 256 * 1024 * 1024;
  // Kept back for opening on a full disk; more than a recovery writes.
  std::uint64_t ballast_bytes = 96 * 1024 * 1024;
  duration anchor_sync_delay{50'000};
  rocks_sizes sizes;
};

// Guarantees: those of event_log.
// Errors: those of event_log.
// Lifetime: holds the folder's lock until its end.
// Threads: those of event_log; one more for the anchor, one per further core for the
// chunks, and those of RocksDB.
class rocks_event_log final : public event_log, private block_source {
 public:
  // Errors: `log_locked`, `log_missing`, `log_anchor_missing`, `log_behind_anchor`, `log_corrupt`,
  // `log_newer_format`, `log_disk_reserve`, `folder_refused`. The files are as they were, then.
  [[nodiscard]] static result<opened<rocks_event_log>> open(std::filesystem::path const& folder,
                                                            rocks_log_options const& options);

  [[nodiscard]] log_head head() const override;
  [[nodiscard]] result<log_head> append(std::span<encoded_event const> events,
                                        instant recorded_at,
                                        sequence expected,
                                        epoch writer) override;
  // append() in two steps, so that a block is encoded while the one before it is written. Blocks
  // are finished in the order in which they were begun; none is left out, and none is appended
  // otherwise meanwhile.
  // Threads: each step from one at a time; the two may be different ones.
  [[nodiscard]] result<indexed_block> begin_append(std::span<encoded_event const> events,
                                                   instant recorded_at,
                                                   sequence expected);
  [[nodiscard]] result<log_head> finish_append(indexed_block const& begun);

  [[nodiscard]] std::unique_ptr<event_cursor> read(read_request request) const override;
  [[nodiscard]] result<sequence> first_at(instant when) const override;
  [[nodiscard]] result<log_head> head_at(sequence at) const override;
  [[nodiscard]] result<event_proof> prove(sequence at, sequence to) const override;
  [[nodiscard]] verify_report verify(sequence from = sequence{1}) const override;

  // Makes a backup of everything that is durable, while appends and reads go on; appends wait only
  // while files are linked. `folder` is not there yet, or empty.
  // Errors: `backup_failed`, `folder_refused`; there is no backup then.
  // Threads: any; a second one at the same time is refused.
  [[nodiscard]] result<backup_report> backup(std::filesystem::path const& folder) const;

  // A log on a database alone, to look at: without folder and anchor it takes no appends.
  // Errors: `log_corrupt`, `log_newer_format`.
  [[nodiscard]] static result<std::unique_ptr<rocks_event_log>> inspect(
      std::unique_ptr<rocks_database> database, log_id log);
  // Goes on under another id, with `events` as its first block, LogForked before all; only for a
  // log to look at.
  [[nodiscard]] result<log_head> fork(log_id into,
                                      instant recorded_at,
                                      std::span<encoded_event const> events);

 private:
  rocks_event_log(std::unique_ptr<rocks_database> database, log_head head);
  [[nodiscard]] result<void> adopt(log_folder folder, rocks_log_options const& options);
  [[nodiscard]] result<void> check_room(std::span<encoded_event const> events) const;
  [[nodiscard]] std::unique_ptr<block_walk> walk(scan_kind kind) const override;
  [[nodiscard]] sequence durable_head() const override;

  std::optional<log_folder> folder_;  // first: its lock outlives the files
  std::uint64_t reserve_bytes_ = 0;
  std::unique_ptr<rocks_database> database_;
  std::unique_ptr<anchor_file> anchor_;
  std::unique_ptr<work_pool> pool_;
  std::atomic<bool> failed_ = false;
  log_head begun_;  // the end of the last block that was begun
  mutable std::mutex backing_up_;
  mutable std::mutex writing_;  // a write and a checkpoint exclude each other
  mutable std::mutex guard_;    // of the head, and of the anchor that says the same
  log_head head_;
  std::atomic<std::uint64_t> durable_;
};

}  // namespace dualwrite
