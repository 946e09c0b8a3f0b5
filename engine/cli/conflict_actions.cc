#include <fmt/format.h>

#include "engine/api/api_request.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"

namespace dualwrite::engine {
namespace {

constexpr table_column conflict_columns[] = {
    {"ID", "id", true},
    {"LINK", "link"},
    {"MAP", "map"},
    {"KIND", "kind"},
    {"SINCE", "since"},
    {"LEFT", "left.operation"},
    {"LEFT KEY", "left.key"},
    {"RIGHT", "right.operation"},
    {"RIGHT KEY", "right.key"},
};
constexpr table_column value_columns[] = {
    {"LEFT COLUMN", "left"},
    {"RIGHT COLUMN", "right"},
    {"LEFT VALUE", "left_value"},
    {"RIGHT VALUE", "right_value"},
};
constexpr std::string_view filter_options[] = {"map", "link"};

constexpr std::string_view of_value =
    "Each side gave another row a value that must be unique. The row of the side that is not kept "
    "becomes what it was before, and goes where it is new; or give it another value in its app.\n";

void print_conflict(boost::json::value const& conflict, command_line const& line) {
  print_item(conflict, conflict_columns, line);
  if (line.get("output", "text") != "text") return;
  if (conflict.at("kind") == "value") fmt::print("{}", of_value);
  print_items(conflict.at("columns").as_array(), value_columns, line);
}

std::string target_of(command_line const& line) {
  return "/api/v1/conflicts/" + escape(line.arguments[0]);
}

}  // namespace

exit_code run_conflict_list(command_line const& line) {
  return list_items(line, with_query("/api/v1/conflicts", line, filter_options), conflict_columns);
}

exit_code run_conflict_show(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const conflict = client->get(target_of(line));
  if (!conflict) return tell(conflict.error());
  print_conflict(*conflict, line);
  return exit_code::fine;
}

exit_code run_conflict_resolve(command_line const& line) {
  auto const keep = line.get("keep");
  if (keep != "left" && keep != "right")
    return tell(error{error_code::request_invalid, "--keep has to be left or right."});
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const conflict = client->get(target_of(line));
  if (!conflict) return tell(conflict.error());
  if (!line.has("yes") && line.get("output", "text") == "text") print_conflict(*conflict, line);
  auto const question = fmt::format("Keep what the {} side has, in both apps?", keep);
  if (!agreed(line, question)) return exit_code::refused;
  boost::json::object body;
  body["keep"] = keep;
  body["seen"] = conflict->at("newest");
  auto const decided = client->post(target_of(line) + "/resolve", body);
  if (!decided) return tell(decided.error());
  if (line.get("output", "text") == "text") {
    fmt::print(stderr, "Decided: the {} side stays.\n", keep);
  } else {
    print_item(*decided, {}, line);
  }
  return exit_code::fine;
}

}  // namespace dualwrite::engine
