// Random commit groups for the tests of the log: a seed gives the same ones everywhere.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "events/stored_event.h"

namespace dualwrite::tests {

// The standard's distributions differ between libraries; this one does not.
class dice {
 public:
  explicit dice(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

inline std::vector<std::byte> random_bytes(dice& dice, std::size_t length) {
  std::vector<std::byte> bytes(length);
  // Half of them compress well, like rows do; the rest does not.
  std::uint64_t const variety = dice.one_in(2) ? 4 : 256;
  for (auto& byte : bytes) byte = static_cast<std::byte>(dice.below(variety));
  return bytes;
}

inline encoded_event random_event(dice& dice) {
  encoded_event event;
  event.stream = {static_cast<stream_kind>(dice.below(5)), dice.below(4)};
  event.link = link_id{dice.below(3)};
  event.span = dice.one_in(3) ? static_cast<std::uint32_t>(1 + dice.below(1000)) : 1;
  auto const limit = dice.one_in(20) ? 100'000 : dice.one_in(4) ? 3000 : 300;
  event.bytes = random_bytes(dice, dice.below(static_cast<std::uint64_t>(limit)));
  return event;
}

inline std::vector<encoded_event> random_group(dice& dice) {
  std::vector<encoded_event> group;
  auto const count = 1 + dice.below(dice.one_in(5) ? 200 : 8);
  for (std::uint64_t i = 0; i < count; ++i) {
    // Runs of one link, as the writer makes them, and now and then a mix.
    if (!group.empty() && !dice.one_in(4)) {
      auto event = random_event(dice);
      event.link = group.back().link;
      group.push_back(std::move(event));
    } else {
      group.push_back(random_event(dice));
    }
  }
  return group;
}

}  // namespace dualwrite::tests
