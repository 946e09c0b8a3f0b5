// RocksDB as the log uses it. Its headers stay in the source files.
//
// Column family `blocks`: key = sequence of the block's first event, 8 bytes big-endian; value =
// the block (events/block.h). Column family `streams`: key = stream kind (1 byte), stream id,
// sequence of the stream's first event in the block (8 bytes each, big-endian); value = the block's
// key. One per stream and block; of correlations likewise, under the kind 255. Column family
// `default`: key "index"; value = 1 byte, the version of what `streams` holds, at present 2: a log
// without it, or with less, gets its index made anew.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "events/store/blocks.h"
#include "events/store/event_log.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Status;
}  // namespace rocksdb

namespace dualwrite {

struct rocks_sizes {
  std::size_t write_buffer_bytes = 32 * 1024 * 1024;
  std::size_t cache_bytes = 16 * 1024 * 1024;
};

enum class rocks_recovery : std::uint8_t {
  strict,        // any damage in the write-ahead log refuses
  up_to_damage,  // takes what is before the damage
};

// A block as it is written.
struct indexed_block {
  encoded_block block;
  std::vector<posting> postings;
};

// Errors: `log_corrupt`, `log_locked`, `log_newer_format` (column families of a later release),
// `log_disk_reserve`, `folder_refused`.
// Threads: write() from one, the rest from any.
class rocks_database {
 public:
  [[nodiscard]] static result<std::unique_ptr<rocks_database>> open(
      std::filesystem::path const& folder, rocks_sizes sizes, rocks_recovery recovery, bool create);
  rocks_database(rocks_database const&) = delete;
  rocks_database& operator=(rocks_database const&) = delete;
  ~rocks_database();

  // Writes a block and its postings together; they are on stable storage when it returns.
  [[nodiscard]] result<void> write(indexed_block const& written);
  // Makes the index of blocks that an earlier release wrote, where that is not done yet.
  [[nodiscard]] result<void> complete_index();
  // Takes over the blocks of another database, from the first on and as far as they are sound, and
  // makes their index. This one is empty.
  // Errors: those of writing; damage in `from` is the end of what is taken.
  [[nodiscard]] result<void> take_sound_blocks(rocks_database const& from);
  // Writes what is in memory to table files, so that a checkpoint has little left to copy.
  [[nodiscard]] result<void> flush();
  // Makes `folder`, which is not there yet, a database with everything that was written. No
  // write() meanwhile: its record could be cut in two.
  [[nodiscard]] result<void> checkpoint(std::filesystem::path const& folder);
  [[nodiscard]] std::unique_ptr<block_walk> walk(scan_kind kind) const;
  // The end of the last block; nothing where there is none.
  [[nodiscard]] result<std::optional<log_head>> last_head() const;

 private:
  rocks_database() = default;

  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::ColumnFamilyHandle* default_ = nullptr;
  rocksdb::ColumnFamilyHandle* blocks_ = nullptr;
  rocksdb::ColumnFamilyHandle* streams_ = nullptr;
};

[[nodiscard]] error rocks_error(rocksdb::Status const& status);

}  // namespace dualwrite
