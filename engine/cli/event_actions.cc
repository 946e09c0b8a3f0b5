#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <iostream>

#include "engine/api/api_request.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"

namespace dualwrite::engine {
namespace {

constexpr table_column event_columns[] = {
    {"SEQUENCE", "sequence", true},
    {"RECORDED AT", "recorded_at"},
    {"TYPE", "type"},
    {"STREAM", "stream"},
    {"BY", "actor"},
    {"DATA", "data"},
};
constexpr std::string_view list_options[] = {
    "from", "stream", "map", "correlation", "since", "until", "type"};
constexpr std::string_view from_option[] = {"from"};

}  // namespace

exit_code run_event_list(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto target = with_query("/api/v1/events", line, list_options);
  if (line.has("backward"))
    target += (target.find('?') == std::string::npos ? "?backward=1" : "&backward=1");
  auto const items = all_items(*client, std::move(target), line);
  if (!items) return tell(items.error());
  print_items(*items, event_columns, line);
  return exit_code::fine;
}

exit_code run_event_show(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const event = client->get("/api/v1/events/" + escape(line.arguments[0]));
  if (!event) return tell(event.error());
  print_item(*event, event_columns, line);
  return exit_code::fine;
}

exit_code run_event_tail(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  bool const text = line.get("output", "text") == "text";
  auto const take = [&](std::string_view data) {
    boost::system::error_code failed;
    auto const event = boost::json::parse(data, failed);
    if (failed) return true;
    if (text) {
      std::cout << fmt::format("{:>10}  {}  {:<20} {}\n",
                               text_at(event, "sequence"),
                               text_at(event, "recorded_at"),
                               text_at(event, "type"),
                               text_at(event, "actor"));
    } else {
      std::cout << data << "\n";
    }
    std::cout.flush();
    return std::cout.good();
  };
  auto const ended = client->stream(with_query("/api/v1/events/stream", line, from_option), take);
  if (!ended) return tell(ended.error());
  return tell(error{error_code::server_unreachable, "The stream has ended."});
}

}  // namespace dualwrite::engine
