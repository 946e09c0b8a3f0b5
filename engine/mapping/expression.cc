#include "engine/mapping/expression.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/mapping/conversion.h"
#include "engine/mapping/expression_parser.h"
#include "engine/mapping/expression_sql.h"
#include "engine/mapping/expression_types.h"
#include "engine/mapping/sql_sandbox.h"

namespace dualwrite::engine {

struct expression::prepared {
  struct input {
    int parameter = 0;
    std::size_t column = 0;
    column_schema schema;
  };

  std::shared_ptr<sql_sandbox> sandbox;  // outlives its statement, so it stands first
  sql_statement statement;
  value_type type = value_type::null;
  std::vector<input> inputs;
  std::vector<std::size_t> reads;
};

namespace {

error invalid(std::string_view text, expression_fault const& fault) {
  return {error_code::expression_invalid, print_fault(text, fault)};
}

// A statement that was begun is ended, however the evaluation ends.
struct reset_at_end {
  sqlite3_stmt* statement;
  ~reset_at_end() { sqlite3_reset(statement); }
};

}  // namespace

expression::expression(std::unique_ptr<prepared> made) : prepared_(std::move(made)) {}
expression::expression(expression&&) noexcept = default;
expression& expression::operator=(expression&&) noexcept = default;
expression::~expression() = default;

value_type expression::type() const {
  return prepared_->type;
}
std::vector<std::size_t> const& expression::reads() const {
  return prepared_->reads;
}

result<expression> expression::prepare(std::string_view text,
                                       std::span<column_schema const> columns,
                                       std::shared_ptr<sql_sandbox> sandbox) {
  auto parsed = parse_expression(text);
  if (parsed.fault) return invalid(text, *parsed.fault);
  if (auto const fault = check_types(parsed.tree, columns)) return invalid(text, *fault);
  auto query = to_sql(*parsed.tree);
  auto statement = sandbox->prepare(query.sql);
  if (!statement) {
    return invalid(text, {{0, text.size()}, statement.error().detail, "split the expression."});
  }
  auto made = std::make_unique<prepared>();
  made->sandbox = std::move(sandbox);
  made->statement = std::move(*statement);
  made->type = parsed.tree->type;
  for (auto const& [parameter, held] : query.literals) {
    DW_CHECK(bind_value(made->statement.get(), parameter, held));
  }
  for (auto const& [parameter, column] : query.columns) {
    made->inputs.push_back({parameter, column, columns[column]});
    made->reads.push_back(column);
  }
  std::sort(made->reads.begin(), made->reads.end());
  return expression(std::move(made));
}

result<value> expression::evaluate(std::span<value const> row) const {
  auto* const statement = prepared_->statement.get();
  for (auto const& input : prepared_->inputs) {
    if (input.column >= row.size() || row[input.column].is_unchanged()) {
      return error{error_code::column_missing, input.schema.name};
    }
    auto const& held = row[input.column];
    if (held.type() == input.schema.type || held.is_null()) {
      DW_CHECK(bind_value(statement, input.parameter, held));
      continue;
    }
    // Some apps store values of other types than the column says; what can be read as its type is.
    auto const read = convert(held, input.schema);
    if (!read)
      return error{error_code::expression_failed, input.schema.name + ": " + read.error().detail};
    DW_CHECK(bind_value(statement, input.parameter, *read));
  }
  reset_at_end const ended{statement};
  if (sqlite3_step(statement) != SQLITE_ROW) {
    return error{error_code::expression_failed, sqlite3_errmsg(sqlite3_db_handle(statement))};
  }
  return read_value(sqlite3_column_value(statement, 0), prepared_->type);
}

}  // namespace dualwrite::engine
