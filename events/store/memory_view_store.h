// Views in memory, for tests and the simulator.
#pragma once

#include <map>
#include <shared_mutex>

#include "events/store/view_store.h"

namespace dualwrite {

// Guarantees, errors, threads: those of view_store.
class memory_view_store final : public view_store {
 public:
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

  // Sets every view back to the last flush().
  void crash();

 private:
  struct view {
    std::map<std::string, std::string, std::less<>> rows;
    view_checkpoint checkpoint;
  };
  using views = std::map<std::string, view, std::less<>>;

  mutable std::shared_mutex guard_;
  views now_;
  views flushed_;
};

}  // namespace dualwrite
