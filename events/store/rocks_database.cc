#include "events/store/rocks_database.h"

#include <algorithm>
#include <limits>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include "events/block_layout.h"
#include "events/endian.h"
#include "events/store/rocks_walk.h"

namespace dualwrite {
namespace {

constexpr char blocks_name[] = "blocks";
constexpr char streams_name[] = "streams";
constexpr char index_key[] = "index";
constexpr char index_version[] = "\2";

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

rocksdb::Status put_postings(rocksdb::WriteBatch& batch,
                             rocksdb::ColumnFamilyHandle& streams,
                             std::span<posting const> postings) {
  rocksdb::Status status;
  for (auto const& line : postings) {
    if (!status.ok()) break;
    auto const key = posting_key(line.stream, line.first);
    status = batch.Put(&streams, text(key), text(block_key(line.block)));
  }
  return status;
}

rocksdb::Status put_block(rocksdb::WriteBatch& batch,
                          rocksdb::ColumnFamilyHandle& blocks,
                          sequence first,
                          bytes_view bytes) {
  rocksdb::Slice const value{reinterpret_cast<char const*>(bytes.data()), bytes.size()};
  return batch.Put(&blocks, text(block_key(first)), value);
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

result<void> rocks_database::write(indexed_block const& written) {
  auto const& [block, postings] = written;
  rocksdb::WriteBatch batch{block.bytes.size() + 64 * (postings.size() + 1)};
  auto status = put_block(batch, *blocks_, block.header.first, block.bytes);
  if (status.ok()) status = put_postings(batch, *streams_, postings);
  rocksdb::WriteOptions options;
  options.sync = true;
  if (status.ok()) status = database_->Write(options, &batch);
  if (!status.ok()) return error{error_code::log_write_failed, status.ToString()};
  return {};
}

result<void> rocks_database::complete_index() {
  std::string version;
  auto const found = database_->Get({}, default_, index_key, &version);
  if (!found.ok() && !found.IsNotFound()) return rocks_error(found);
  if (version == index_version) return {};
  if (!version.empty()) return error{error_code::log_newer_format, "Its index is a later one."};
  auto const blocks = walk(scan_kind::sequential);
  chunk_reader reader;
  for (sequence next{1};;) {
    DW_TRY(auto const bytes, blocks->block_at_or_after(next));
    if (!bytes) break;
    DW_TRY(auto const block, block_view::open(*bytes));
    DW_TRY(auto const postings, postings_of(block, reader));
    rocksdb::WriteBatch batch;
    auto status = put_postings(batch, *streams_, postings);
    if (status.ok()) status = database_->Write({}, &batch);
    if (!status.ok()) return rocks_error(status);
    next = block.header().last + 1;
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  auto const marked = database_->Put(synced, default_, index_key, index_version);
  if (!marked.ok()) return rocks_error(marked);
  return {};
}

result<void> rocks_database::take_sound_blocks(rocks_database const& from) {
  auto const blocks = from.walk(scan_kind::sequential);
  chunk_reader reader;
  std::optional<block_header> before;
  while (true) {
    auto const bytes = blocks->block_at_or_after(before ? before->last + 1 : sequence{1});
    if (!bytes || !*bytes) break;
    auto const block = block_view::open(**bytes);
    if (!block || (before && !check_order(*before, *block))) break;
    auto const postings = postings_of(*block, reader);
    if (!postings || (!before && block->header().first != sequence{1})) break;
    rocksdb::WriteBatch batch;
    auto status = put_block(batch, *blocks_, block->header().first, **bytes);
    if (status.ok()) status = put_postings(batch, *streams_, *postings);
    if (status.ok()) status = database_->Write({}, &batch);
    if (!status.ok()) return rocks_error(status);
    before = block->header();
  }
  return flush();
}

result<void> rocks_database::flush() {
  auto const status = database_->Flush({}, {default_, blocks_, streams_});
  if (!status.ok()) return rocks_error(status);
  return {};
}

result<void> rocks_database::checkpoint(std::filesystem::path const& folder) {
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(database_.get(), &made);
  std::unique_ptr<rocksdb::Checkpoint> const checkpoint{made};
  // The write-ahead log is copied, whatever its length: flushing it here would take the time that
  // writers wait.
  constexpr auto never = std::numeric_limits<std::uint64_t>::max();
  if (status.ok()) status = checkpoint->CreateCheckpoint(folder.string(), never);
  if (!status.ok()) return rocks_error(status);
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
