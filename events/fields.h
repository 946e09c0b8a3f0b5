// Lists the members of an event in the order of its schema's field ids, once, for encoding,
// decoding, views' snapshots and the test that holds the structs against the schema.
#pragma once

#include <string_view>
#include <tuple>

#define DW_FIELDS(...)            \
  auto fields() {                 \
    return std::tie(__VA_ARGS__); \
  }                               \
  auto fields() const {           \
    return std::tie(__VA_ARGS__); \
  }                               \
  static constexpr std::string_view field_names = #__VA_ARGS__

namespace dualwrite {

// Bytes that are not text. A view: whoever made the event or holds its buffer owns them.
struct blob {
  std::string_view bytes;
  friend bool operator==(blob, blob) = default;
};

}  // namespace dualwrite
