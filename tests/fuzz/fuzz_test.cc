// Every target on its valid inputs and on what fuzzers found; in every preset.
//   DW_FUZZ_SEEDS_TO   where to write the valid inputs, a folder for each target
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/fuzz_targets.h"

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

TEST_P(Fuzz, ValidInputsAndTheCorpusAreReadOrRefused) {
  auto const all = inputs();
  ASSERT_FALSE(all.empty());
  for (auto const& input : all) GetParam().run(input);
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
