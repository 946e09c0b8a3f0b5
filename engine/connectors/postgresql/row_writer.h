// Writes the rows of a batch inside a transaction of the caller's, and says what became of each.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/connectors/postgresql/batch_attempt.h"
#include "engine/connectors/postgresql/postgresql_schema.h"
#include "engine/connectors/postgresql/row_set.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

// Neighbours that are alike are written as a set. Where one of a set is refused, those that the
// table's declared rules will refuse are found by a question and tried, and the others are written
// in smaller and smaller parts.
//
// Errors: those that concern the whole batch; a refusal of one row is its result.
// Lifetime: one connection; what it knows of tables is forgotten by forget().
// Threads: one at a time.
class row_writer {
 public:
  explicit row_writer(connection& on);

  // How much is done for the rows that the target refuses. An error takes all with it that was
  // written since the last savepoint.
  enum class care {
    none,         // a refusal ends the attempt
    parts,        // behind savepoints, a refused row alone
    constraints,  // every row alone, and its deferred constraints are checked with it
  };

  // The results, or nothing where the transaction is to be rolled back and the batch written again:
  // with more care, or with what `refused` has learned.
  [[nodiscard]] result<std::optional<std::vector<write_result>>> write(write_list const& writes,
                                                                       results_by_place& refused,
                                                                       care with);
  void forget() {
    tables_.clear();
    on_.distrust_plans();
  }
  // Inside the transaction of the writes: the tables are as these writes take them, and stay so.
  // Errors: `table_missing`, `table_changed`.
  [[nodiscard]] result<void> check(std::span<table_form const> forms);
  // The same in two steps: what to ask for it, and what the answers mean.
  [[nodiscard]] result<std::vector<statement>> checks(std::span<table_form const> forms);
  [[nodiscard]] result<void> checked(std::span<table_form const> forms,
                                     std::span<answer const> answers);

 private:
  struct known_table {
    table_facts facts;
    std::uint64_t fingerprint = 0;
    std::string shape;  // what the catalogue said of it before the facts were read
    rows_met met{};
    // For writes of these columns and key columns; asked for where a set was refused.
    std::map<std::pair<std::vector<std::size_t>, std::vector<std::size_t>>, std::string> rules{};
  };
  [[nodiscard]] result<known_table*> table(std::string const& name);
  // From the next one on: none where that one has to be written by itself.
  [[nodiscard]] std::vector<set_row> gather(batch_attempt const& to, row_set const& set) const;
  [[nodiscard]] result<void> write_next(batch_attempt& to, care with);
  [[nodiscard]] result<bool> write_at_once(row_set& set, row_set::rows rows, known_table& of);
  // Every row has its result then.
  [[nodiscard]] result<void> write_in_parts(batch_attempt& to,
                                            row_set& set,
                                            row_set::rows rows,
                                            known_table& of);
  // Of rows that were looked for.
  [[nodiscard]] result<void> write_looked(batch_attempt& to,
                                          row_set& set,
                                          row_set::rows rows,
                                          table_facts const& of);
  // Those that declared rules will refuse, whatever else the batch writes, get the app's own words
  // for it.
  [[nodiscard]] result<void> refuse_breaking(batch_attempt& to,
                                             row_set& set,
                                             row_set::rows rows,
                                             known_table& of);
  [[nodiscard]] result<std::vector<set_row*>> breaking_rules(row_set& set,
                                                             row_set::rows rows,
                                                             known_table& of);
  // Behind a savepoint: what the step did stays only if it gave true.
  template <class Step>
  [[nodiscard]] result<bool> stays(Step const& step);
  // Those that it takes its values from are written ahead of it where they give them away later.
  [[nodiscard]] result<write_result> guarded(batch_attempt& to,
                                             target_write const& wish,
                                             table_facts const& of,
                                             bool checks);
  // Behind a savepoint.
  [[nodiscard]] result<write_result> write_alone(target_write const& wish,
                                                 table_facts const& of,
                                                 bool checks);
  // What else is known of a refusal that was taken back.
  [[nodiscard]] result<void> explain(write_result& one,
                                     target_write const& wish,
                                     table_facts const& of,
                                     std::string const& constraint);
  std::optional<referenced_row> missing_reference(target_write const& wish,
                                                  table_facts const& of,
                                                  std::string const& constraint);

  connection& on_;
  std::map<std::string, known_table> tables_;
  // Of rows that have to be written in parts: grows with every part that was accepted as a whole,
  // and shrinks with every one that was not.
  std::size_t part_rows_;
};

}  // namespace dualwrite::engine::postgresql
