// Views on disk: one RocksDB column family each, named `view.` and the view's name.
//
//   key 0x00           the checkpoint: sequence (8 bytes), chain digest (32), version (4),
//   little-endian key 0x01 || key    a row
// There is no write-ahead log. Rows and checkpoint of a view are in one family and so reach the
// disk together; what a crash takes is folded again from the event log.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <shared_mutex>

#include "events/store/view_store.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
}  // namespace rocksdb

namespace dualwrite {

// Guarantees, errors, threads: those of view_store. A folder that is damaged where its views cannot
// be told apart any more is emptied when it is opened.
class rocks_view_store final : public view_store {
 public:
  // Errors: `log_locked`, `log_disk_reserve`, `folder_refused`.
  [[nodiscard]] static result<std::unique_ptr<rocks_view_store>> open(
      std::filesystem::path const& folder);
  rocks_view_store(rocks_view_store const&) = delete;
  rocks_view_store& operator=(rocks_view_store const&) = delete;
  ~rocks_view_store() override;

  [[nodiscard]] result<std::optional<view_checkpoint>> load(std::string_view name,
                                                            std::uint32_t version) const override;
  [[nodiscard]] result<std::optional<std::string>> get(std::string_view name,
                                                       std::string_view key) const override;
  [[nodiscard]] result<std::vector<view_row>> scan(std::string_view name,
                                                   std::string_view from,
                                                   std::size_t limit) const override;
  [[nodiscard]] result<void> commit(std::string_view name,
                                    std::span<row_change const> changes,
                                    view_checkpoint const& checkpoint) override;
  [[nodiscard]] result<void> drop(std::string_view name) override;
  [[nodiscard]] result<void> flush() override;

 private:
  rocks_view_store() = default;
  [[nodiscard]] static result<std::unique_ptr<rocks_view_store>> open_whole(
      std::filesystem::path const& folder);
  [[nodiscard]] rocksdb::ColumnFamilyHandle* find(std::string_view name) const;
  [[nodiscard]] result<rocksdb::ColumnFamilyHandle*> find_or_make(std::string_view name);
  [[nodiscard]] result<std::optional<std::string>> read(std::string_view name,
                                                        std::string const& key) const;

  std::unique_ptr<rocksdb::DB> database_;
  mutable std::shared_mutex guard_;  // of the handles; held by whoever uses one
  std::map<std::string, rocksdb::ColumnFamilyHandle*, std::less<>> families_;
};

}  // namespace dualwrite
