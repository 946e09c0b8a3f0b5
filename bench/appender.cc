#include "bench/appender.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdlib>

namespace dualwrite::bench {
namespace {

using namespace engine;

[[noreturn]] void give_up(error const& why) {
  fmt::print(stderr, "{}\n", to_string(why));
  std::exit(1);
}

boost::asio::awaitable<void> watch(std::function<async<void>()> work, std::size_t& ended) {
  auto const how = co_await work();
  if (!how) give_up(how.error());
  ++ended;
}

}  // namespace

appender::appender(std::filesystem::path const& folder) : time_(io_.get_executor()) {
  std::filesystem::remove_all(folder);
  rocks_log_options options;
  options.create = log_id{1};
  auto opened = rocks_event_log::open(folder, options);
  if (!opened) give_up(opened.error());
  log_ = std::move(opened->log);
  commits_ = std::make_unique<commit_thread>(*log_);
  projections::views views;
  sequencer_ = std::make_unique<sequencer>(
      io_.get_executor(), *commits_, time_, views, sequencer_limits{}, sequencer_faults{});
  appends_.start([this] { return sequencer_->run(appends_); });
  define();
}

appender::~appender() {
  appends_.abandon();
  commits_.reset();
}

void appender::run(std::vector<std::function<async<void>()>> const& work) {
  std::size_t ended = 0;
  for (auto const& one : work) boost::asio::co_spawn(io_, watch(one, ended), boost::asio::detached);
  while (ended < work.size()) {
    io_.run_one();
    if (appends_.failure().code != error_code::ok) give_up(appends_.failure());
  }
}

sequence appender::submit(command const& wish) {
  sequence at;
  auto const ask = [this, &at, &wish]() -> async<void> {
    decision decide_it = [&wish](projections::views const& state) -> result<drafts> {
      return decide(state, wish, {});
    };
    DW_CO_TRY(at, co_await sequencer_->decide(std::move(decide_it)));
    co_return result<void>{};
  };
  run({ask});
  return at;
}

void appender::append(std::size_t count,
                      std::size_t callers,
                      std::function<drafts(std::size_t)> const& make) {
  std::size_t next = 0;
  auto const call = [&]() -> async<void> {
    while (next < count) {
      auto events = make(next++);
      DW_CO_CHECK(co_await sequencer_->append(std::move(events)));
    }
    co_return result<void>{};
  };
  run(std::vector<std::function<async<void>()>>(callers, call));
}

void appender::define() {
  for (std::size_t one = 0; one < links; ++one) {
    auto const left = app_id{submit(register_app{fmt::format("left{}", one), "memory"}).value};
    auto const right = app_id{submit(register_app{fmt::format("right{}", one), "memory"}).value};
    auto const link = link_id{submit(create_link{fmt::format("link{}", one), left, right}).value};
    for (std::size_t at = 0; at < maps_of_a_link; ++at) {
      map_id const map{submit(create_map{link, fmt::format("map{}", at), "{}"}).value};
      maps_.push_back({link, map});
    }
  }
  auto const start = [this](std::size_t at) {
    auto const& [link, map] = maps_[at];
    drafts events;
    events.push_back(draft({stream_kind::map, map.value}, link, MapResumed{map, {}}));
    return events;
  };
  append(maps_.size(), 1, start);
}

}  // namespace dualwrite::bench
