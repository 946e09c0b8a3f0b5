// Writes the rows of a batch inside a transaction of the caller's, and says what became of each.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/connectors/postgresql/postgresql_schema.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

// Errors: those that concern the whole batch; a refusal of one row is its result.
// Lifetime: one connection; what it knows of tables is forgotten by forget().
// Threads: one at a time.
class row_writer {
 public:
  explicit row_writer(connection& on) : on_(on) {}

  // How much is done for the rows that the target refuses. An error takes all with it that was
  // written since the last savepoint.
  enum class care {
    none,         // a refusal ends the attempt
    runs,         // so many rows stand behind one savepoint, a refused one alone
    constraints,  // every row alone, and its deferred constraints are checked with it
  };

  // Known refusals are not tried again: by place among the writes.
  using refusals = std::map<std::size_t, write_result>;
  // The results, or nothing where the transaction is to be rolled back and the batch written again:
  // with more care, or with what `refused` has learned.
  [[nodiscard]] result<std::optional<std::vector<write_result>>> write(
      std::span<target_write const> writes, refusals& refused, care with);
  void forget() { tables_.clear(); }
  // Inside the transaction of the writes: the tables are as these writes take them, and stay so.
  // Errors: `table_missing`, `table_changed`.
  [[nodiscard]] result<void> check(std::span<table_form const> forms);

 private:
  struct known_table {
    table_facts facts;
    std::uint64_t fingerprint = 0;
    std::string shape;  // what the catalogue says of its columns
  };
  // A batch on its way: what became of the first writes of it.
  struct attempt {
    std::span<target_write const> writes;
    refusals& refused;
    std::vector<write_result> results{};
    bool is_over = false;  // all of it has to be written again

    std::size_t next() const { return results.size(); }
    // What is known of the next one without writing it.
    std::optional<write_result> known() const;
    void keep(write_result one);
  };
  [[nodiscard]] result<table_facts const*> table(std::string const& name);
  [[nodiscard]] result<void> write_plainly(attempt& to);
  [[nodiscard]] result<void> write_run(attempt& to);
  // Writes up to so many, and no further than to one that is refused: true where one is.
  [[nodiscard]] result<bool> meets_refusal(attempt& to, std::size_t until);
  [[nodiscard]] result<void> write_alone(attempt& to, bool checks);
  [[nodiscard]] result<write_result> guarded(target_write const& wish,
                                             table_facts const& of,
                                             bool checks);
  [[nodiscard]] result<write_result> write_one(target_write const& wish, table_facts const& of);
  [[nodiscard]] result<write_result> insert(target_write const& wish, table_facts const& of);
  [[nodiscard]] result<write_result> update(target_write const& wish,
                                            table_facts const& of,
                                            row_values const& there_under);
  [[nodiscard]] result<write_result> remove(target_write const& wish, table_facts const& of);
  // Columns of the row under this key, which is locked; or nothing.
  [[nodiscard]] result<std::optional<row_values>> find(target_write const& wish,
                                                       table_facts const& of,
                                                       row_values const& key);
  [[nodiscard]] result<write_result> ran(result<answer> how, write_effect effect) const;
  [[nodiscard]] write_result refusal(error const& why) const;
  std::optional<referenced_row> missing_reference(target_write const& wish,
                                                  table_facts const& of,
                                                  std::string const& constraint);

  connection& on_;
  std::map<std::string, known_table> tables_;
};

}  // namespace dualwrite::engine::postgresql
