#include "events/store/memory_view_store.h"

#include <mutex>

namespace dualwrite {

result<std::optional<view_checkpoint>> memory_view_store::load(std::string_view name,
                                                               std::uint32_t version) const {
  std::shared_lock const lock{guard_};
  auto const found = now_.find(name);
  bool const usable = found != now_.end() && found->second.checkpoint.version == version;
  return usable ? std::optional{found->second.checkpoint} : std::nullopt;
}

result<std::optional<std::string>> memory_view_store::get(std::string_view name,
                                                          std::string_view key) const {
  std::shared_lock const lock{guard_};
  auto const found = now_.find(name);
  if (found == now_.end()) return std::optional<std::string>{};
  auto const row = found->second.rows.find(key);
  return row == found->second.rows.end() ? std::nullopt : std::optional{row->second};
}

result<std::vector<view_row>> memory_view_store::scan(std::string_view name,
                                                      std::string_view from,
                                                      std::size_t limit) const {
  std::shared_lock const lock{guard_};
  std::vector<view_row> page;
  auto const found = now_.find(name);
  if (found == now_.end()) return page;
  auto const& rows = found->second.rows;
  for (auto row = rows.lower_bound(from); row != rows.end() && page.size() < limit; ++row) {
    page.push_back({row->first, row->second});
  }
  return page;
}

result<void> memory_view_store::commit(std::string_view name,
                                       std::span<row_change const> changes,
                                       view_checkpoint const& checkpoint) {
  std::unique_lock const lock{guard_};
  auto& table = now_[std::string{name}];
  for (auto const& change : changes) {
    if (change.row) {
      table.rows[change.key] = *change.row;
    } else {
      table.rows.erase(change.key);
    }
  }
  table.checkpoint = checkpoint;
  return {};
}

result<void> memory_view_store::drop(std::string_view name) {
  std::unique_lock const lock{guard_};
  now_.erase(std::string{name});
  // On disk, too, a dropped view does not come back.
  flushed_.erase(std::string{name});
  return {};
}

result<void> memory_view_store::flush() {
  std::unique_lock const lock{guard_};
  flushed_ = now_;
  return {};
}

void memory_view_store::crash() {
  std::unique_lock const lock{guard_};
  now_ = flushed_;
}

}  // namespace dualwrite
