#include "engine/mapping/expression_syntax.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/mapping/conversion.h"

namespace dualwrite::engine {

std::string print_fault(std::string_view text, expression_fault const& fault) {
  auto const offset = std::min(fault.where.offset, text.size());
  auto const before = text.substr(0, offset);
  auto const line = 1 + std::count(before.begin(), before.end(), '\n');
  auto const begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  auto const end = std::min(text.find('\n', begin), text.size());
  auto shown = std::string(text.substr(begin, end - begin));
  // A tab would move the caret.
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  auto const column = 1 + count_characters(text.substr(begin, offset - begin));
  auto const length = std::min(fault.where.length, end - std::min(offset, end));
  auto const marked = std::max<std::size_t>(1, count_characters(text.substr(offset, length)));
  auto made = fmt::format("line {}, column {}: {}\n  {}\n  {}^{}",
                          line,
                          column,
                          fault.reason,
                          shown,
                          std::string(column - 1, ' '),
                          std::string(marked - 1, '~'));
  if (!fault.fix.empty()) made += "\n  " + fault.fix;
  return made;
}

std::string_view symbol_of(binary_operator op) {
  switch (op) {
    case binary_operator::add:
      return "+";
    case binary_operator::subtract:
      return "-";
    case binary_operator::multiply:
      return "*";
    case binary_operator::divide:
      return "/";
    case binary_operator::modulo:
      return "%";
    case binary_operator::concatenate:
      return "||";
    case binary_operator::equal:
      return "=";
    case binary_operator::not_equal:
      return "<>";
    case binary_operator::less:
      return "<";
    case binary_operator::less_equal:
      return "<=";
    case binary_operator::greater:
      return ">";
    case binary_operator::greater_equal:
      return ">=";
    case binary_operator::logical_and:
      return "AND";
    case binary_operator::logical_or:
      return "OR";
  }
  return "?";
}

}  // namespace dualwrite::engine
