#include <fmt/format.h>
#include <boost/json/object.hpp>
#include <chrono>
#include <set>
#include <thread>

#include "engine/api/api_request.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"
#include "events/duration_text.h"

namespace dualwrite::engine {
namespace {

constexpr table_column columns_of_rules[] = {
    {"RULE", "name"},
    {"LINK", "link"},
    {"STATE", "state"},
    {"WHEN", "condition"},
    {"COUNTED", "counted", true},
    {"THEN", "then"},
    {"FIRED", "fired", true},
    {"NOTIFY", "notify"},
    {"UNSENT", "waiting.messages", true},
    {"PENDING RESTART", "pending_restart"},
    {"MUTED UNTIL", "muted_until"},
};
constexpr table_column firing_columns[] = {
    {"SEQUENCE", "sequence", true}, {"AT", "at"}, {"MAP", "map"}, {"ERRORS", "count", true}};
constexpr table_column history_columns[] = {
    {"SEQUENCE", "sequence", true},
    {"AT", "recorded_at"},
    {"WHAT", "type"},
    {"BY", "actor"},
    {"DATA", "data"},
};

std::string alert_target(std::string const& name) {
  return "/api/v1/alerts/" + escape(name);
}

// What became of the messages of one test, by recipient, as far as it is known.
struct told_so_far {
  std::set<std::string> done;
  exit_code worst = exit_code::fine;
};

void look_at(boost::json::value const& event, std::string const& test, told_so_far& told) {
  auto const type = text_at(event, "type");
  if (!type.starts_with("Notification") || text_at(event, "data.about") != test) return;
  auto const recipient = text_at(event, "data.recipient");
  if (!told.done.insert(recipient).second) return;
  auto const reply = text_at(event, "data.reply");
  if (type == "NotificationSent") {
    fmt::print("{}: sent ({})\n", recipient, reply);
    return;
  }
  fmt::print("{}: {}: {}\n", recipient, text_at(event, "data.code"), reply);
  told.worst = exit_code::record_errors;
}

exit_code await_test(http_client& client,
                     std::string const& target,
                     boost::json::value const& asked,
                     command_line const& line) {
  auto const until = std::chrono::steady_clock::now() +
                     std::chrono::seconds(std::stoll(line.get("timeout", "60")));
  auto const recipients = asked.at("recipients").as_array().size();
  told_so_far told;
  while (told.done.size() < recipients) {
    auto const history = client.get(target + "/history?limit=1000");
    if (!history) return tell(history.error());
    for (auto const& event : history->at("items").as_array())
      look_at(event, text_at(asked, "id"), told);
    if (told.done.size() >= recipients) break;
    if (std::chrono::steady_clock::now() >= until)
      return tell(error{error_code::timed_out, "The messages are still under way."});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return told.worst;
}

}  // namespace

std::span<table_column const> alert_columns() {
  return columns_of_rules;
}

exit_code run_alert_list(command_line const& line) {
  return list_items(line, "/api/v1/alerts", columns_of_rules);
}

exit_code run_alert_show(command_line const& line) {
  return show_item(line, alert_target(line.arguments[0]), columns_of_rules);
}

exit_code run_alert_history(command_line const& line) {
  return list_items(line, alert_target(line.arguments[0]) + "/history", history_columns);
}

exit_code run_alert_test(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const target = alert_target(line.arguments[0]);
  auto const asked = client->post(target + "/test", boost::json::object{});
  if (!asked) return tell(asked.error());
  return await_test(*client, target, *asked, line);
}

exit_code run_alert_backtest(command_line const& line) {
  boost::json::object body;
  if (line.has("count")) {
    auto const count = parse_number(line.get("count"));
    if (!count) return tell(error{error_code::request_invalid, "--count takes a number."});
    body["count"] = static_cast<std::int64_t>(*count);
  }
  if (line.has("within")) {
    auto const span = parse_duration(line.get("within"));
    if (!span)
      return tell(error{error_code::request_invalid, "--within takes a duration, as 15m."});
    body["within_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(*span).count();
  }
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const tested = client->post(alert_target(line.arguments[0]) + "/backtest", body);
  if (!tested) return tell(tested.error());
  if (line.get("output", "text") != "text") {
    print_item(*tested, {}, line);
    return exit_code::fine;
  }
  fmt::print("{}: {} such errors in the log; it would have fired {} times.\n",
             text_at(*tested, "condition"),
             text_at(*tested, "errors"),
             text_at(*tested, "fired"));
  auto const& firings = tested->at("firings").as_array();
  if (!firings.empty()) print_items(firings, firing_columns, line);
  return exit_code::fine;
}

exit_code run_alert_mute(command_line const& line) {
  auto const span = parse_duration(line.get("for", "1h"));
  if (!span)
    return tell(error{error_code::request_invalid, "--for takes a duration, as 2h or 0s."});
  auto client = client_for(line);
  if (!client) return tell(client.error());
  boost::json::object body;
  body["seconds"] = std::chrono::duration_cast<std::chrono::seconds>(*span).count();
  auto const rule = client->post(alert_target(line.arguments[0]) + "/mute", body);
  if (!rule) return tell(rule.error());
  print_item(*rule, columns_of_rules, line);
  return exit_code::fine;
}

}  // namespace dualwrite::engine
