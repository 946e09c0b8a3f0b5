// Writes rows of one table together: each kind of change by one statement.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/connectors/postgresql/postgresql_schema.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

struct set_row {
  target_write const* wish = nullptr;
  bool is_there = false;
  std::optional<write_result> result{};  // once it is known
};

// What the sets that were written to a table last make expect of the next.
struct rows_met {
  bool are_there = false;  // most of them were
  int all_new = 0;         // so many sets in a row; less than zero: others have to come first
};

// In their order.
[[nodiscard]] std::vector<set_row*> without_results(std::span<set_row* const> rows);

// Whether they may be rows of one set.
[[nodiscard]] bool are_alike(target_write const& one, target_write const& other);

// All of its rows are of one table and kind, and have the same columns, other keys, and no old key.
// A row has its result when it is accepted. Where the target does not tell rows apart by their
// keys, or changes fewer than it was asked to, a call gives false: what it did is to be taken back,
// and the rows are to be written one by one.
//
// Errors: those of connection; `row_refused` is about one of the rows, or several.
// Lifetime: connection and facts are borrowed.
class row_set {
 public:
  using rows = std::span<set_row* const>;

  // `like` is one of the rows.
  row_set(connection& on, table_facts const& of, target_write const& like);

  // Whether a row's values say its key, as the statements take it.
  [[nodiscard]] bool has_its_key(target_write const& wish) const;
  // Errors: `value_not_convertible` where PostgreSQL has no such row.
  [[nodiscard]] result<void> check(target_write const& wish) const;
  // Of a row that passes check(): its key as the statements take it; equal for equal keys.
  [[nodiscard]] std::string key_of(target_write const& wish) const;
  // Of such a row, by place among columns().
  [[nodiscard]] value const& value_of(target_write const& wish, std::size_t place) const {
    return values_of(wish)[place];
  }

  // What look() and write() do. Where the rows are expected to be there, those that are and differ
  // are changed without a look, and only the others are looked for; where they are expected to be
  // new they are inserted without a look, and refused where one was not.
  [[nodiscard]] result<bool> write_at_once(rows which, rows_met& met);

  // Locks those that are there; those that need no change get their results.
  [[nodiscard]] result<bool> look(rows which);
  // Rows that have been looked for.
  [[nodiscard]] result<bool> write(rows which);
  // The one that the last write() was refused for, where the server told.
  set_row* refused() const { return refused_; }
  // Those for which a condition holds, on columns of a relation `r` with the set's columns.
  [[nodiscard]] result<std::vector<set_row*>> where(std::string const& condition, rows which);

  std::vector<std::size_t> const& columns() const { return columns_; }
  std::vector<std::size_t> const& key_columns() const { return key_columns_; }

 private:
  [[nodiscard]] row_values const& values_of(target_write const& wish) const {
    return kind_ == write_kind::remove ? wish.key : wish.values;
  }
  [[nodiscard]] std::string relation(std::vector<std::size_t> const& of) const;
  [[nodiscard]] parameters arrays(std::vector<std::size_t> const& of, rows which) const;
  [[nodiscard]] std::string name(std::size_t place) const;
  // "t.key = r.key"
  [[nodiscard]] std::string same_key() const;
  [[nodiscard]] result<bool> equals(answer const& found, int row, set_row const& with) const;
  [[nodiscard]] result<bool> remove(rows which);
  [[nodiscard]] result<bool> insert(rows which);
  [[nodiscard]] result<answer> copy(rows which, std::string const& names);
  [[nodiscard]] result<std::int64_t> count_there(rows which) const;
  [[nodiscard]] result<bool> update(rows which);
  [[nodiscard]] std::string update_statement() const;
  [[nodiscard]] result<bool> change_unseen(rows which);
  [[nodiscard]] bool refuses_second_rows() const;

  connection& on_;
  table_facts const& of_;
  write_kind kind_;
  std::vector<std::size_t> columns_;
  std::vector<std::size_t> key_columns_;
  std::vector<std::size_t> all_places_;  // among columns_
  std::vector<std::size_t> key_places_;
  set_row* refused_ = nullptr;
};

}  // namespace dualwrite::engine::postgresql
