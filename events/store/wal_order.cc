#include "events/store/wal_order.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "events/endian.h"

namespace dualwrite {
namespace {

namespace fs = std::filesystem;

// A record is a check sum (4 bytes), a length (2) and a type (1): 1 is a whole one, 2 the first
// part of one. Its payload is a batch, which begins with its sequence, 8 bytes, little-endian.
constexpr std::size_t type_at = 6;
constexpr std::size_t sequence_at = 7;
constexpr std::size_t head_bytes = sequence_at + 8;

std::optional<std::uint64_t> first_sequence(fs::path const& path) {
  std::array<std::byte, head_bytes> head{};
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(head.data()), head.size())) return std::nullopt;
  auto const type = std::to_integer<int>(head[type_at]);
  if (type != 1 && type != 2) return std::nullopt;
  return load_little<std::uint64_t>(head.data() + sequence_at);
}

}  // namespace

result<void> check_wal_order(fs::path const& folder) {
  std::map<std::uint64_t, fs::path> files;
  std::error_code failed;
  for (auto const& entry : fs::directory_iterator(folder, failed)) {
    auto const name = entry.path().stem().string();
    bool const is_number = name.find_first_not_of("0123456789") == std::string::npos;
    if (entry.path().extension() == ".log" && is_number && name.size() < 19)
      files[std::stoull(name)] = entry.path();
  }
  std::uint64_t last = 0;
  for (auto const& [number, path] : files) {
    auto const first = first_sequence(path);
    if (!first) continue;
    if (*first < last) {
      return error{error_code::log_corrupt,
                   fmt::format("{} holds older writes than the file before it.", path.string())};
    }
    last = *first;
  }
  return {};
}

}  // namespace dualwrite
