// An SQL expression over the columns of one table: a filter, a transform, a search.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/table_schema.h"

namespace dualwrite::engine {

class sql_sandbox;

// Checked against the columns when it is made, then evaluated row by row.
//
// Guarantees: the same row gives the same value, on every machine, for ever. Whole numbers and
// decimals are exact; what has no exact meaning (a text compared with a number, a sum of a decimal
// and a float) is refused when it is made. NULL is SQL's: unknown.
// Errors: making one: `expression_invalid`, with line, column, the text with a caret, and what to
// do. Evaluating: `column_missing` where the row does not hold a column it reads,
// `expression_failed` (division by zero, overflow, a cast that does not fit).
// Lifetime: keeps its sandbox; moved, not copied.
// Threads: one at a time for all expressions of one sandbox.
class expression {
 public:
  [[nodiscard]] static result<expression> prepare(std::string_view text,
                                                  std::span<column_schema const> columns,
                                                  std::shared_ptr<sql_sandbox> sandbox);
  expression(expression&&) noexcept;
  expression& operator=(expression&&) noexcept;
  ~expression();

  // `row` is a row of the table whose columns it was made with.
  [[nodiscard]] result<value> evaluate(std::span<value const> row) const;

  [[nodiscard]] value_type type() const;
  // Indexes of the columns it reads, in rising order.
  [[nodiscard]] std::vector<std::size_t> const& reads() const;

 private:
  struct prepared;
  explicit expression(std::unique_ptr<prepared> made);
  std::unique_ptr<prepared> prepared_;
};

// Where expressions are evaluated: an SQLite of its own in memory that has no tables, knows our
// functions only, and can reach no file. Opening one is not cheap; the expressions of a map share
// theirs.
[[nodiscard]] std::shared_ptr<sql_sandbox> open_sandbox();

}  // namespace dualwrite::engine
