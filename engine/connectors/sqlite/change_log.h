// Captures what is written to tables: triggers put every change into the table _dualwrite_change of
// the same file, in the same transaction, so in commit order.
//
// SQLite's triggers do not see where a transaction ends. There is one writer at a time, though, and
// a reader sees whole transactions only: what one read finds is one or more whole transactions, and
// is given as one. What a lane of ours writes stands between two marks and is given by itself.
//
// _dualwrite_change: id (never used twice), kind, tab, at (microseconds), old, new (rows as quote()
// writes them, so exact), chance (a random number of 20 bits). The last change that was
// acknowledged stays, so that a file that was set back shows. The number of a commit is the id of
// its last change and, in its lowest bits, the chance: a file that was set back gives the same ids
// to other changes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/connectors/sqlite/database.h"
#include "engine/connectors/sqlite/sqlite_schema.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::sqlite {

inline constexpr int chance_bits = 20;

// Errors: `source_rewound` where changes may have been lost: another file, a file that was set
// back, triggers that are gone.
// Threads: one at a time.
class change_log {
 public:
  // Makes what is missing: our tables, and an identity of the file.
  [[nodiscard]] static result<void> install(database& on);
  // Takes everything of ours out of the file.
  [[nodiscard]] static result<void> remove(database& on);

  [[nodiscard]] result<source_position> open(database& on,
                                             std::vector<std::string> const& tables,
                                             std::optional<source_progress> known);
  // Triggers and changes are gone behind it.
  [[nodiscard]] result<void> end(database& on);
  // What was committed since the last call, at most `limit` transactions of `rows_max` rows in all,
  // fewer where they are large; nothing where there is none.
  [[nodiscard]] result<std::vector<captured_transaction>> read(database& on,
                                                               std::size_t limit,
                                                               std::size_t rows_max);
  [[nodiscard]] result<void> acknowledge(database& on, source_position captured);

 private:
  result<void> capture_table(database& on, std::string const& table);
  result<void> check_triggers(database& on);
  // Gives the bytes of its images.
  result<std::size_t> take(statement const& row, std::vector<captured_transaction>& out);

  std::uint64_t file_ = 0;
  std::int64_t read_ = 0;
  std::int64_t schema_version_ = 0;
  std::map<std::string, table_facts> tables_;
  std::map<std::string, std::string> triggers_;  // by name, as they were made
  bool in_batch_ = false;
  bool continues_ = false;  // the next change belongs to the transaction that is being gathered
};

// Where the file is now. Inside a read transaction: what that sees.
[[nodiscard]] result<source_position> head_of(database& on);

[[nodiscard]] result<bool> is_captured(database& on);

// What our own transactions write around their rows where something is captured.
[[nodiscard]] result<void> begin_batch(database& on, batch_mark const& mark);
[[nodiscard]] result<void> end_batch(database& on);

}  // namespace dualwrite::engine::sqlite
