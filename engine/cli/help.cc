#include "engine/cli/help.h"

#include <fmt/format.h>
#include <cstdio>
#include <set>

#include "engine/cli/cli_actions.h"

namespace dualwrite::engine {
namespace {

std::string_view noun_of(cli_command const& one) {
  return one.words.substr(0, one.words.find(' '));
}

std::string spelled(cli_option const& one) {
  return one.value.empty() ? fmt::format("--{}", one.name)
                           : fmt::format("--{} {}", one.name, one.value);
}

std::string usage_of(cli_command const& one) {
  auto text = fmt::format("dualwrite {}", one.words);
  if (!one.arguments.empty()) text += fmt::format(" {}", one.arguments);
  if (!options_of(one).empty()) text += " [options]";
  return text;
}

std::string help_of(cli_command const& one) {
  auto text = fmt::format("{}\n\n  {}\n", one.summary, usage_of(one));
  auto const known = options_of(one);
  if (!known.empty()) text += "\nOptions:\n";
  for (auto const* option : known)
    text += fmt::format("  {:<20} {}\n", spelled(*option), option->help);
  return text + fmt::format("\nExample:\n  {}\n", one.example);
}

constexpr std::string_view exit_codes =
    "0 done, 1 internal error, 2 usage, 3 configuration invalid, 4 done but records failed,\n"
    "5 server or app unreachable, 6 not allowed, 7 not found, 8 refused in this state, 9 timeout";

}  // namespace

std::string help_text(std::span<std::string const> words) {
  std::string wanted;
  for (auto const& word : words) wanted += (wanted.empty() ? "" : " ") + word;
  std::string list;
  for (auto const& one : cli_commands()) {
    if (one.words == wanted) return help_of(one);
    if (!wanted.empty() && noun_of(one) != words[0]) continue;
    auto const called = fmt::format("{} {}", one.words, one.arguments);
    list += fmt::format("  {:<24} {}\n", called, one.summary);
  }
  if (list.empty()) return help_text({});
  return fmt::format(
      "dualwrite keeps tables of two applications in step, and shows all it did.\n\nCommands:\n{}\n"
      "dualwrite help COMMAND says more. Exit codes:\n{}\n",
      list,
      exit_codes);
}

std::string bash_completion() {
  std::set<std::string_view> nouns;
  std::string cases;
  for (auto const& one : cli_commands()) nouns.insert(noun_of(one));
  for (auto const noun : nouns) {
    std::set<std::string> words;
    for (auto const& one : cli_commands()) {
      if (noun_of(one) != noun) continue;
      if (one.words != noun) words.insert(std::string(one.words.substr(noun.size() + 1)));
      for (auto const* option : options_of(one)) words.insert(fmt::format("--{}", option->name));
    }
    cases += fmt::format("    {}) words=\"{}\" ;;\n", noun, fmt::join(words, " "));
  }
  return fmt::format(
      "# Completes command lines of dualwrite in bash.\n"
      "_dualwrite() {{\n"
      "  local words=\"{}\"\n"
      "  if [ \"$COMP_CWORD\" -gt 1 ]; then\n"
      "    words=\"\"\n"
      "    case \"${{COMP_WORDS[1]}}\" in\n{}    esac\n"
      "  fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n"
      "}}\n"
      "complete -o default -F _dualwrite dualwrite\n",
      fmt::join(nouns, " "),
      cases);
}

std::string cli_reference() {
  std::string text =
      "# Command line\n\n"
      "Made from the command table of the program; a test holds it to that.\n\n"
      "Data goes to stdout, talk to stderr. A map is named `MAP`, or `LINK/MAP` where that is\n"
      "ambiguous. A client finds its server by `--server` and `--token`, by `DUALWRITE_SERVER` "
      "and\n"
      "`DUALWRITE_TOKEN`, or by `--config FILE`: the address from the file, the token from\n"
      "`data_dir/admin.token`. Lists and objects of `-o json` are those of the API: 64-bit "
      "integers\n"
      "are texts, so that no reader changes them.\n\n";
  text += fmt::format("Exit codes: {}.\n", exit_codes);
  for (auto const& one : cli_commands()) {
    text += fmt::format("\n## {}\n\n{}\n\n```\n{}\n```\n\n", one.words, one.summary, usage_of(one));
    auto const known = options_of(one);
    for (auto const* option : known)
      text += fmt::format("- `{}`: {}\n", spelled(*option), option->help);
    text += fmt::format("{}Example: `{}`\n", known.empty() ? "" : "\n", one.example);
  }
  return text;
}

exit_code run_completion(command_line const&) {
  std::fputs(bash_completion().c_str(), stdout);
  return exit_code::fine;
}

exit_code run_help(command_line const& line) {
  bool const reference = line.arguments.size() == 1 && line.arguments[0] == "reference";
  auto const text = reference ? cli_reference() : help_text(line.arguments);
  std::fputs(text.c_str(), stdout);
  return exit_code::fine;
}

}  // namespace dualwrite::engine
