#include "events/table_schema.h"

#include <limits>

#include "events/row_image.h"
#include "events/varint.h"

namespace dualwrite {
namespace {

constexpr std::uint64_t format_version = 1;
constexpr std::uint8_t flag_nullable = 1;
constexpr std::uint8_t flag_sensitive = 2;
constexpr std::uint8_t flag_default = 4;
constexpr std::uint8_t flag_generated = 8;
constexpr std::uint8_t flags_known = 15;

void append_text(std::string& bytes, std::string_view text) {
  append_varint(bytes, text.size());
  bytes += text;
}

void append_column(std::string& bytes, column_schema const& column) {
  append_text(bytes, column.name);
  bytes.push_back(static_cast<char>(column.type));
  bytes.push_back(static_cast<char>(
      (column.nullable ? flag_nullable : 0) | (column.sensitive ? flag_sensitive : 0) |
      (column.has_default ? flag_default : 0) | (column.generated ? flag_generated : 0)));
  append_text(bytes, column.type_name);
  bytes.push_back(static_cast<char>(column.element));
  append_varint(bytes, column.precision);
  append_varint(bytes, column.scale);
  append_varint(bytes, column.length_max);
  append_varint(bytes, column.labels.size());
  for (auto const& label : column.labels) append_text(bytes, label);
}

class schema_reader {
 public:
  explicit schema_reader(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  bool take(std::uint64_t& number) {
    auto const taken = take_varint(rest_);
    number = taken.value_or(0);
    return taken.has_value();
  }
  bool take(std::uint32_t& number) {
    std::uint64_t wide = 0;
    bool const fits = take(wide) && wide <= std::numeric_limits<std::uint32_t>::max();
    number = static_cast<std::uint32_t>(wide);
    return fits;
  }
  // What is counted has at least a byte each.
  bool take_count(std::uint64_t& count) { return take(count) && count <= rest_.size(); }
  bool take(std::string& text) {
    std::uint64_t size = 0;
    if (!take_count(size)) return false;
    text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool take(value_type& type) {
    if (rest_.empty() || static_cast<std::uint8_t>(rest_.front()) >= value_type_count) return false;
    type = static_cast<value_type>(rest_.front());
    rest_.remove_prefix(1);
    return true;
  }
  bool take_flags(column_schema& column) {
    if (rest_.empty()) return false;
    auto const flags = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    column.nullable = (flags & flag_nullable) != 0;
    column.sensitive = (flags & flag_sensitive) != 0;
    column.has_default = (flags & flag_default) != 0;
    column.generated = (flags & flag_generated) != 0;
    return flags <= flags_known;
  }
  bool take(column_schema& column) {
    std::uint64_t labels = 0;
    bool const whole = take(column.name) && take(column.type) && take_flags(column) &&
                       take(column.type_name) && take(column.element) && take(column.precision) &&
                       take(column.scale) && take(column.length_max) && take_count(labels);
    if (!whole) return false;
    for (; labels > 0; --labels) {
      if (!take(column.labels.emplace_back())) return false;
    }
    return true;
  }
  bool take(table_schema& schema) {
    std::uint64_t version = 0;
    std::uint64_t columns = 0;
    std::uint64_t keys = 0;
    if (!take(version) || version != format_version) return false;
    if (!take(schema.table) || !take_count(columns)) return false;
    for (; columns > 0; --columns) {
      if (!take(schema.columns.emplace_back())) return false;
    }
    if (!take_count(keys)) return false;
    for (; keys > 0; --keys) {
      std::uint64_t index = 0;
      if (!take(index) || index >= schema.columns.size()) return false;
      schema.key.push_back(static_cast<std::size_t>(index));
    }
    return true;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::optional<std::size_t> table_schema::column_named(std::string_view name) const {
  for (std::size_t at = 0; at < columns.size(); ++at) {
    if (columns[at].name == name) return at;
  }
  return std::nullopt;
}

std::string encode_schema(table_schema const& schema) {
  std::string bytes;
  append_varint(bytes, format_version);
  append_text(bytes, schema.table);
  append_varint(bytes, schema.columns.size());
  for (auto const& column : schema.columns) append_column(bytes, column);
  append_varint(bytes, schema.key.size());
  for (auto const index : schema.key) append_varint(bytes, index);
  return bytes;
}

result<table_schema> decode_schema(std::string_view bytes) {
  schema_reader reader(bytes);
  table_schema schema;
  if (!reader.take(schema) || !reader.at_end()) {
    return error{error_code::value_malformed, "The table's schema is damaged."};
  }
  return schema;
}

std::uint64_t fingerprint(table_schema const& schema) {
  return hash_key(encode_schema(schema));
}

}  // namespace dualwrite
