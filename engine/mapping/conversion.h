// Values from one column's type to another's: exactly, or not at all.
#pragma once

#include <string>

#include "events/table_schema.h"

namespace dualwrite::engine {

enum class fit : std::uint8_t {
  always,   // every value of the one type is a value of the other
  checked,  // ordinary values are; the others are refused one by one
  loses,    // ordinary values are not: converting would round, cut or guess
  none,     // the types have nothing in common
};

[[nodiscard]] fit fit_between(column_schema const& from, column_schema const& to);

// NULL and `unchanged` stay what they are. A decimal fits its precision and scale, a text its
// length, a label its type.
// Errors: `value_not_convertible`, saying which value and why; the caller adds the column.
[[nodiscard]] result<value> convert(value what, column_schema const& to);

// Whether it is seen at a glance that convert() gives back what it is given, as of most values.
[[nodiscard]] bool stays_as_it_is(value const& what, column_schema const& to);

// "decimal(12,2)", "text(40)", "enumeration grade"
[[nodiscard]] std::string print_type(column_schema const& column);

// How many characters UTF-8 text has; a byte that is not UTF-8 counts as one.
[[nodiscard]] std::size_t count_characters(std::string_view text);

}  // namespace dualwrite::engine
