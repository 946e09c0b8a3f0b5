// Writes the rows of a batch inside a transaction of the caller's: each takes effect whole or
// leaves no trace, and says what became of it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/connectors/sqlite/database.h"
#include "engine/connectors/sqlite/sqlite_schema.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::sqlite {

// Errors: those that concern the whole batch; a refusal of one row is its result.
// Lifetime: one connection; what it knows of tables is forgotten by forget().
// Threads: one at a time.
class row_writer {
 public:
  explicit row_writer(database& on) : on_(on) {}

  // Known refusals are not tried again: by place among the writes.
  using refusals = std::map<std::size_t, write_result>;
  // The results, or nothing where a trigger of the app rolled all of it back: `refused` then names
  // the row that did it, and the batch is to be written again without it.
  [[nodiscard]] result<std::optional<std::vector<write_result>>> write(write_list const& writes,
                                                                       refusals& refused,
                                                                       bool checks_deferred);
  void forget() { tables_.clear(); }
  // Inside the transaction of the writes: the tables are as these writes take them.
  // Errors: `table_missing`, `table_changed`.
  [[nodiscard]] result<void> check(std::span<table_form const> forms);

 private:
  struct known_table {
    table_facts facts;
    std::uint64_t fingerprint = 0;
    bool has_rules = false;  // triggers of the app's own
  };
  [[nodiscard]] result<known_table const*> table(std::string const& name);
  [[nodiscard]] result<write_result> write_one(target_write const& wish, known_table const& table);
  [[nodiscard]] result<write_result> insert(target_write const& wish, known_table const& table);
  [[nodiscard]] result<write_result> update(target_write const& wish,
                                            known_table const& table,
                                            row_values const& there_under);
  [[nodiscard]] result<write_result> remove(target_write const& wish, known_table const& table);
  // Columns of the row under this key, or nothing.
  [[nodiscard]] result<std::optional<row_values>> find(target_write const& wish,
                                                       known_table const& table,
                                                       row_values const& key);
  [[nodiscard]] result<write_result> ran(result<void> how,
                                         write_effect effect,
                                         target_write const& wish,
                                         known_table const& table);
  [[nodiscard]] result<write_result> guarded(target_write const& wish,
                                             known_table const& table,
                                             bool checks_deferred);
  static write_result refusal(target_write const& wish, error const& why);
  std::optional<referenced_row> missing_reference(target_write const& wish,
                                                  known_table const& table);
  // The row that has what must be unique, by the write's key columns; nothing where none is found.
  [[nodiscard]] result<std::optional<referenced_row>> taker(target_write const& wish,
                                                            known_table const& table,
                                                            std::string const& message);

  database& on_;
  std::map<std::string, known_table> tables_;
  std::int64_t schema_version_ = 0;  // that the tables were described at
};

}  // namespace dualwrite::engine::sqlite
