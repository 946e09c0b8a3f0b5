#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "engine/api/api_request.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"

namespace dualwrite::engine {
namespace {

constexpr std::string_view export_options[] = {
    "stream", "map", "correlation", "since", "until", "type"};
constexpr std::streamoff step_bytes = 64 * 1024;

// The last line of a file that has an end, and where that is; what is behind it was cut short.
struct last_line {
  std::string text;
  std::uintmax_t end = 0;
};

last_line last_line_of(std::ifstream& file) {
  file.seekg(0, std::ios::end);
  std::streamoff begin = file.tellg();
  std::string tail;
  while (true) {
    auto const end = tail.rfind('\n');
    auto const before =
        end == std::string::npos || end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
    bool const whole = end != std::string::npos && (before != std::string::npos || begin == 0);
    if (whole) {
      auto const first = before == std::string::npos ? 0 : before + 1;
      return {tail.substr(first, end - first), static_cast<std::uintmax_t>(begin) + end + 1};
    }
    if (begin == 0) return {};
    auto const length = std::min(begin, step_bytes);
    begin -= length;
    std::string more(static_cast<std::size_t>(length), '\0');
    file.seekg(begin);
    file.read(more.data(), length);
    tail.insert(0, more);
  }
}

// The sequence to go on from; a last line that was cut short is taken off the file.
result<std::uint64_t> resume(std::string const& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return 1;
  auto const last = last_line_of(file);
  std::uint64_t next = 1;
  if (!last.text.empty()) {
    boost::system::error_code failed;
    auto const event = boost::json::parse(last.text, failed);
    auto const at =
        failed ? result<std::uint64_t>(error{}) : parse_number(text_at(event, "sequence"));
    auto const span =
        failed ? result<std::uint64_t>(error{}) : parse_number(text_at(event, "span"));
    if (!at || !span) {
      return error{error_code::request_invalid,
                   fmt::format("{} does not end in an event; it is left as it is.", path)};
    }
    next = *at + *span;
  }
  std::error_code failed;
  std::filesystem::resize_file(path, last.end, failed);
  if (failed) return error{error_code::request_invalid, path + ": " + failed.message()};
  return next;
}

result<void> export_to(std::ostream& out, std::string const& target, command_line const& line) {
  DW_TRY(auto client, client_for(line));
  std::string cursor;
  do {
    auto page = target;
    if (!cursor.empty()) page += "&cursor=" + cursor;
    DW_TRY(auto const body, client.get(page));
    for (auto const& event : body.at("items").as_array()) {
      out << boost::json::serialize(event) << "\n";
    }
    out.flush();
    if (!out) return error{error_code::folder_refused, "The events cannot be written."};
    cursor = text_at(body, "next_cursor");
  } while (!cursor.empty());
  return {};
}

}  // namespace

exit_code run_event_export(command_line const& line) {
  auto const format = line.get("format", "ndjson");
  if (format != "ndjson" && format != "cloudevents") {
    return tell(error{error_code::request_invalid, "--format is ndjson or cloudevents."});
  }
  auto const path = line.get("file");
  auto from = line.get("from", "1");
  if (!path.empty()) {
    auto const next = resume(path);
    if (!next) return tell(next.error());
    if (*next > 1) from = std::to_string(*next);
  }
  auto const target = fmt::format("/api/v1/events?records=1&limit=1000&format={}&from={}",
                                  format == "ndjson" ? "json" : format,
                                  from);
  std::ofstream file;
  if (!path.empty()) file.open(path, std::ios::binary | std::ios::app);
  auto const done =
      export_to(path.empty() ? std::cout : file, with_query(target, line, export_options), line);
  return done ? exit_code::fine : tell(done.error());
}

}  // namespace dualwrite::engine
