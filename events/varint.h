// Integers of unknown size in few bytes: LEB128, least significant group first, at most ten bytes,
// no needless last group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dualwrite {

inline void append_varint(std::string& bytes, std::uint64_t number) {
  while (number >= 0x80) {
    bytes.push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  bytes.push_back(static_cast<char>(number));
}

// Takes a number off the front of `rest`; nothing, and `rest` as it was, where there is none.
// One number has one form only, so that equal values are equal bytes.
[[nodiscard]] inline std::optional<std::uint64_t> take_varint(std::string_view& rest) {
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < rest.size() && at < 10; ++at) {
    auto const group = static_cast<std::uint8_t>(rest[at]);
    if (at == 9 && group > 1) return std::nullopt;
    number |= std::uint64_t{group & 0x7FU} << (7 * at);
    if ((group & 0x80U) == 0) {
      if (group == 0 && at > 0) return std::nullopt;
      rest.remove_prefix(at + 1);
      return number;
    }
  }
  return std::nullopt;
}

// Small negative numbers are small too: 0, -1, 1, -2 become 0, 1, 2, 3.
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t number) {
  return static_cast<std::int64_t>((number >> 1) ^ (~(number & 1) + 1));
}

}  // namespace dualwrite
