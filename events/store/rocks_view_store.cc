#include "events/store/rocks_view_store.h"

#include <mutex>

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include "events/endian.h"
#include "events/store/rocks_database.h"

namespace dualwrite {
namespace {

constexpr std::size_t buffer_bytes_all_views = 32 * 1024 * 1024;
constexpr std::size_t checkpoint_bytes = 44;

// Keeps views apart from the family that every database has.
std::string family_name(std::string_view name) {
  std::string whole = "view.";
  whole += name;
  return whole;
}

std::string const& checkpoint_key() {
  static std::string const key(1, '\0');
  return key;
}

std::string row_key(std::string_view key) {
  std::string whole(1, '\1');
  whole += key;
  return whole;
}

std::string encode(view_checkpoint const& checkpoint) {
  std::array<std::byte, checkpoint_bytes> bytes;
  store_little(bytes.data(), checkpoint.at.value);
  store_little(bytes.data() + 8, checkpoint.chain);
  store_little(bytes.data() + 40, checkpoint.version);
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

view_checkpoint decode_checkpoint(std::string const& text) {
  auto const* bytes = reinterpret_cast<std::byte const*>(text.data());
  return {sequence{load_little<std::uint64_t>(bytes)},
          load_little<digest>(bytes + 8),
          load_little<std::uint32_t>(bytes + 40)};
}

// Damage of a view is no damage of the log: it is folded again.
error view_error(rocksdb::Status const& status) {
  auto found = rocks_error(status);
  if (found.code == error_code::log_corrupt) found.code = error_code::view_corrupt;
  return found;
}

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.db_write_buffer_size = buffer_bytes_all_views;
  options.max_open_files = 256;
  options.max_background_jobs = 2;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions view_options() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = buffer_bytes_all_views / 4;
  options.compression = rocksdb::kLZ4Compression;
  return options;
}

rocksdb::WriteOptions unlogged() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return options;
}

}  // namespace

result<std::unique_ptr<rocks_view_store>> rocks_view_store::open(
    std::filesystem::path const& folder) {
  auto opened = open_whole(folder);
  if (opened || opened.error().code != error_code::view_corrupt) return opened;
  std::error_code failed;
  std::filesystem::remove_all(folder, failed);
  if (failed)
    return error{error_code::folder_refused, "Cannot remove damaged views: " + failed.message()};
  return open_whole(folder);
}

result<std::unique_ptr<rocks_view_store>> rocks_view_store::open_whole(
    std::filesystem::path const& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    return error{error_code::folder_refused, "Cannot make the views' folder: " + failed.message()};
  auto const options = database_options();
  std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName};
  if (std::filesystem::exists(folder / "CURRENT")) {
    auto const listed = rocksdb::DB::ListColumnFamilies(options, folder.string(), &names);
    if (!listed.ok()) return view_error(listed);
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (auto const& name : names) families.emplace_back(name, view_options());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  auto const status = rocksdb::DB::Open(options, folder.string(), families, &handles, &database);
  if (!status.ok()) return view_error(status);
  std::unique_ptr<rocks_view_store> store{new rocks_view_store};
  store->database_.reset(database);
  for (std::size_t i = 0; i < names.size(); ++i) store->families_[names[i]] = handles[i];
  return store;
}

rocks_view_store::~rocks_view_store() {
  // Without a write-ahead log, what is in memory goes to disk now, or is folded again.
  static_cast<void>(flush());
  for (auto const& [name, family] : families_) database_->DestroyColumnFamilyHandle(family);
}

rocksdb::ColumnFamilyHandle* rocks_view_store::find(std::string_view name) const {
  auto const found = families_.find(family_name(name));
  return found == families_.end() ? nullptr : found->second;
}

result<rocksdb::ColumnFamilyHandle*> rocks_view_store::find_or_make(std::string_view name) {
  if (auto* const family = find(name)) return family;
  rocksdb::ColumnFamilyHandle* made = nullptr;
  auto const status = database_->CreateColumnFamily(view_options(), family_name(name), &made);
  if (!status.ok()) return view_error(status);
  families_[family_name(name)] = made;
  return made;
}

result<std::optional<std::string>> rocks_view_store::read(std::string_view name,
                                                          std::string const& key) const {
  std::shared_lock const lock{guard_};
  auto* const family = find(name);
  if (family == nullptr) return std::optional<std::string>{};
  std::string value;
  auto const status = database_->Get({}, family, key, &value);
  if (status.IsNotFound()) return std::optional<std::string>{};
  if (!status.ok()) return view_error(status);
  return std::optional{std::move(value)};
}

result<std::optional<view_checkpoint>> rocks_view_store::load(std::string_view name,
                                                              std::uint32_t version) const {
  DW_TRY(auto const text, read(name, checkpoint_key()));
  if (!text) return std::optional<view_checkpoint>{};
  if (text->size() != checkpoint_bytes) return error{error_code::view_corrupt, std::string{name}};
  auto const checkpoint = decode_checkpoint(*text);
  return checkpoint.version == version ? std::optional{checkpoint} : std::nullopt;
}

result<std::optional<std::string>> rocks_view_store::get(std::string_view name,
                                                         std::string_view key) const {
  return read(name, row_key(key));
}

result<std::vector<view_row>> rocks_view_store::scan(std::string_view name,
                                                     std::string_view from,
                                                     std::size_t limit) const {
  std::shared_lock const lock{guard_};
  std::vector<view_row> page;
  auto* const family = find(name);
  if (family == nullptr) return page;
  std::unique_ptr<rocksdb::Iterator> const rows{database_->NewIterator({}, family)};
  for (rows->Seek(row_key(from)); rows->Valid() && page.size() < limit; rows->Next()) {
    page.push_back({rows->key().ToString().substr(1), rows->value().ToString()});
  }
  if (!rows->status().ok()) return view_error(rows->status());
  return page;
}

result<void> rocks_view_store::commit(std::string_view name,
                                      std::span<row_change const> changes,
                                      view_checkpoint const& checkpoint) {
  std::unique_lock lock{guard_};
  DW_TRY(auto* const family, find_or_make(name));
  lock.unlock();
  rocksdb::WriteBatch batch;
  auto status = batch.Put(family, checkpoint_key(), encode(checkpoint));
  for (auto const& change : changes) {
    if (!status.ok()) break;
    auto const key = row_key(change.key);
    status = change.row ? batch.Put(family, key, *change.row) : batch.Delete(family, key);
  }
  if (status.ok()) status = database_->Write(unlogged(), &batch);
  if (!status.ok()) return view_error(status);
  return {};
}

result<void> rocks_view_store::drop(std::string_view name) {
  std::unique_lock const lock{guard_};
  auto const found = families_.find(family_name(name));
  if (found == families_.end()) return {};
  auto const status = database_->DropColumnFamily(found->second);
  if (!status.ok()) return view_error(status);
  database_->DestroyColumnFamilyHandle(found->second);
  families_.erase(found);
  return {};
}

result<void> rocks_view_store::flush() {
  std::shared_lock const lock{guard_};
  std::vector<rocksdb::ColumnFamilyHandle*> all;
  for (auto const& [name, family] : families_) all.push_back(family);
  auto const status = database_->Flush({}, all);
  if (!status.ok()) return view_error(status);
  return {};
}

}  // namespace dualwrite
