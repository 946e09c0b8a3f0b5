#include "engine/mapping/array_json.h"

#include <cmath>
#include <optional>

#include "engine/mapping/json_text.h"

namespace dualwrite::engine {
namespace {

constexpr std::size_t dimensions_max = 6;  // that PostgreSQL has

bool is_bare(value const& one) {
  switch (one.type()) {
    case value_type::boolean:
    case value_type::int64:
      return true;
    case value_type::decimal:
      return one.as_decimal().is_finite();
    case value_type::float64:
      return std::isfinite(one.as_float64());
    default:
      return false;
  }
}

void append(std::string& text, value const& one) {
  if (one.is_null()) {
    text += "null";
  } else if (one.type() == value_type::array) {
    auto const before = text.size();
    for (auto const& element : one.as_array()) {
      text.push_back(text.size() == before ? '[' : ',');
      append(text, element);
    }
    text += text.size() == before ? "[]" : "]";
  } else {
    text += is_bare(one) ? to_string(one) : quoted_json(to_string(one));
  }
}

error refused(std::string why) {
  return {error_code::value_not_convertible, std::move(why)};
}

// Of JSON that is known to be well-formed.
class array_reader {
 public:
  array_reader(std::string_view json, std::function<result<value>(std::string)> const& read)
      : rest_(json), read_(read) {}

  result<value> array(std::size_t depth) {
    if (depth > dimensions_max) return refused("it has more dimensions");
    std::vector<value> elements;
    rest_.remove_prefix(1);
    skip_spaces();
    while (!rest_.starts_with(']')) {
      DW_TRY(auto one, element(depth));
      elements.push_back(std::move(one));
      skip_spaces();
      if (!rest_.starts_with(',')) continue;
      rest_.remove_prefix(1);
      skip_spaces();
    }
    rest_.remove_prefix(1);
    return value::of_array(std::move(elements));
  }
  void skip_spaces() {
    auto const at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }
  bool begins_array() const { return rest_.starts_with('['); }

 private:
  result<value> element(std::size_t depth) {
    if (rest_.starts_with('[')) return array(depth + 1);
    if (rest_.starts_with('{')) return refused("an element is a document");
    if (rest_.starts_with('"')) return read_(string());
    auto const word = rest_.substr(0, rest_.find_first_of(",] \t\r\n"));
    rest_.remove_prefix(word.size());
    if (word == "null") return value::null();
    return read_(std::string(word));
  }
  std::string string() {
    std::size_t end = 1;
    while (rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    auto const text = unquoted_json(rest_.substr(0, end + 1));
    rest_.remove_prefix(end + 1);
    return text.value_or(std::string());
  }

  std::string_view rest_;
  std::function<result<value>(std::string)> const& read_;
};

// How long each of its dimensions is; nothing where that is not the same everywhere.
std::optional<std::vector<std::size_t>> shape_of(value const& array) {
  auto const& elements = array.as_array();
  std::optional<std::vector<std::size_t>> inner;
  for (auto const& one : elements) {
    std::optional<std::vector<std::size_t>> shape(std::in_place);
    if (one.type() == value_type::array) shape = shape_of(one);
    bool const is_empty = one.type() == value_type::array && one.as_array().empty();
    if (!shape || is_empty || (inner && *inner != *shape)) return std::nullopt;
    inner = std::move(shape);
  }
  std::vector<std::size_t> out{elements.size()};
  if (inner) out.insert(out.end(), inner->begin(), inner->end());
  return out;
}

}  // namespace

std::string print_array(value const& array) {
  std::string text;
  append(text, array);
  return text;
}

result<value> parse_array(std::string_view json,
                          std::function<result<value>(std::string)> const& read) {
  array_reader reader(json, read);
  reader.skip_spaces();
  if (!canonical_json(json) || !reader.begins_array()) return refused("it is no array in JSON");
  DW_TRY(auto made, reader.array(1));
  if (!shape_of(made)) return refused("its parts are not of the same length");
  return made;
}

}  // namespace dualwrite::engine
