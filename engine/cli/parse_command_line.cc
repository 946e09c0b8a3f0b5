#include <fmt/format.h>
#include <algorithm>

#include "engine/cli/command_table.h"
#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

error usage(std::string what, std::string_view try_this) {
  return error{error_code::request_invalid, fmt::format("{}\nTry: {}", what, try_this)};
}

std::string meant(std::string_view name, std::vector<std::string_view> const& known) {
  auto const near = near_name(name, known);
  return near.empty() ? std::string() : fmt::format(" Did you mean '{}'?", near);
}

// The command whose words the line begins with; `taken` says how many they are.
cli_command const* command_of(std::vector<std::string> const& words, std::size_t& taken) {
  cli_command const* best = nullptr;
  taken = 0;
  for (auto const& one : cli_commands()) {
    auto const space = one.words.find(' ');
    auto const noun = one.words.substr(0, space);
    bool const two = space != std::string_view::npos;
    if (words.empty() || words[0] != noun) continue;
    if (two && (words.size() < 2 || words[1] != one.words.substr(space + 1))) continue;
    best = &one;
    taken = two ? 2 : 1;
  }
  return best;
}

error unknown_command(std::vector<std::string> const& words) {
  std::vector<std::string_view> nouns, verbs;
  for (auto const& one : cli_commands()) {
    auto const space = one.words.find(' ');
    auto const noun = one.words.substr(0, space);
    if (std::find(nouns.begin(), nouns.end(), noun) == nouns.end()) nouns.push_back(noun);
    if (space != std::string_view::npos && noun == words[0])
      verbs.push_back(one.words.substr(space + 1));
  }
  if (verbs.empty()) {
    return usage(fmt::format("There is no command '{}'.{}", words[0], meant(words[0], nouns)),
                 "dualwrite help");
  }
  auto const help = fmt::format("dualwrite help {}", words[0]);
  if (words.size() < 2)
    return usage(fmt::format("'{}' of what? One of: {}.", words[0], fmt::join(verbs, ", ")), help);
  return usage(fmt::format("'{}' cannot '{}'.{}", words[0], words[1], meant(words[1], verbs)),
               help);
}

struct line_reader {
  std::vector<std::string> const& words;
  command_line line;
  std::vector<cli_option const*> known;

  result<void> take_option(std::size_t& at) {
    auto text = words[at];
    if (text.starts_with("-o") && text.size() > 2) text = "--output=" + text.substr(2);
    if (text == "-o") text = "--output";
    if (text == "-h") text = "--help";
    auto const equals = text.find('=');
    auto const name = text.substr(2, equals == std::string::npos ? equals : equals - 2);
    auto const one = std::find_if(
        known.begin(), known.end(), [&](auto const* option) { return option->name == name; });
    if (!text.starts_with("--") || one == known.end()) return unknown_option(words[at], name);
    if ((*one)->value.empty()) {
      if (equals != std::string::npos) return wrong(fmt::format("--{} takes no value.", name));
      line.options[name] = "yes";
      return {};
    }
    if (equals != std::string::npos) {
      line.options[name] = text.substr(equals + 1);
    } else if (at + 1 < words.size()) {
      line.options[name] = words[++at];
    } else {
      return wrong(fmt::format("--{} needs a value: {}.", name, (*one)->value));
    }
    return {};
  }

  error wrong(std::string what) const { return usage(std::move(what), line.command->example); }
  error unknown_option(std::string_view said, std::string_view name) const {
    std::vector<std::string_view> names;
    for (auto const* option : known) names.push_back(option->name);
    auto const why = name == "as-of"
                         ? fmt::format(" {}", sentence_of(error_code::as_of_unavailable))
                         : meant(name, names);
    return wrong(fmt::format("'{}' has no option '{}'.{}", line.command->words, said, why));
  }

  result<void> check() const {
    auto const& command = *line.command;
    auto const count = line.arguments.size();
    bool const others_choose = line.has("all") || line.has("link");
    bool const chooses = command.arguments.ends_with("…") && !command.arguments.starts_with('[');
    if (count < command.arguments_min || (chooses && count == 0 && !others_choose)) {
      return wrong(fmt::format("'{}' needs {}.", command.words, command.arguments));
    }
    if (count > command.arguments_max) {
      return wrong(fmt::format("'{}' does not know what to do with '{}'.",
                               command.words,
                               line.arguments[command.arguments_max]));
    }
    if (line.has("all") && count != 0) return wrong("Either name them, or say --all.");
    auto const format = line.get("output", "text");
    if (format != "text" && format != "json" && format != "jsonl" && format != "csv") {
      return wrong(fmt::format(
          "There is no output format '{}'; there are text, json, jsonl and csv.", format));
    }
    for (auto const* number : {"timeout", "limit", "from", "to", "correlation"}) {
      auto const text = line.get(number, "0");
      bool const digits =
          !text.empty() && text.size() < 19 &&
          std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (!digits) return wrong(fmt::format("--{} needs a number, not '{}'.", number, text));
    }
    return {};
  }
};

// Options that stand before the command are taken as if they stood behind it.
std::vector<std::string> command_first(std::vector<std::string> const& words) {
  std::size_t at = 0;
  while (at < words.size() && words[at].size() > 1 && words[at].starts_with('-') &&
         words[at] != "--") {
    auto const name = words[at] == "-o"
                          ? std::string("output")
                          : words[at].substr(std::min<std::size_t>(2, words[at].size()));
    auto const options = cli_options();
    auto const one = std::find_if(
        options.begin(), options.end(), [&](auto const& option) { return option.name == name; });
    at += one != options.end() && !one->value.empty() ? 2 : 1;
  }
  at = std::min(at, words.size());
  std::vector<std::string> turned(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  auto const behind_command = turned.size() < 2 ? turned.size() : std::size_t{2};
  // In front of the arguments, so that "--" still ends the options.
  auto const place = turned.begin() + static_cast<std::ptrdiff_t>(behind_command);
  turned.insert(place, words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at));
  return turned;
}

}  // namespace

result<command_line> parse_command_line(std::vector<std::string> const& given) {
  auto const words = command_first(given);
  auto const is_help = [](std::string const& word) { return word == "--help" || word == "-h"; };
  std::size_t taken = 0;
  if (words.empty()) return usage("What is to be done?", "dualwrite help");
  auto const* command = command_of(words, taken);
  if (std::any_of(words.begin(), words.end(), is_help)) {
    command_line help;
    std::size_t one = 0;
    help.command = command_of({"help"}, one);
    for (auto const& word : words) {
      if (!word.starts_with('-') && help.arguments.size() < 2) help.arguments.push_back(word);
    }
    return help;
  }
  if (command == nullptr) return unknown_command(words);
  line_reader reader{words, {}, options_of(*command)};
  reader.line.command = command;
  bool only_arguments = false;
  for (auto at = taken; at < words.size(); ++at) {
    if (!only_arguments && words[at] == "--") {
      only_arguments = true;
    } else if (!only_arguments && words[at].starts_with('-') && words[at].size() > 1) {
      DW_CHECK(reader.take_option(at));
    } else {
      reader.line.arguments.push_back(words[at]);
    }
  }
  DW_CHECK(reader.check());
  return std::move(reader.line);
}

}  // namespace dualwrite::engine
