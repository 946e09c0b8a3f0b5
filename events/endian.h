// Integers in bytes: little-endian inside the log's formats, big-endian in keys, where bytes must
// sort like numbers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dualwrite {

static_assert(std::endian::native == std::endian::little, "the log is read in place");

template <class Integer>
void store_little(std::byte* to, Integer number) {
  std::memcpy(to, &number, sizeof number);
}

template <class Integer>
[[nodiscard]] Integer load_little(std::byte const* from) {
  Integer number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

inline void store_big(char* to, std::uint64_t number) {
  number = __builtin_bswap64(number);
  std::memcpy(to, &number, sizeof number);
}

[[nodiscard]] inline std::uint64_t load_big(char const* from) {
  std::uint64_t number = 0;
  std::memcpy(&number, from, sizeof number);
  return __builtin_bswap64(number);
}

}  // namespace dualwrite
