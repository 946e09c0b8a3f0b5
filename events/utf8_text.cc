#include "events/utf8_text.h"

#include <cstdint>
#include <cstring>

namespace dualwrite {
namespace {

// How many bytes at the begin of `bytes` are surely ASCII: most of all text is.
std::size_t plain_bytes(std::string_view bytes) {
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + sizeof eight <= bytes.size(); at += sizeof eight) {
    std::memcpy(&eight, bytes.data() + at, sizeof eight);
    if ((eight & 0x8080808080808080) != 0) break;
  }
  return at;
}

// How many bytes of `bytes` are one character; zero where none is.
std::size_t character(std::string_view bytes) {
  auto const at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  auto const first = at(0);
  std::size_t const size = first < 0x80                     ? 1
                           : first >= 0xC2 && first <= 0xDF ? 2
                           : first >= 0xE0 && first <= 0xEF ? 3
                           : first >= 0xF0 && first <= 0xF4 ? 4
                                                            : 0;
  if (size == 0 || size > bytes.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && at(1) < 0xA0) return 0;
  if (first == 0xED && at(1) > 0x9F) return 0;
  if (first == 0xF0 && at(1) < 0x90) return 0;
  if (first == 0xF4 && at(1) > 0x8F) return 0;
  return size;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (true) {
    bytes.remove_prefix(plain_bytes(bytes));
    if (bytes.empty()) return true;
    auto const size = character(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
}

std::string utf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    auto const size = character(bytes);
    if (size == 0) {
      text += "\xEF\xBF\xBD";
      bytes.remove_prefix(1);
    } else {
      text += bytes.substr(0, size);
      bytes.remove_prefix(size);
    }
  }
  return text;
}

}  // namespace dualwrite
