#include "engine/connectors/postgresql/array_text.h"

#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {
namespace {

class array_reader {
 public:
  array_reader(std::string_view text, column_schema const& element)
      : rest_(text), element_(element) {}

  bool is_done() const { return rest_.empty(); }

  result<value> array() {
    std::vector<value> elements;
    if (!take('{')) return malformed();
    if (take('}')) return value::of_array({});
    do {
      DW_TRY(auto one, element());
      elements.push_back(std::move(one));
    } while (take(','));
    if (!take('}')) return malformed();
    return value::of_array(std::move(elements));
  }

 private:
  error malformed() const {
    return error{error_code::value_malformed, element_.name + ": an array cannot be read"};
  }
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  result<value> element() {
    if (rest_.starts_with('{')) return array();
    if (rest_.starts_with('"')) return quoted();
    auto const text = rest_.substr(0, rest_.find_first_of(",}"));
    rest_.remove_prefix(text.size());
    if (text.empty()) return malformed();
    if (text == "NULL") return value::null();
    return to_value(text, element_);
  }
  result<value> quoted() {
    std::string text;
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '"') {
        rest_.remove_prefix(at + 1);
        return to_value(text, element_);
      }
      if (rest_[at] == '\\') ++at;
      if (at < rest_.size()) text.push_back(rest_[at]);
    }
    return malformed();
  }

  std::string_view rest_;
  column_schema const& element_;
};

}  // namespace

result<value> to_array(std::string_view text, column_schema const& column) {
  auto element = column;
  element.type = column.element;
  array_reader reader(text, element);
  auto read = reader.array();
  if (read && !reader.is_done())
    return error{error_code::value_malformed, column.name + ": there is more than an array"};
  return read;
}

std::string array_text(value const& array) {
  std::string out = "{";
  for (auto const& one : array.as_array()) {
    if (one.type() != value_type::array) {
      add_element(out, one);
      continue;
    }
    if (out.size() > 1) out.push_back(',');
    out += array_text(one);
  }
  return out + "}";
}

}  // namespace dualwrite::engine::postgresql
