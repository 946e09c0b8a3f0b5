#include <fmt/format.h>
#include <array>
#include <cstdio>
#include <iostream>

#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"
#include "engine/config/load.h"

namespace dualwrite::engine {
namespace {

constexpr table_column step_columns[] = {
    {"ACTION", "action"}, {"KIND", "kind"}, {"NAME", "name"}, {"DETAIL", "detail"}};

void print_plan(boost::json::value const& plan, command_line const& line) {
  auto const format = line.get("output", "text");
  if (format == "text") {
    std::cout << text_at(plan, "text");
  } else if (format == "json") {
    print_item(plan, step_columns, line);
  } else {
    print_items(plan.at("steps").as_array(), step_columns, line);
  }
}

constexpr std::string_view plan_options[] = {"prune"};

}  // namespace

exit_code run_config_validate(command_line const& line) {
  auto const path =
      line.arguments.empty() ? line.get("config", "dualwrite.yaml") : line.arguments[0];
  std::string warnings;
  auto const config = load_config_file(path, process_secrets(), warnings);
  if (!warnings.empty()) fmt::print(stderr, "{}", warnings);
  if (!config) return tell(config.error());
  fmt::print(
      stderr, "{} is valid: {} apps, {} links.\n", path, config->apps.size(), config->links.size());
  return exit_code::fine;
}

exit_code run_config_schema(command_line const&) {
  std::cout << config_schema() << "\n";
  return exit_code::fine;
}

exit_code run_config_plan(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const plan =
      client->post(with_query("/api/v1/config/plan", line, plan_options), boost::json::object{});
  if (!plan) return tell(plan.error());
  print_plan(*plan, line);
  return exit_code::fine;
}

exit_code run_config_apply(command_line const& line) {
  if (line.has("dry-run")) return run_config_plan(line);
  auto client = client_for(line);
  if (!client) return tell(client.error());
  if (!line.has("yes")) {
    auto const plan =
        client->post(with_query("/api/v1/config/plan", line, plan_options), boost::json::object{});
    if (!plan) return tell(plan.error());
    fmt::print(stderr, "{}", text_at(*plan, "text"));
    if (!agreed(line, "Do it?")) return exit_code::refused;
  }
  auto const done =
      client->post(with_query("/api/v1/config/apply", line, plan_options), boost::json::object{});
  if (!done) return tell(done.error());
  print_plan(*done, line);
  return exit_code::fine;
}

}  // namespace dualwrite::engine
