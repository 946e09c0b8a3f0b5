// docs/cli.md is what the command table says.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "engine/cli/help.h"

namespace dualwrite::engine {
namespace {

TEST(CliReference, DocsAreCurrent) {
  std::ifstream file(DW_CLI_DOCS);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(cli_reference(), text.str()) << "dualwrite help reference > docs/cli.md";
}

TEST(CliHelp, NamesEveryCommand) {
  auto const all = help_text({});
  for (auto const& one : cli_commands())
    EXPECT_NE(std::string::npos, all.find(one.words)) << one.words;
}

TEST(CliHelp, OfACommandShowsItsOptions) {
  std::vector<std::string> const words{"map", "run"};
  auto const help = help_text(words);
  EXPECT_NE(std::string::npos, help.find("--skip-initial-sync"));
  EXPECT_EQ(std::string::npos, help.find("--data-dir"));
}

TEST(CliCompletion, KnowsEveryNoun) {
  auto const script = bash_completion();
  for (auto const* noun : {"map", "error", "event", "serve"}) {
    EXPECT_NE(std::string::npos, script.find(std::string("    ") + noun + ") words="));
  }
}

}  // namespace
}  // namespace dualwrite::engine
