// What a server's log and ours have in common: the commit that was captured last, and parts in
// which there is nothing to capture.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/connectors/postgresql/connection.h"

namespace dualwrite::engine::postgresql {

// Part of the server's log in which nothing of the captured tables was committed, as
// dualwrite.quiet has it of a slot. Where a capture began is such a part, too: that place is no
// commit. A slot of which nothing is known was made before that was so.
struct quiet_part {
  std::uint64_t begin = 0, end = 0;
  bool has(std::uint64_t place) const { return begin <= place && place <= end; }
};
[[nodiscard]] result<std::optional<quiet_part>> find_quiet(connection& on, std::string const& slot);
// Durable before the slot moves, or the next capture would take the slot for one that lost changes.
[[nodiscard]] result<void> put_quiet(connection& on,
                                     std::string const& slot,
                                     quiet_part const& what);

// A server whose disks were set back, and that has been written to since, has another history from
// some place on, and nothing else shows it. Its slot was set back, too: it stands before what was
// captured last, as it may after a loss of power. Then all is read from there, and the commit that
// was captured last has to come again.
//
// Errors: `source_rewound` where it does not.
// Threads: one at a time.
class captured_history {
 public:
  // What was captured, and from where on the slot gives again.
  void begin(std::uint64_t captured, std::uint64_t given_from);
  bool is_proven() const { return is_proven_; }
  // Whether a message of the plug-in is of a transaction that was captured.
  [[nodiscard]] result<bool> has(std::string_view message);
  // All that was committed before that place has come.
  [[nodiscard]] result<void> reach(std::uint64_t place) const;

 private:
  std::uint64_t captured_ = 0;
  bool is_proven_ = true;
  bool is_inside_ = false;  // a transaction that was captured
};

}  // namespace dualwrite::engine::postgresql
