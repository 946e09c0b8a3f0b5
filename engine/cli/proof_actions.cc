#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "engine/api/api_request.h"
#include "engine/api/event_json.h"
#include "engine/api/proof_json.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"
#include "events/store/head_key.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite::engine {
namespace {

constexpr std::string_view from_option[] = {"from"};
constexpr std::string_view to_option[] = {"to"};

exit_code print_report(boost::json::value const& report, command_line const& line) {
  bool const ok = report.at("ok").as_bool();
  if (line.get("output", "text") != "text") {
    print_item(report, {}, line);
  } else if (ok) {
    std::cout << fmt::format("The log is whole: {} events checked, head {}.\n",
                             text_at(report, "events"),
                             text_at(report, "head"));
  } else {
    std::cout << fmt::format("The log is damaged at event {}: {}\n",
                             text_at(report, "first_bad_sequence"),
                             text_at(report, "reason"));
  }
  return ok ? exit_code::fine : exit_code::internal;
}

// A head that was kept in a file, as it was given out.
result<boost::json::value> read_head(std::string const& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  boost::system::error_code failed;
  auto json = boost::json::parse(text.str(), failed);
  if (!file || failed) return error{error_code::head_malformed, path + " cannot be read as JSON."};
  return json;
}

result<verify_report> verify_opened(event_log const& log, command_line const& line) {
  sequence const from{std::stoull(line.get("from", "1"))};
  if (!line.has("head")) return log.verify(from);
  DW_TRY(auto const json, read_head(line.get("head")));
  DW_TRY(auto const head, parse_signed_head(json));
  return verify_with_head(log, from, head);
}

// Without a server: the log is opened as a server would open it, and so refused where one has it
// open.
exit_code verify_folder(std::string const& folder, command_line const& line) {
  auto opened = rocks_event_log::open(folder, {});
  if (!opened) {
    auto const& why = opened.error();
    if (class_of(why.code) != error_class::corrupt) return tell(why);
    verify_report report;
    report.ok = false;
    report.reason = to_string(why);
    report.first_bad = why.at;
    return print_report(verify_json(report), line);
  }
  auto const report = verify_opened(*opened->log, line);
  if (!report) return tell(report.error());
  return print_report(verify_json(*report), line);
}

result<boost::json::value> ask_for_report(command_line const& line) {
  boost::json::object body;
  if (line.has("head")) {
    DW_TRY(body["head"], read_head(line.get("head")));
  }
  DW_TRY(auto client, client_for(line));
  return client.post(with_query("/api/v1/verify", line, from_option), body);
}

// For a program or a file, whatever the terminal is: it is kept and handed on, not read.
exit_code print_document(command_line const& line, std::string const& target) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const document = client->get(target);
  if (!document) return tell(document.error());
  std::cout << boost::json::serialize(*document) << "\n";
  return exit_code::fine;
}

}  // namespace

exit_code run_event_verify(command_line const& line) {
  if (line.has("data-dir")) return verify_folder(line.get("data-dir"), line);
  auto const report = ask_for_report(line);
  if (!report) return tell(report.error());
  return print_report(*report, line);
}

exit_code run_event_head(command_line const& line) {
  return print_document(line, "/api/v1/head");
}

exit_code run_event_prove(command_line const& line) {
  auto const path = fmt::format("/api/v1/events/{}/proof", escape(line.arguments[0]));
  return print_document(line, with_query(path, line, to_option));
}

}  // namespace dualwrite::engine
