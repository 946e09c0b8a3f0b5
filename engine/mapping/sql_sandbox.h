// The SQLite that evaluates expressions, and how values look inside it.
//
// INTEGER: boolean, int64, date, time, timestamp, timestamp_tz. REAL: float64. TEXT: text,
// enumeration, json, and decimal as it prints. BLOB: bytes, uuid, opaque, and the row image of one
// value for array and interval. NaN has no place in SQLite.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <span>
#include <string>

#include "events/value.h"

namespace dualwrite::engine {

struct statement_closer {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using sql_statement = std::unique_ptr<sqlite3_stmt, statement_closer>;

// Guarantees: no tables, no files, no other database, no extension, no function but ours and a few
// of SQLite's that have one meaning; results do not depend on time, chance or locale.
// Errors: `expression_invalid` where SQLite refuses the text.
// Threads: one at a time.
class sql_sandbox {
 public:
  sql_sandbox();
  ~sql_sandbox();
  sql_sandbox(sql_sandbox const&) = delete;
  sql_sandbox& operator=(sql_sandbox const&) = delete;

  [[nodiscard]] result<sql_statement> prepare(std::string const& sql);

 private:
  sqlite3* database_ = nullptr;
};

// Functions are called with values of these types and give one; any NULL among them gives NULL
// without a call, unless `takes_null`.
using sql_arguments = std::span<sqlite3_value*>;
struct sql_function {
  char const* name;
  result<value> (*run)(sql_arguments);
  bool takes_null = false;
};
[[nodiscard]] std::span<sql_function const> sandbox_functions();

[[nodiscard]] std::string_view read_string(sqlite3_value* from);
[[nodiscard]] result<value> read_value(sqlite3_value* from, value_type type);

// `what` is bound as parameter `index`.
// Errors: `expression_failed` for NaN.
[[nodiscard]] result<void> bind_value(sqlite3_stmt* statement, int index, value const& what);

}  // namespace dualwrite::engine
