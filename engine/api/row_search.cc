#include "engine/api/row_search.h"

namespace dualwrite::engine {

result<std::shared_ptr<row_search const>> row_search::prepare(
    std::string const& sql, std::span<searched_field const> fields) {
  std::vector<column_schema> columns;
  for (auto const& field : fields) {
    auto& column = columns.emplace_back();
    column.name = field.name;
    column.type = field.type;
    column.nullable = false;
  }
  DW_TRY(auto made, expression::prepare(sql, columns, open_sandbox()));
  if (made.type() != value_type::boolean)
    return error{error_code::expression_invalid, "A filter has to be true or false."};
  return std::shared_ptr<row_search const>(new row_search(std::move(made)));
}

result<bool> row_search::holds(row_values const& row) const {
  DW_TRY(auto const answer, made_.evaluate(row));
  return !answer.is_null() && answer.as_boolean();
}

}  // namespace dualwrite::engine
