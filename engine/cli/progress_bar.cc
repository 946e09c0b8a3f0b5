#include "engine/cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "engine/cli/table_text.h"

namespace dualwrite::engine {
namespace {

constexpr std::uint64_t bar_width = 20;

std::uint64_t number_at(boost::json::value const& leg, std::string_view name) {
  auto const text = text_at(leg, name);
  return text.empty() ? 0 : std::stoull(text);
}

std::string duration_text(std::uint64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{}:{:02} min", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02} h", seconds / 3600, seconds / 60 % 60);
}

std::string leg_text(boost::json::value const& leg) {
  auto const way = text_at(leg, "direction") == "left_to_right" ? "->" : "<-";
  auto const state = text_at(leg, "state");
  auto const rows = number_at(leg, "rows");
  if (state == "waiting") return fmt::format("{} waits", way);
  if (state == "completed") return fmt::format("{} {} rows, done", way, rows);
  auto const rate = number_at(leg, "rows_per_second");
  auto const expected = number_at(leg, "expected_rows");
  if (expected == 0) return fmt::format("{} {} rows, {}/s", way, rows, rate);
  auto const done = std::min(rows, expected);
  auto const filled = done * bar_width / expected;
  auto text = fmt::format("{} [{:#<{}}{:.<{}}] {}/{} rows, {} %, {}/s",
                          way,
                          "",
                          filled,
                          "",
                          bar_width - filled,
                          rows,
                          expected,
                          done * 100 / expected,
                          rate);
  if (rate > 0)
    text += fmt::format(", {} left", duration_text((expected - done + rate - 1) / rate));
  return text;
}

}  // namespace

std::string progress_text(std::string const& title, boost::json::value const& execution) {
  auto text = title;
  for (auto const& leg : execution.at("legs").as_array()) text += "  " + leg_text(leg);
  return text;
}

progress_bar::progress_bar(std::string title)
    : title_(std::move(title)), terminal_(::isatty(STDERR_FILENO) != 0) {}

void progress_bar::show(boost::json::value const& execution) {
  if (!terminal_) return;
  fmt::print(stderr, "\r\x1b[K{}", progress_text(title_, execution));
  std::fflush(stderr);
  shown_ = true;
}

void progress_bar::clear() {
  if (std::exchange(shown_, false)) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace dualwrite::engine
