#include <fmt/format.h>

#include "engine/api/answers.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/map_json.h"
#include "engine/api/route_table.h"

namespace dualwrite::engine {
namespace {

std::string label(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

void declare(std::string& out,
             std::string_view name,
             std::string_view type,
             std::string_view help) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

std::string ways_metrics(projections::views const& state) {
  std::string out;
  declare(out,
          "dualwrite_records_total",
          "counter",
          "Records by map, direction and what became of them.");
  for (auto const& [of, sums] : state.conservation.sums) {
    auto const* map = state.status.find(of.first);
    if (map == nullptr) continue;
    std::pair<std::string_view, std::uint64_t> const counts[] = {
        {"captured", sums.captured},
        {"inserted", sums.inserted},
        {"updated", sums.updated},
        {"removed", sums.removed},
        {"equal", sums.equal},
        {"filtered", sums.filtered},
        {"deleted", sums.deleted},
        {"superseded", sums.superseded},
        {"discarded", sums.discarded},
    };
    for (auto const& [what, count] : counts) {
      out += fmt::format(
          "dualwrite_records_total{{link=\"{}\",map=\"{}\",direction=\"{}\",outcome=\"{}\"}} {}\n",
          label(link_name(state, map->link)),
          label(map->name),
          name_of(of.second),
          what,
          count);
    }
  }
  return out;
}

std::string maps_metrics(projections::views const& state) {
  std::string queued, parked, status;
  declare(queued, "dualwrite_queued_records", "gauge", "Records captured and not settled.");
  declare(
      parked, "dualwrite_parked_records", "gauge", "Records that failed and wait for an admin.");
  declare(status, "dualwrite_map_status", "gauge", "1 for the status that the map has.");
  for (auto const& [id, map] : state.status.maps) {
    auto const who =
        fmt::format("link=\"{}\",map=\"{}\"", label(link_name(state, map.link)), label(map.name));
    queued += fmt::format("dualwrite_queued_records{{{}}} {}\n", who, queued_of(state, id));
    parked += fmt::format("dualwrite_parked_records{{{}}} {}\n", who, parked_of(state, id));
    status +=
        fmt::format("dualwrite_map_status{{{},status=\"{}\"}} 1\n", who, shown_status(state, id));
  }
  return queued + parked + status;
}

std::string messages_metrics(projections::notifications const& outbox) {
  std::string out;
  declare(out, "dualwrite_messages_waiting", "gauge", "Messages about alert rules to be sent.");
  out += fmt::format("dualwrite_messages_waiting {}\n", outbox.due.size());
  declare(out, "dualwrite_messages_total", "counter", "Messages by what became of them.");
  out += fmt::format("dualwrite_messages_total{{outcome=\"sent\"}} {}\n", outbox.sent);
  out += fmt::format("dualwrite_messages_total{{outcome=\"given_up\"}} {}\n", outbox.given_up);
  declare(out, "dualwrite_channels_failing", "gauge", "Channels that take no messages.");
  out += fmt::format("dualwrite_channels_failing {}\n", outbox.channels.size());
  return out;
}

async<std::string> apps_metrics(api_context& context) {
  std::string answers, bytes, seconds;
  declare(answers, "dualwrite_app_up", "gauge", "Whether an app answers, as far as it was asked.");
  declare(bytes, "dualwrite_capture_lag_bytes", "gauge", "Of an app's own log, kept to be read.");
  declare(seconds, "dualwrite_capture_lag_seconds", "gauge", "Since what is read was committed.");
  auto const apps = context.views().status.apps;
  for (auto const& [id, name] : apps) {
    answers += fmt::format("dualwrite_app_up{{app=\"{}\"}} {}\n",
                           label(name),
                           context.views().outages.away.contains(id) ? 0 : 1);
    DW_CO_TRY(auto const lag, co_await context.core.lag(id));
    if (!lag) continue;
    auto const app = label(name);
    bytes += fmt::format("dualwrite_capture_lag_bytes{{app=\"{}\"}} {}\n", app, lag->bytes);
    seconds += fmt::format("dualwrite_capture_lag_seconds{{app=\"{}\"}} {}\n",
                           app,
                           lag_seconds(*lag, context.time.now()));
  }
  co_return answers + bytes + seconds;
}

bool is_working(api_context const& context) {
  return !context.core.is_stopping() && context.core.failure().code == error_code::ok;
}

}  // namespace

async<api_reply> live(api_context&, api_request) {
  boost::json::object const body{{"ok", true}};
  co_return json_reply(body);
}

async<api_reply> ready(api_context& context, api_request) {
  bool const works = is_working(context);
  boost::json::object const body{{"ok", works}};
  co_return json_reply(body, works ? 200 : 503);
}

async<api_reply> metrics(api_context& context, api_request) {
  std::string text;
  declare(text, "dualwrite_log_head", "counter", "Sequence of the last event of the log.");
  text += fmt::format("dualwrite_log_head {}\n", context.log.head().at.value);
  text += maps_metrics(context.views()) + ways_metrics(context.views());
  text += messages_metrics(context.views().notifications);
  DW_CO_TRY(auto const apps, co_await apps_metrics(context));
  text += apps;
  api_reply reply{200, "text/plain; version=0.0.4; charset=utf-8", std::move(text)};
  co_return reply;
}

async<api_reply> show_open_api(api_context&, api_request) {
  co_return json_reply(open_api());
}

}  // namespace dualwrite::engine
