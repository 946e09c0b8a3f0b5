#include "engine/connectors/postgresql/row_sql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/connectors/postgresql/postgresql_values.h"

namespace dualwrite::engine::postgresql {
namespace {

bool is_quoted(char letter) {
  return letter == '"' || letter == '\\';
}

// Few texts have anything to quote.
void quote_from(std::string& array, std::size_t begin) {
  auto const first = array.begin() + static_cast<std::ptrdiff_t>(begin);
  if (std::none_of(first, array.end(), is_quoted)) return;
  auto const plain = array.substr(begin);
  array.resize(begin);
  for (auto const letter : plain) {
    if (is_quoted(letter)) array.push_back('\\');
    array.push_back(letter);
  }
}

}  // namespace

std::string name_of(table_schema const& schema, std::size_t column) {
  return quoted_name(schema.columns[column].name);
}

bool is_fixed(column_schema const& column) {
  return column.generated && column.has_default;
}

char const* overriding(table_schema const& schema, std::vector<std::size_t> const& columns) {
  bool const is_told = std::any_of(columns.begin(), columns.end(), [&](std::size_t column) {
    return is_fixed(schema.columns[column]);
  });
  return is_told ? " OVERRIDING SYSTEM VALUE" : "";
}

std::string key_condition(table_schema const& schema,
                          std::vector<std::size_t> const& columns,
                          std::size_t first) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < columns.size(); ++i)
    parts.push_back(fmt::format("{} = ${}", name_of(schema, columns[i]), first + i));
  return fmt::format("{}", fmt::join(parts, " AND "));
}

void add_element(std::string& array, std::optional<std::string_view> text) {
  if (array.size() > 1) array.push_back(',');
  if (!text) {
    array += "NULL";
    return;
  }
  array.push_back('"');
  auto const begin = array.size();
  array += *text;
  quote_from(array, begin);
  array.push_back('"');
}

void add_element(std::string& array, value const& what) {
  if (what.is_null() || what.is_unchanged()) return add_element(array, std::nullopt);
  if (array.size() > 1) array.push_back(',');
  array.push_back('"');
  auto const begin = array.size();
  append_text(array, what);
  quote_from(array, begin);
  array.push_back('"');
}

std::string array_of(std::vector<std::string> const& texts) {
  std::string array = "{";
  for (auto const& text : texts) add_element(array, text);
  return array + "}";
}

result<void> add_values(parameters& to, row_values const& values) {
  for (auto const& one : values) {
    DW_TRY(auto text, to_text(one));
    to.push_back(std::move(text));
  }
  return {};
}

}  // namespace dualwrite::engine::postgresql
