#include "engine/config/config_problem.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace dualwrite::engine {
namespace {

constexpr std::array<std::string_view, 16> code_names{"syntax",
                                                      "not_supported",
                                                      "unknown_key",
                                                      "duplicate_key",
                                                      "missing_key",
                                                      "wrong_type",
                                                      "invalid_value",
                                                      "invalid_name",
                                                      "name_taken",
                                                      "unknown_app",
                                                      "used_twice",
                                                      "secret_unreadable",
                                                      "secret_in_file",
                                                      "expression",
                                                      "not_one_to_one",
                                                      "unreachable_rule"};
static_assert(code_names.size() == static_cast<std::size_t>(config_code::unreachable_rule) + 1);

// What stands before the caret: as wide as the line's own characters there, so that tabs stay tabs.
std::string blank_before(std::string_view line, std::uint32_t column) {
  std::string blank;
  std::uint32_t at = 0;
  for (char const c : line) {
    bool const begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (!begins) continue;
    if (++at >= column) break;
    blank.push_back(c == '\t' ? '\t' : ' ');
  }
  if (at < column) blank.append(column - at - 1, ' ');
  return blank;
}

}  // namespace

std::string_view name_of(config_code code) {
  return code_names[static_cast<std::size_t>(code)];
}

std::string format_problems(std::span<config_problem const> problems, std::string_view file_name) {
  std::string out;
  auto const into = std::back_inserter(out);
  for (auto const& one : problems) {
    fmt::format_to(into,
                   "{}:{}:{}: {}: {} [{}]\n",
                   file_name,
                   one.line,
                   one.column,
                   one.is_warning ? "warning" : "error",
                   one.message,
                   name_of(one.code));
    fmt::format_to(into, "{:>5} | {}\n", one.line, one.source_line);
    fmt::format_to(into, "      | {}^", blank_before(one.source_line, one.column));
    fmt::format_to(into, "{:~<{}}\n", "", one.width - 1);
    if (!one.suggestion.empty()) fmt::format_to(into, "      = {}\n", one.suggestion);
  }
  return out;
}

}  // namespace dualwrite::engine
