// How the parts of an expression come to one type: literals adopt the type of what stands beside
// them, whole numbers become decimals; nothing else is converted without being asked.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/mapping/expression_syntax.h"
#include "events/table_schema.h"

namespace dualwrite::engine {

[[nodiscard]] bool is_number(value_type one);
[[nodiscard]] bool has_equality(value_type one);
[[nodiscard]] bool has_order(value_type one);
// A node as messages name it.
[[nodiscard]] std::string shown(node const& one);

class type_unifier {
 public:
  explicit type_unifier(std::span<column_schema const> columns) : columns_(columns) {}

  // The first one.
  std::optional<expression_fault> fault;

 protected:
  bool refuse(text_place where, std::string reason, std::string fix = {});
  // Brings parts to one type and gives it; null where all of them are NULL.
  std::optional<value_type> unify(std::vector<node_ptr*> const& parts, std::string_view what);
  // To the type of `model`.
  bool coerce(node_ptr& one, node const& model);
  bool needs(node_ptr& one, value_type wanted, std::string_view by);
  bool needs_boolean(node_ptr& one, std::string_view by);

  std::span<column_schema const> columns_;

 private:
  bool merge(node const*& model, node const& one, std::string_view what);
  static void cast_to_decimal(node_ptr& one);
};

}  // namespace dualwrite::engine
