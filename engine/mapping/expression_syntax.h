// Expressions as trees, and what is wrong with one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/value.h"

namespace dualwrite::engine {

// Bytes of the expression's text.
struct text_place {
  std::size_t offset = 0;
  std::size_t length = 0;
};

struct expression_fault {
  text_place where;
  std::string reason;
  std::string fix;
};

// "line 1, column 6: unknown column 'nmae'." with the line, a caret below the place, and the fix.
[[nodiscard]] std::string print_fault(std::string_view text, expression_fault const& fault);

enum class node_kind : std::uint8_t {
  literal,      // `held`; free where its type follows from what it meets
  column,       // `name`, after checking `index`
  negative,     // children: operand
  logical_not,  // children: operand
  binary,       // `op`; children: left, right
  is_null,      // children: operand
  between,      // children: operand, low, high
  in_list,      // children: operand, elements
  like,         // children: operand, pattern, perhaps escape
  case_of,      // children: perhaps operand, pairs of when and then, perhaps otherwise
  call,         // `name`; children: arguments
  cast,         // `type`, `precision`, `scale`; children: operand
};

enum class binary_operator : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  concatenate,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
};

[[nodiscard]] constexpr bool is_comparison(binary_operator op) {
  return op >= binary_operator::equal && op <= binary_operator::greater_equal;
}
[[nodiscard]] std::string_view symbol_of(binary_operator op);

// One node; which members mean something is said at the kinds. `type` is known after checking,
// except of a cast.
struct node {
  node_kind kind = node_kind::literal;
  text_place where;
  value_type type = value_type::null;
  binary_operator op = binary_operator::add;
  bool negated = false;  // IS NOT NULL, NOT IN, NOT BETWEEN, NOT LIKE
  bool is_free = false;  // a literal without a type of its own: 'text' or a number
  bool is_quoted = false;
  bool has_operand = false;
  bool has_otherwise = false;
  value held;
  std::string name;
  std::size_t index = 0;
  std::uint32_t precision = 0;
  std::uint32_t scale = 0;
  std::vector<std::unique_ptr<node>> children;
};

using node_ptr = std::unique_ptr<node>;

}  // namespace dualwrite::engine
