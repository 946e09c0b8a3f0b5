// The log in memory, for tests and the simulator: the same blocks, chain and anchor as on disk, and
// a disk that can crash.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "events/store/anchor.h"
#include "events/store/blocks.h"
#include "events/store/event_log.h"
#include "events/store/opened_log.h"

namespace dualwrite {

// What is left on the disk of a log that crashed. Open to tampering: that is what tests do with it.
struct memory_disk {
  std::vector<std::shared_ptr<std::vector<std::byte> const>>
      blocks;  // in order; the last one may be torn
  std::optional<anchor> anchored;
};

// How much of what was written but not synced a crash leaves.
struct crash_point {
  std::size_t unsynced_bytes_kept = 0;  // blocks in order; may cut one in two
  bool power_lost = false;  // else only the process died, and the anchor is as it was written last
};

// Switches off what protects the log, so that tests can show that it is missed.
struct memory_checks {
  bool anchor = true;
};

// Guarantees: those of event_log, against a crash at any moment, where "stable" means what sync()
// was called for.
// Errors: those of event_log, and those that fail_next() asks for.
// Threads: those of event_log.
class memory_event_log final : public event_log, private block_source {
 public:
  explicit memory_event_log(log_id log);

  // Errors: `log_anchor_missing`, `log_behind_anchor`, `log_corrupt`, `log_newer_format`.
  [[nodiscard]] static result<opened<memory_event_log>> reopen(memory_disk disk,
                                                               memory_checks checks = {});

  [[nodiscard]] log_head head() const override;
  [[nodiscard]] result<log_head> append(std::span<encoded_event const> events,
                                        instant recorded_at,
                                        sequence expected,
                                        epoch writer) override;
  [[nodiscard]] std::unique_ptr<event_cursor> read(read_request request) const override;
  [[nodiscard]] result<sequence> first_at(instant when) const override;
  [[nodiscard]] result<log_head> head_at(sequence at) const override;
  [[nodiscard]] result<event_proof> prove(sequence at, sequence to) const override;
  [[nodiscard]] verify_report verify(sequence from = sequence{1}) const override;

  // The first half of append(): the block is in the system's cache, lost in a crash and invisible
  // to readers.
  [[nodiscard]] result<log_head> begin_append(std::span<encoded_event const> events,
                                              instant recorded_at,
                                              sequence expected);
  // The second half: all that was begun is stable, then visible, and the anchor is written; or of
  // that the oldest block only, of which there is one.
  [[nodiscard]] result<log_head> sync();
  [[nodiscard]] result<log_head> sync_next();
  // What a timer does at most 100 ms after sync(): makes the anchor itself stable.
  void sync_anchor();

  // The next append fails with `code`. After `log_write_failed` all later ones do; whether the
  // block got through shows in crash() and reopen() only.
  void fail_next(error_code code);

  [[nodiscard]] std::size_t unsynced_bytes() const;
  [[nodiscard]] memory_disk crash(crash_point at) const;

 private:
  using block_bytes = std::shared_ptr<std::vector<std::byte> const>;
  struct stored_block {
    block_bytes bytes;
    log_head end;
    std::vector<posting> postings;
  };
  struct posting_key {
    stream_id stream;
    sequence first;
    friend auto operator<=>(posting_key const&, posting_key const&) = default;
  };
  class walk_in_memory;

  [[nodiscard]] std::unique_ptr<block_walk> walk(scan_kind kind) const override;
  [[nodiscard]] sequence durable_head() const override;
  [[nodiscard]] result<bool> adopt(block_bytes bytes);
  void publish(stored_block block);
  [[nodiscard]] result<log_head> sync_blocks(std::size_t count);

  mutable std::shared_mutex guard_;
  log_head head_;     // as readers see it
  log_head written_;  // with what was begun
  std::map<sequence, block_bytes> blocks_;
  std::map<posting_key, sequence> postings_;
  std::vector<stored_block> unsynced_;
  anchor anchor_written_;
  anchor anchor_synced_;
  error_code next_failure_ = error_code::ok;
  bool failed_ = false;
};

}  // namespace dualwrite
