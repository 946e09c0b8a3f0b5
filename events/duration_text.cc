#include "events/duration_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace dualwrite {
namespace {

struct unit {
  std::string_view name;
  std::int64_t us;
};
constexpr std::array<unit, 7> units{{{"us", 1},
                                     {"ms", 1000},
                                     {"s", 1'000'000},
                                     {"m", 60'000'000},
                                     {"h", 3'600'000'000},
                                     {"d", 86'400'000'000},
                                     {"w", 604'800'000'000}}};

constexpr std::int64_t duration_max_us = 10'000 * 366 * units[5].us;

}  // namespace

std::optional<duration> parse_duration(std::string_view text) {
  auto const end = std::min(text.find_first_not_of("0123456789"), text.size());
  std::int64_t number = 0;
  auto const read = std::from_chars(text.data(), text.data() + end, number);
  if (end == 0 || read.ec != std::errc{}) return std::nullopt;
  for (auto const& [name, us] : units) {
    if (name != text.substr(end)) continue;
    if (number > duration_max_us / us) return std::nullopt;
    return duration(number * us);
  }
  return std::nullopt;
}

std::string print_duration(duration span) {
  auto const us = span.count();
  for (auto one = units.rbegin(); one != units.rend(); ++one) {
    // Weeks are read, but days are what people compare.
    if (one->name == "w" || us % one->us != 0 || (us == 0 && one->name != "s")) continue;
    return fmt::format("{}{}", us / one->us, one->name);
  }
  return fmt::format("{}us", us);
}

}  // namespace dualwrite
