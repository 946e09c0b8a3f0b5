#include <gtest/gtest.h>

#include "engine/cli/command_table.h"

namespace dualwrite::engine {
namespace {

using words = std::vector<std::string>;

std::string refusal(words const& given) {
  auto const line = parse_command_line(given);
  return line ? std::string("understood") : line.error().detail;
}

TEST(CommandLine, TakesCommandArgumentsAndOptions) {
  auto const line =
      parse_command_line({"map", "run", "customers", "--wait", "-o", "json", "--timeout=5"});
  ASSERT_TRUE(line);
  EXPECT_EQ("map run", line->command->words);
  EXPECT_EQ(words{"customers"}, line->arguments);
  EXPECT_TRUE(line->has("wait"));
  EXPECT_EQ("json", line->get("output"));
  EXPECT_EQ("5", line->get("timeout"));
}

TEST(CommandLine, OptionsMayStandBeforeTheCommand) {
  auto const line = parse_command_line({"--server", "http://h:1", "-o", "json", "map", "list"});
  ASSERT_TRUE(line);
  EXPECT_EQ("map list", line->command->words);
  EXPECT_EQ("http://h:1", line->get("server"));
  EXPECT_EQ("json", line->get("output"));
}

TEST(CommandLine, BehindTwoDashesEverythingIsAnArgument) {
  auto const line = parse_command_line({"map", "show", "--", "--odd"});
  ASSERT_TRUE(line);
  EXPECT_EQ(words{"--odd"}, line->arguments);
}

TEST(CommandLine, NamesTheCommandThatWasProbablyMeant) {
  EXPECT_NE(std::string::npos, refusal({"statsu"}).find("Did you mean 'status'?"));
  EXPECT_NE(std::string::npos, refusal({"map", "puase"}).find("Did you mean 'pause'?"));
  EXPECT_NE(std::string::npos, refusal({"map", "list", "--lnk", "x"}).find("Did you mean 'link'?"));
}

TEST(CommandLine, SaysWhyNothingIsShownAsOfAnotherTime) {
  auto const why = refusal({"error", "list", "--as-of", "2h"});
  EXPECT_NE(std::string::npos, why.find(sentence_of(error_code::as_of_unavailable))) << why;
}

TEST(CommandLine, EveryRefusalSaysWhatToTry) {
  for (auto const& given : std::vector<words>{{},
                                              {"map"},
                                              {"map", "show"},
                                              {"map", "show", "a", "b"},
                                              {"map", "run"},
                                              {"map", "run", "a", "--all"},
                                              {"map", "list", "-o", "xml"},
                                              {"map", "list", "--output"},
                                              {"map", "run", "a", "--wait=yes"},
                                              {"error", "list", "--limit", "many"}}) {
    EXPECT_NE(std::string::npos, refusal(given).find("\nTry: dualwrite"));
  }
}

TEST(CommandLine, EveryExampleOfTheTableIsUnderstood) {
  for (auto const& one : cli_commands()) {
    std::string text(one.example);
    text = text.substr(0, text.find(" >"));
    words given;
    for (std::size_t at = text.find(' ') + 1; at != std::string::npos + 1;
         at = text.find(' ', at) + 1) {
      given.push_back(text.substr(at, text.find(' ', at) - at));
    }
    auto const line = parse_command_line(given);
    ASSERT_TRUE(line) << one.example << ": " << line.error().detail;
    EXPECT_EQ(&one, line->command) << one.example;
  }
}

TEST(CommandLine, EveryOptionOfACommandIsInTheTable) {
  for (auto const& one : cli_commands()) {
    for (auto const* option : options_of(one)) EXPECT_NE(nullptr, option) << one.words;
  }
}

TEST(ExitCode, NumbersAreThoseThatScriptsArePromised) {
  EXPECT_EQ(exit_code::config_invalid, exit_code_of(error_code::config_invalid));
  EXPECT_EQ(exit_code::unreachable, exit_code_of(error_code::server_unreachable));
  EXPECT_EQ(exit_code::not_authorized, exit_code_of(error_code::not_authorized));
  EXPECT_EQ(exit_code::not_found, exit_code_of(error_code::unknown_map));
  EXPECT_EQ(exit_code::refused, exit_code_of(error_code::illegal_transition));
  EXPECT_EQ(exit_code::timed_out, exit_code_of(error_code::timed_out));
  EXPECT_EQ(exit_code::internal, exit_code_of(error_code::log_corrupt));
  EXPECT_EQ(error_code::unknown_map, error_code_named("unknown_map"));
}

}  // namespace
}  // namespace dualwrite::engine
