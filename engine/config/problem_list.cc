#include "engine/config/problem_list.h"

#include <algorithm>
#include <tuple>

#include "engine/config/scalars.h"
#include "engine/mapping/conversion.h"

namespace dualwrite::engine {

namespace {

// A message quotes what the file holds, which may be anything.
std::string printable(std::string text) {
  for (auto bad = find_bad_byte(text); bad != std::string::npos; bad = find_bad_byte(text))
    text[bad] = '?';
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

problem_list::problem_list(std::string_view text) : text_(text) {}

problem_list::placed problem_list::place(config_code code, text_place where) const {
  placed made;
  auto const offset = std::min(where.offset, text_.size());
  auto const before = text_.substr(0, offset);
  auto const last_end = before.rfind('\n');
  auto const begin = last_end == std::string_view::npos ? 0 : last_end + 1;
  auto const end = std::min(text_.find_first_of("\r\n", offset), text_.size());
  auto const width = count_characters(text_.substr(offset, std::min(where.length, end - offset)));
  made.line_begin = begin;
  made.problem.code = code;
  made.problem.line =
      1 + static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  made.problem.column = 1 + static_cast<std::uint32_t>(count_characters(before.substr(begin)));
  made.problem.width = std::max(1u, static_cast<std::uint32_t>(width));
  return made;
}

void problem_list::show_line(placed& one) const {
  auto const end = std::min(text_.find_first_of("\r\n", one.line_begin), text_.size());
  for (auto at = one.line_begin; at < end; ++at) {
    bool const secret = std::any_of(hidden_.begin(), hidden_.end(), [&](text_place hidden) {
      return at >= hidden.offset && at < hidden.offset + hidden.length;
    });
    bool const begins = (static_cast<unsigned char>(text_[at]) & 0xC0) != 0x80;
    if (!secret) one.problem.source_line.push_back(text_[at]);
    if (secret && begins) one.problem.source_line.push_back('*');
  }
  one.problem.source_line = printable(std::move(one.problem.source_line));
}

void problem_list::error(config_code code,
                         text_place where,
                         std::string message,
                         std::string suggestion) {
  auto made = place(code, where);
  made.problem.message = printable(std::move(message));
  made.problem.suggestion = printable(std::move(suggestion));
  problems_.push_back(std::move(made));
}

void problem_list::warning(config_code code,
                           text_place where,
                           std::string message,
                           std::string suggestion) {
  error(code, where, std::move(message), std::move(suggestion));
  problems_.back().problem.is_warning = true;
}

bool problem_list::has_errors() const {
  return std::any_of(
      problems_.begin(), problems_.end(), [](auto const& one) { return !one.problem.is_warning; });
}

std::vector<config_problem> problem_list::take() {
  std::vector<config_problem> all;
  for (auto& one : problems_) {
    show_line(one);
    all.push_back(std::move(one.problem));
  }
  problems_.clear();
  std::stable_sort(all.begin(), all.end(), [](auto const& a, auto const& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return all;
}

}  // namespace dualwrite::engine
