// Configuration files with the exact messages that they lead to: tests/golden/config/NAME.yaml and
// NAME.expected, empty for a file without problems. DW_RECORD_GOLDEN=1 writes what is said now, to
// be read before it is committed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/config/load.h"
#include "tests/unit/engine/config/test_secrets.h"

namespace dualwrite::engine {
namespace {

namespace files = std::filesystem;

std::string read(files::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> names() {
  std::vector<std::string> made;
  for (auto const& entry : files::directory_iterator(DW_GOLDEN_CONFIG)) {
    if (entry.path().extension() == ".yaml") made.push_back(entry.path().stem());
  }
  std::sort(made.begin(), made.end());
  return made;
}

class GoldenConfig : public testing::TestWithParam<std::string> {};

TEST_P(GoldenConfig, SaysExactlyWhatIsWrong) {
  files::path const folder = DW_GOLDEN_CONFIG;
  auto const text = read(folder / (GetParam() + ".yaml"));
  auto const expected = folder / (GetParam() + ".expected");
  auto const loaded = load_config(text, GetParam() + ".yaml", test_secrets());
  auto const said = format_problems(loaded.problems, GetParam() + ".yaml");
  if (std::getenv("DW_RECORD_GOLDEN") != nullptr) std::ofstream(expected, std::ios::binary) << said;
  ASSERT_TRUE(files::exists(expected));
  EXPECT_EQ(read(expected), said);
  EXPECT_EQ(GetParam().starts_with("good_"), loaded.config.has_value());
  EXPECT_EQ(std::string::npos, said.find("Pa55word")) << "a secret is shown";
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenConfig, testing::ValuesIn(names()), [](auto const& one) {
  return one.param;
});

}  // namespace
}  // namespace dualwrite::engine
