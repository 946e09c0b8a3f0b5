#include "engine/cli/app_detach.h"

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>

#include "engine/cli/app_shelf.h"
#include "engine/cli/server_log.h"
#include "engine/config/named_things.h"
#include "engine/flow/nursery.h"
#include "engine/runtime/wall_clock.h"
#include "events/codec.h"
#include "replay/rebuild.h"

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

error not_named(server_config const& config, std::string const& app) {
  std::string names;
  for (auto const& one : config.apps) names += (names.empty() ? "" : ", ") + one.name;
  return {error_code::unknown_app, fmt::format("{}: the configuration file names {}.", app, names)};
}

}  // namespace

app_detach::app_detach(server_config const& config, std::string app, opened<rocks_event_log> log)
    : config_(&config), name_(std::move(app)), log_(std::move(log)) {}

result<app_detach> app_detach::prepare(server_config const& config, std::string const& app) {
  if (config.find_app(app) == nullptr) return not_named(config, app);
  DW_TRY(auto log, open_server_log(config, {}));
  app_detach mine(config, app, std::move(log));
  DW_TRY(mine.state_, replay::rebuild(*mine.log_.log));
  mine.app_ = find_app(mine.state_, config, app);
  auto const maps = mine.maps_in_use();
  if (maps.empty()) return mine;
  return error{error_code::still_used,
               fmt::format("Start the server, and stop these maps first: {}.", maps)};
}

std::string app_detach::maps_in_use() const {
  std::string names;
  for (auto const& [id, map] : state_.status.maps) {
    auto const& link = state_.status.links.at(map.link);
    bool const is_its = link.left == app_ || link.right == app_;
    bool const rests = map.state == projections::map_state::idle && !map.pending;
    if (is_its && !rests) names += (names.empty() ? "" : ", ") + name_of_map(state_, map);
  }
  return names;
}

// Two apps may be the same database.
std::vector<link_way> app_detach::lanes_elsewhere() const {
  std::vector<link_way> lanes;
  for (auto const& [id, link] : state_.status.links) {
    for (auto const way : both_ways) {
      if (link.app(target_of(way)) != app_) lanes.emplace_back(id, way);
    }
  }
  return lanes;
}

result<void> app_detach::run() {
  DW_CHECK(ask_app());
  return tell_log();
}

result<void> app_detach::ask_app() const {
  boost::asio::io_context io(1);
  boost::asio::thread_pool pool(1);
  DW_TRY(auto const names, first_names_of(*log_.log, state_, *config_));
  auto const log = log_.log->head().log;
  app_shelf const shelf(io.get_executor(), pool, *config_, log, names);
  nursery children(io.get_executor());
  auto* const target = shelf.ports().at(name_).target;
  children.start([target, log, lanes = lanes_elsewhere()] { return target->detach(log, lanes); });
  io.run();
  pool.join();
  auto const& failed = children.failure();
  return failed.code == error_code::ok ? result<void>{} : result<void>(failed);
}

result<void> app_detach::tell_log() {
  auto& log = *log_.log;
  boost::asio::io_context io(1);
  wall_clock clock(io.get_executor());
  clock.begin_at(log.head().recorded_at);
  std::vector<encoded_event> events;
  if (log_.trimmed) events.push_back(draft({}, {}, LogTailTrimmed{text_of(*log_.trimmed)}));
  origin const from{"admin", {}, {}, {}};
  for (auto const& [id, link] : state_.status.links) {
    for (auto const of : {side::left, side::right}) {
      if (link.app(of) != app_) continue;
      AppDetached const gone{id, of, app_};
      events.push_back(draft({stream_kind::link, id.value}, id, gone, from));
    }
  }
  if (events.empty()) return {};
  DW_CHECK(log.append(events, clock.now(), log.head().at, epoch{}));
  return {};
}

}  // namespace dualwrite::engine
