// Every target on its valid inputs, on what fuzzers found, and on many changes of both. Without a
// fuzzer's guidance, but in every run, under the sanitizers.
//   DW_FUZZ_ROUNDS     changes of each target (default: a million)
//   DW_FUZZ_SEEDS_TO   where to write the valid inputs, a folder for each target
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/fuzz_targets.h"
#include "tests/support/random_events.h"

namespace dualwrite::tests {
namespace {

namespace fs = std::filesystem;

class Fuzz : public testing::TestWithParam<fuzz_target> {
 protected:
  std::vector<std::string> inputs() const {
    auto all = GetParam().seeds();
    std::ifstream corpus{fs::path{DW_FUZZ_CORPUS} / (std::string{GetParam().name} + ".hex")};
    for (std::string line; std::getline(corpus, line);) {
      auto& input = all.emplace_back();
      for (std::size_t at = 0; at + 1 < line.size(); at += 2)
        input.push_back(static_cast<char>(std::stoi(line.substr(at, 2), nullptr, 16)));
    }
    return all;
  }
};

std::string changed(std::string bytes, std::string const& other, dice& dice) {
  for (auto changes = 1 + dice.below(4); changes > 0 && !bytes.empty(); --changes) {
    auto const at = dice.below(bytes.size());
    switch (dice.below(6)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.insert(at, other.substr(dice.below(other.size() + 1), dice.below(20)));
        break;
      case 2:
        bytes.erase(at, dice.below(8));
        break;
      case 3:
        bytes[at] = static_cast<char>(dice.one_in(2) ? 0xff : 0x80);
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1u << dice.below(8)));
    }
  }
  return bytes;
}

TEST_P(Fuzz, ValidInputsAndChangesOfThemAreReadOrRefused) {
  auto const all = inputs();
  ASSERT_FALSE(all.empty());
  for (auto const& input : all) GetParam().run(input);
  auto const* const asked = std::getenv("DW_FUZZ_ROUNDS");
  auto const rounds = asked == nullptr ? 1'000'000 : std::atoi(asked);
  dice dice{41};
  for (int round = 0; round < rounds; ++round) {
    auto const& one = all[dice.below(all.size())];
    GetParam().run(changed(one, all[dice.below(all.size())], dice));
  }
}

TEST_P(Fuzz, SeedsAreWrittenWhereAsked) {
  auto const* const folder = std::getenv("DW_FUZZ_SEEDS_TO");
  if (folder == nullptr) GTEST_SKIP() << "DW_FUZZ_SEEDS_TO names no folder";
  auto const to = fs::path{folder} / GetParam().name;
  fs::create_directories(to);
  auto const seeds = GetParam().seeds();
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream{to / ("seed-" + std::to_string(i)), std::ios::binary} << seeds[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Targets,
                         Fuzz,
                         testing::ValuesIn(fuzz_targets().begin(), fuzz_targets().end()),
                         [](auto const& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace dualwrite::tests
