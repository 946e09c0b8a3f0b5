#include "events/store/rocks_database.h"

#include <algorithm>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "events/block_layout.h"
#include "events/endian.h"
#include "events/store/rocks_walk.h"

namespace dualwrite {
namespace {

constexpr char blocks_name[] = "blocks";
constexpr char streams_name[] = "streams";

rocksdb::DBOptions database_options(rocks_recovery recovery, bool create) {
  rocksdb::DBOptions options;
  options.create_if_missing = create;
  options.create_missing_column_families = true;
  options.wal_recovery_mode = recovery == rocks_recovery::strict
                                  ? rocksdb::WALRecoveryMode::kAbsoluteConsistency
                                  : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // A strict opening needs no room on the disk; one up to the damage has to leave the damaged file
  // behind.
  options.avoid_flush_during_recovery = recovery == rocks_recovery::strict;
  // Both families go to disk together, so a damaged write-ahead log never leaves one ahead of the
  // other.
  options.atomic_flush = true;
  options.max_open_files = 256;
  options.max_background_jobs = 2;
  options.bytes_per_sync = 1024 * 1024;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(rocks_sizes sizes,
                                            std::shared_ptr<rocksdb::Cache> const& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 * 1024;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = sizes.write_buffer_bytes;
  options.max_write_buffer_number = 3;
  options.level_compaction_dynamic_level_bytes = true;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> families(rocks_sizes sizes) {
  auto const cache = rocksdb::NewLRUCache(sizes.cache_bytes);
  auto blocks = family_options(sizes, cache);
  blocks.compression = rocksdb::kNoCompression;  // the chunks are compressed
  auto streams = family_options(sizes, cache);
  streams.compression = rocksdb::kLZ4Compression;
  return {
      {rocksdb::kDefaultColumnFamilyName, streams}, {blocks_name, blocks}, {streams_name, streams}};
}

result<void> check_families(std::filesystem::path const& folder,
                            rocksdb::DBOptions const& options) {
  std::vector<std::string> names;
  auto const status = rocksdb::DB::ListColumnFamilies(options, folder.string(), &names);
  if (!status.ok()) return rocks_error(status);
  for (auto const& name : names) {
    bool const known =
        name == rocksdb::kDefaultColumnFamilyName || name == blocks_name || name == streams_name;
    if (!known) return error{error_code::log_newer_format, "It has a column family " + name + "."};
  }
  return {};
}

}  // namespace

error rocks_error(rocksdb::Status const& status) {
  auto const text = status.ToString();
  if (status.IsNoSpace()) return error{error_code::log_disk_reserve, text};
  if (status.IsIOError() && text.find("lock") != std::string::npos)
    return error{error_code::log_locked, text};
  // A file that the manifest names and that is not there is damage, too.
  if (status.IsIOError() && !status.IsPathNotFound())
    return error{error_code::folder_refused, text};
  return error{error_code::log_corrupt, text};
}

result<std::unique_ptr<rocks_database>> rocks_database::open(std::filesystem::path const& folder,
                                                             rocks_sizes sizes,
                                                             rocks_recovery recovery,
                                                             bool create) {
  auto const options = database_options(recovery, create);
  if (!create) DW_CHECK(check_families(folder, options));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  auto const status =
      rocksdb::DB::Open(options, folder.string(), families(sizes), &handles, &database);
  if (!status.ok()) return rocks_error(status);
  std::unique_ptr<rocks_database> opened{new rocks_database};
  opened->database_.reset(database);
  opened->default_ = handles[0];
  opened->blocks_ = handles[1];
  opened->streams_ = handles[2];
  return opened;
}

rocks_database::~rocks_database() {
  for (auto* handle : {default_, blocks_, streams_}) {
    if (handle != nullptr) database_->DestroyColumnFamilyHandle(handle);
  }
}

result<void> rocks_database::write(encoded_block const& block, std::span<posting const> postings) {
  rocksdb::WriteBatch batch{block.bytes.size() + 64 * (postings.size() + 1)};
  auto const key = block_key(block.header.first);
  rocksdb::Slice const value{reinterpret_cast<char const*>(block.bytes.data()), block.bytes.size()};
  auto status = batch.Put(blocks_, text(key), value);
  for (auto const& line : postings) {
    if (status.ok())
      status = batch.Put(streams_, text(posting_key(line.stream, line.first)), text(key));
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  if (status.ok()) status = database_->Write(options, &batch);
  if (!status.ok()) return error{error_code::log_write_failed, status.ToString()};
  return {};
}

std::unique_ptr<block_walk> rocks_database::walk(scan_kind kind) const {
  return make_rocks_walk(*database_, *blocks_, *streams_, kind);
}

result<std::optional<log_head>> rocks_database::last_head() const {
  auto const last = walk(scan_kind::single);
  DW_TRY(auto const bytes, last->block_at_or_before(sequence{UINT64_MAX}));
  if (!bytes) return std::optional<log_head>{};
  DW_TRY(auto const block, block_view::open(*bytes));
  auto const& header = block.header();
  return std::optional{log_head{header.log, header.last, header.chain, header.recorded_at}};
}

}  // namespace dualwrite
