// Writes one row by statements of its own.
#pragma once

#include <optional>
#include <string>

#include "engine/connectors/postgresql/postgresql_schema.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

// Errors: those that concern the whole batch; a refusal of the row is its result, and leaves the
// transaction to be taken back to a savepoint.
// Lifetime: both are borrowed.
class single_row {
 public:
  single_row(connection& on, table_facts const& of) : on_(on), of_(of) {}

  [[nodiscard]] result<write_result> write(target_write const& wish);
  // Errors: `value_not_convertible`.
  [[nodiscard]] result<statement> insert(target_write const& wish) const;
  [[nodiscard]] result<statement> update(target_write const& wish,
                                         row_values const& there_under) const;

 private:
  [[nodiscard]] result<write_result> change(target_write const& wish,
                                            row_values const& there_under);
  [[nodiscard]] result<write_result> add(target_write const& wish);
  [[nodiscard]] result<write_result> remove(target_write const& wish);
  // Columns of the row under this key, which is locked; or nothing.
  [[nodiscard]] result<std::optional<row_values>> find(target_write const& wish,
                                                       row_values const& key);

  connection& on_;
  table_facts const& of_;
};

}  // namespace dualwrite::engine::postgresql
