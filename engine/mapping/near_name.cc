#include "engine/mapping/near_name.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace dualwrite::engine {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// How many letters have to be put in, taken out, replaced or swapped with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      bool const same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      bool const swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(above, std::move(row));
  }
  return above.back();
}

}  // namespace

std::string near_name(std::string_view name, std::span<std::string_view const> known) {
  constexpr std::size_t length_max = 100;
  std::string_view best;
  auto best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  if (name.size() > length_max) return {};
  for (auto const one : known) {
    if (one.size() > length_max) continue;
    if (auto const far = distance(name, one); far < best_distance) {
      best = one;
      best_distance = far;
    }
  }
  return std::string(best);
}

}  // namespace dualwrite::engine
