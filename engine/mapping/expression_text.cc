#include "engine/mapping/expression_text.h"

#include <algorithm>
#include <vector>

#include "engine/mapping/conversion.h"

namespace dualwrite::engine {
namespace {

// The first character: as many bytes as its first byte says if they are there and belong to it,
// else one.
std::string_view first_character(std::string_view text) {
  auto const head = static_cast<unsigned char>(text.front());
  std::size_t const size = head >= 0xF0 ? 4 : head >= 0xE0 ? 3 : head >= 0xC0 ? 2 : 1;
  if (size > text.size()) return text.substr(0, 1);
  for (std::size_t at = 1; at < size; ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) return text.substr(0, 1);
  }
  return text.substr(0, size);
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> made;
  while (!text.empty()) {
    made.push_back(first_character(text));
    text.remove_prefix(made.back().size());
  }
  return made;
}

// Letters outside ASCII whose two forms lie a fixed distance apart: capitals from `first` to
// `last`, in steps.
struct letter_range {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t step;
  std::uint32_t distance;
};
constexpr letter_range ranges[] = {
    {0xC0, 0xD6, 1, 32},
    {0xD8, 0xDE, 1, 32},
    {0x100, 0x12E, 2, 1},
    {0x132, 0x136, 2, 1},
    {0x139, 0x147, 2, 1},
    {0x14A, 0x176, 2, 1},
    {0x179, 0x17D, 2, 1},
    {0x388, 0x38A, 1, 37},
    {0x391, 0x3A1, 1, 32},
    {0x3A3, 0x3AB, 1, 32},
    {0x400, 0x40F, 1, 80},
    {0x410, 0x42F, 1, 32},
    {0x460, 0x480, 2, 1},
    {0x48A, 0x4BE, 2, 1},
    {0x4D0, 0x52E, 2, 1},
};
// 0x386 and 0x178 stand alone.
constexpr std::pair<std::uint32_t, std::uint32_t> pairs[] = {
    {0x386, 0x3AC}, {0x178, 0xFF}, {0x38C, 0x3CC}, {0x38E, 0x3CD}, {0x38F, 0x3CE}};

std::uint32_t change_point(std::uint32_t point, bool upper) {
  for (auto const& [capital, small] : pairs) {
    if (point == (upper ? small : capital)) return upper ? capital : small;
  }
  for (auto const& range : ranges) {
    auto const offset = upper ? range.distance : 0;
    bool const inside = point >= range.first + offset && point <= range.last + offset;
    if (!inside || (point - range.first - offset) % range.step != 0) continue;
    return upper ? point - range.distance : point + range.distance;
  }
  return point;
}

std::string change_case(std::string_view text, bool upper) {
  std::string made;
  made.reserve(text.size());
  for (auto const one : characters(text)) {
    if (one.size() == 1) {
      char const c = one.front();
      bool const changes = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
      made.push_back(changes ? static_cast<char>(c ^ 0x20) : c);
    } else if (one.size() == 2) {
      // All of the letters above have two bytes, in both forms.
      std::uint32_t const point =
          (static_cast<std::uint32_t>(one[0] & 0x1F) << 6) | (one[1] & 0x3F);
      auto const changed = change_point(point, upper);
      made.push_back(static_cast<char>(0xC0 | changed >> 6));
      made.push_back(static_cast<char>(0x80 | (changed & 0x3F)));
    } else {
      made += one;
    }
  }
  return made;
}

bool is_one_of(std::string_view one, std::vector<std::string_view> const& which) {
  return std::find(which.begin(), which.end(), one) != which.end();
}

enum class wish : std::uint8_t { itself, any_one, any_number };
struct pattern_part {
  wish what;
  std::string_view character;
};

std::vector<pattern_part> read_pattern(std::string_view pattern, std::string_view escape) {
  std::vector<pattern_part> parts;
  auto const all = characters(pattern);
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (!escape.empty() && all[at] == escape && at + 1 < all.size()) {
      parts.push_back({wish::itself, all[++at]});
    } else if (all[at] == "%") {
      parts.push_back({wish::any_number, {}});
    } else {
      parts.push_back({all[at] == "_" ? wish::any_one : wish::itself, all[at]});
    }
  }
  return parts;
}

}  // namespace

std::string trim_text(std::string_view text, std::string_view which, trim_end from) {
  auto const all = characters(text);
  auto const taken = characters(which);
  auto begin = all.begin();
  auto end = all.end();
  if (from != trim_end::back) {
    while (begin != end && is_one_of(*begin, taken)) ++begin;
  }
  if (from != trim_end::front) {
    while (begin != end && is_one_of(*(end - 1), taken)) --end;
  }
  std::string made;
  for (; begin != end; ++begin) made += *begin;
  return made;
}

std::string to_upper(std::string_view text) {
  return change_case(text, true);
}
std::string to_lower(std::string_view text) {
  return change_case(text, false);
}

std::string_view substring(std::string_view text, std::int64_t start, std::int64_t length) {
  auto const all = characters(text);
  auto const size = static_cast<std::int64_t>(all.size());
  auto const begin = start > 0 ? std::min(start - 1, size)
                               : std::max<std::int64_t>(0, start < 0 ? size + start : 0);
  auto const end = begin + std::clamp<std::int64_t>(length, 0, size - begin);
  auto const place = [&](std::int64_t at) {
    return at == size
               ? text.size()
               : static_cast<std::size_t>(all[static_cast<std::size_t>(at)].data() - text.data());
  };
  return text.substr(place(begin), place(end) - place(begin));
}

std::string replace_all(std::string_view text, std::string_view part, std::string_view by) {
  std::string made;
  if (part.empty()) return std::string(text);
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part)) {
    made += text.substr(0, at);
    made += by;
    text.remove_prefix(at + part.size());
  }
  made += text;
  return made;
}

std::int64_t find_character(std::string_view text, std::string_view part) {
  auto const at = text.find(part);
  if (at == std::string_view::npos) return 0;
  return static_cast<std::int64_t>(count_characters(text.substr(0, at))) + 1;
}

bool matches_like(std::string_view text, std::string_view pattern, std::string_view escape) {
  auto const all = characters(text);
  auto const parts = read_pattern(pattern, escape);
  std::size_t at = 0;
  std::size_t part = 0;
  // Where to go on from when a guess fails: the last % and the character it did not take yet.
  std::size_t retry_part = parts.size() + 1;
  std::size_t retry_at = 0;
  while (at < all.size()) {
    if (part < parts.size() && parts[part].what == wish::any_number) {
      retry_part = ++part;
      retry_at = at;
    } else if (part < parts.size() &&
               (parts[part].what == wish::any_one || parts[part].character == all[at])) {
      ++part;
      ++at;
    } else if (retry_part <= parts.size()) {
      part = retry_part;
      at = ++retry_at;
    } else {
      return false;
    }
  }
  while (part < parts.size() && parts[part].what == wish::any_number) ++part;
  return part == parts.size();
}

}  // namespace dualwrite::engine
