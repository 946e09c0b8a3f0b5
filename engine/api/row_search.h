// A condition in SQL over the fields that a list shows.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/mapping/expression.h"

namespace dualwrite::engine {

// What a condition sees of an item; named as its JSON is.
struct searched_field {
  std::string_view name;
  value_type type;
};

class row_search {
 public:
  // Errors: `expression_invalid`.
  [[nodiscard]] static result<std::shared_ptr<row_search const>> prepare(
      std::string const& sql, std::span<searched_field const> fields);
  // `row` has a value for each field.
  // Errors: those of evaluating the condition.
  [[nodiscard]] result<bool> holds(row_values const& row) const;

 private:
  explicit row_search(expression made) : made_(std::move(made)) {}
  expression made_;
};

}  // namespace dualwrite::engine
