// The views' port: named tables of rows, each with the place in the log up to which it is true.
// Deleting all of it loses nothing: the log has it all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/hash_chain.h"
#include "events/ids.h"
#include "events/result.h"

namespace dualwrite {

// Up to which event a view is true, of which log (the chain digest there, as event_log::head_at()
// gives it), and by which version of its fold.
struct view_checkpoint {
  sequence at;
  digest chain{};
  std::uint32_t version = 0;

  friend bool operator==(view_checkpoint const&, view_checkpoint const&) = default;
};

struct view_row {
  std::string key;
  std::string row;

  friend bool operator==(view_row const&, view_row const&) = default;
};

// A row's new bytes, or nothing where it is removed.
struct row_change {
  std::string key;
  std::optional<std::string> row;
};

// Guarantees: a commit is taken whole or not at all, also by a crash; a crash may set a view back
// to an earlier commit, but never behind one that flush() was called after. Keys are ordered by
// their bytes.
// Errors: `view_corrupt` where a view's bytes cannot be read: drop it and fold it again;
// `folder_refused`, `log_disk_reserve`.
// Threads: commit(), drop() and flush() from one thread at a time, the rest from any.
class view_store {
 public:
  virtual ~view_store() = default;

  // Nothing where there is no such view, or it is of another version of the fold: drop it then.
  [[nodiscard]] virtual result<std::optional<view_checkpoint>> load(
      std::string_view name, std::uint32_t version) const = 0;
  [[nodiscard]] virtual result<std::optional<std::string>> get(std::string_view name,
                                                               std::string_view key) const = 0;
  // At most `limit` rows in order, the first at or after `from`.
  [[nodiscard]] virtual result<std::vector<view_row>> scan(std::string_view name,
                                                           std::string_view from,
                                                           std::size_t limit) const = 0;
  // Makes the view where it is missing. Of several changes of one key the last one counts.
  [[nodiscard]] virtual result<void> commit(std::string_view name,
                                            std::span<row_change const> changes,
                                            view_checkpoint const& checkpoint) = 0;
  [[nodiscard]] virtual result<void> drop(std::string_view name) = 0;
  [[nodiscard]] virtual result<void> flush() = 0;
};

}  // namespace dualwrite
