#include <fmt/format.h>
#include <boost/json/object.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "engine/api/api_request.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"
#include "engine/config/load.h"

namespace dualwrite::engine {
namespace {

constexpr table_column plan_columns[] = {
    {"PLAN", "name"},
    {"LINK", "link"},
    {"STATE", "state"},
    {"BEGINS", "begins"},
    {"ENDS", "ends"},
    {"ZONE", "zone"},
    {"REPEAT", "repeat"},
    {"NOTIFY", "notify"},
};

std::string rule_target(std::string const& name) {
  return "/api/v1/alerts/" + escape(name);
}

// "-" is stdin.
result<std::string> text_of_file(std::string const& path) {
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  auto& from = path == "-" ? std::cin : file;
  if (!from) return error{error_code::config_unreadable, path};
  return std::string{std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
}

exit_code tell_done(result<boost::json::value> const& done, std::string const& words) {
  if (!done) return tell(done.error());
  fmt::print("{}\n", words);
  return exit_code::fine;
}

exit_code switch_rule(command_line const& line, std::string const& verb) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const& name = line.arguments[0];
  auto const done = client->post(rule_target(name) + "/" + verb, boost::json::object{});
  return tell_done(done, fmt::format("{}: {}d.", name, verb));
}

}  // namespace

exit_code run_alert_apply(command_line const& line) {
  auto const& path = line.arguments[0];
  auto text = text_of_file(path);
  if (!text) return tell(text.error());
  auto const loaded = load_rule(*text);
  std::cerr << format_problems(loaded.problems, path);
  if (!loaded.rule) return exit_code::config_invalid;
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const done = client->post_text("/api/v1/alerts", std::move(*text));
  if (!done) return tell(done.error());
  return show_item(line, rule_target(loaded.rule->terms.name), alert_columns());
}

exit_code run_alert_delete(command_line const& line) {
  auto const& name = line.arguments[0];
  if (!agreed(line, fmt::format("Delete the alert rule {}?", name))) return exit_code::refused;
  auto client = client_for(line);
  if (!client) return tell(client.error());
  return tell_done(client->remove(rule_target(name)), fmt::format("{}: deleted.", name));
}

exit_code run_alert_enable(command_line const& line) {
  return switch_rule(line, "enable");
}
exit_code run_alert_disable(command_line const& line) {
  return switch_rule(line, "disable");
}

exit_code run_maintenance_list(command_line const& line) {
  return list_items(line, "/api/v1/maintenance", plan_columns);
}

}  // namespace dualwrite::engine
