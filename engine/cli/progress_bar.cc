#include "engine/cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>
#include <cstdio>
#include <utility>

#include "engine/cli/table_text.h"

namespace dualwrite::engine {

progress_bar::progress_bar(std::string title)
    : title_(std::move(title)),
      terminal_(::isatty(STDERR_FILENO) != 0),
      started_(std::chrono::steady_clock::now()) {}

void progress_bar::show(boost::json::value const& execution) {
  if (!terminal_) return;
  std::string legs;
  for (auto const& leg : execution.at("legs").as_array()) {
    legs += fmt::format("  {} {} rows, {}/s{}",
                        text_at(leg, "direction"),
                        text_at(leg, "rows"),
                        text_at(leg, "rows_per_second"),
                        text_at(leg, "state") == "completed" ? ", done" : "");
  }
  auto const took =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  fmt::print(stderr, "\r\x1b[K{}{}  {} s", title_, legs, took.count());
  std::fflush(stderr);
  shown_ = true;
}

void progress_bar::clear() {
  if (std::exchange(shown_, false)) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace dualwrite::engine
