// The columns of a table as an app describes them.
//
// Format (integers are varints, texts a varint length and UTF-8): version 1, table, count of
// columns; per column name, a byte type, a byte of flags (bit 0 nullable, 1 sensitive, 2
// has_default, 3 generated), type_name, a byte element, precision, scale, length_max, count of
// labels, labels; then count of key columns, their indexes. A reader refuses other versions,
// unknown types and flags, and key columns that are not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"
#include "events/value.h"

namespace dualwrite {

struct column_schema {
  std::string name{};
  value_type type = value_type::text;
  bool nullable = true;
  bool sensitive = false;
  bool has_default = false;  // the app fills it where an insert leaves it out
  bool generated = false;    // the app computes it; with a default, it takes that of a new row
  std::string type_name{};   // the app's own; two enumeration or opaque types are the same type if
                             // this is the same
  value_type element = value_type::null;  // of an array's innermost elements
  std::uint32_t precision = 0;            // of a decimal: digits in all; of others: column_limits.h
  std::uint32_t scale = 0;                // of a decimal with a precision; 32 bits with a sign
  std::uint32_t length_max = 0;           // of a text, in characters; 0 where there is no limit
  std::vector<std::string> labels{};      // of an enumeration, where known

  friend bool operator==(column_schema const&, column_schema const&) = default;
};

struct table_schema {
  std::string table{};
  std::vector<column_schema> columns{};
  std::vector<std::size_t> key{};  // the columns of the app's own key, in its order

  [[nodiscard]] std::optional<std::size_t> column_named(std::string_view name) const;

  friend bool operator==(table_schema const&, table_schema const&) = default;
};

// Equal schemas give equal bytes.
[[nodiscard]] std::string encode_schema(table_schema const& schema);
// Errors: `value_malformed`.
[[nodiscard]] result<table_schema> decode_schema(std::string_view bytes);

// hash_key() of the encoded schema: a change of anything above changes it.
[[nodiscard]] std::uint64_t fingerprint(table_schema const& schema);

}  // namespace dualwrite
