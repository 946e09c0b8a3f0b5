#include "tests/simulation/faulty_app.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dualwrite::simulation {

using engine::async;
using projections::map_state;

namespace {

constexpr std::string_view names[] = {
#define DW_FAULT(name, text) #name,
#include "tests/simulation/faults.def"
#undef DW_FAULT
};

constexpr std::pair<map_state, char const*> states[] = {
    {map_state::idle, "idle"},
    {map_state::holding, "holding"},
    {map_state::initializing, "initializing"},
    {map_state::running, "running"},
    {map_state::paused, "paused"},
    {map_state::resuming, "resuming"},
};

constexpr std::pair<app_call, char const*> calls[] = {
    {app_call::describe, "describe"},
    {app_call::count, "count"},
    {app_call::open, "open"},
    {app_call::end, "end"},
    {app_call::next, "next"},
    {app_call::acknowledge, "acknowledge"},
    {app_call::chunk, "chunk"},
    {app_call::lane, "lane"},
    {app_call::apply, "apply"},
    {app_call::none, "none"},
};

template <class Column, std::size_t Count, class Counts>
std::string table_of(std::string_view title,
                     std::pair<Column, char const*> const (&columns)[Count],
                     Counts const& counts) {
  auto out = fmt::format("{:14}", title);
  for (auto const& [column, name] : columns) out += fmt::format("{:>13}", name);
  for (std::size_t i = 0; i < fault_sites; ++i) {
    out += fmt::format("\n{:14}", names[i]);
    for (auto const& [column, name] : columns) {
      auto const found = counts.find({static_cast<fault_site>(i), column});
      out += fmt::format("{:>13}", found == counts.end() ? 0 : found->second);
    }
  }
  return out + "\n";
}

}  // namespace

std::string_view name_of(fault_site site) {
  return names[static_cast<std::size_t>(site)];
}

void fault_coverage::add(fault_coverage const& other) {
  for (auto const& [cell, count] : other.by_state_) by_state_[cell] += count;
  for (auto const& [cell, count] : other.by_call_) by_call_[cell] += count;
}

std::uint64_t fault_coverage::count(fault_site site) const {
  std::uint64_t out = 0;
  for (auto const& [cell, count] : by_state_) out += cell.first == site ? count : 0;
  return out;
}

std::string fault_coverage::tables() const {
  return table_of("by call", calls, by_call_) + "\n" + table_of("by status", states, by_state_);
}

faulty_app::faulty_app(engine::memory_app& app, engine::clock& time, std::uint64_t seed)
    : app_(app), time_(time), chance_(seed) {}

void faulty_app::ask_for(fault_site site, std::optional<app_call> at) {
  asked_ = site;
  asked_at_ = at;
  if (site != fault_site::restored || !strikes(site, under_way())) return;
  auto const last = app_.last_commit();
  app_.restore_to(last - std::min<std::uint64_t>(last, 1 + chance_() % 8));
  go_away();
}

duration faulty_app::some_time() {
  return duration(
      1 + static_cast<duration::rep>(chance_() % static_cast<std::uint64_t>(longest.count())));
}

void faulty_app::heal() {
  asked_.reset();
  away_until_ = {};
}

bool faulty_app::strikes(fault_site site, std::span<app_call const> met) {
  if (asked_ != site) return false;
  if (asked_at_ && std::find(met.begin(), met.end(), *asked_at_) == met.end()) return false;
  asked_.reset();
  if (struck) struck(site, met);
  return true;
}

std::vector<app_call> faulty_app::under_way() const {
  std::vector<app_call> out;
  for (auto const& [what, count] : calls_) {
    if (count > 0) out.push_back(what);
  }
  if (out.empty()) out.push_back(app_call::none);
  return out;
}

std::vector<std::shared_ptr<engine::target_batch const>> faulty_app::arrived() {
  std::vector<std::shared_ptr<engine::target_batch const>> out;
  std::erase_if(late_, [&](late_batch const& one) {
    if (one.when > time_.now()) return false;
    out.push_back(one.batch);
    return true;
  });
  return out;
}

async<void> faulty_app::travel() {
  if (latency > duration{}) {
    auto const longest_way = static_cast<std::uint64_t>(latency.count());
    auto const until = time_.now() + duration(static_cast<duration::rep>(chance_() % longest_way));
    DW_CO_CHECK(co_await time_.sleep_until(until));
  }
  co_return result<void>{};
}

// On the way there.
async<void> faulty_app::request(visit const& call, error_code when_lost) {
  std::span const met{&call.what, 1};
  DW_CO_CHECK(co_await travel());
  if (strikes(fault_site::unreachable, met)) go_away();
  if (away_until_ > time_.now()) co_return error{error_code::app_unreachable, "no route"};
  if (strikes(fault_site::busy, met)) co_return error{error_code::app_busy};
  if (strikes(fault_site::request_lost, met)) {
    auto const until = time_.now() + some_time();
    DW_CO_CHECK(co_await time_.sleep_until(until));
    co_return error{when_lost, "no reply in time"};
  }
  co_return result<void>{};
}

// On the way back.
async<void> faulty_app::reply(visit const& call, error_code when_lost) {
  std::span const met{&call.what, 1};
  DW_CO_CHECK(co_await travel());
  if (strikes(fault_site::slow, met)) {
    auto const until = time_.now() + some_time();
    DW_CO_CHECK(co_await time_.sleep_until(until));
  }
  bool const crashes = strikes(fault_site::app_crash, met);
  if (crashes) {
    app_.crash();
    go_away();
  }
  if (crashes || strikes(fault_site::reply_lost, met))
    co_return error{when_lost, "the connection broke"};
  co_return result<void>{};
}

async<void> faulty_app::check() {
  visit const call{*this, app_call::describe};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  DW_CO_CHECK(co_await app_.check());
  co_return co_await reply(call, error_code::app_unreachable);
}

async<table_schema> faulty_app::describe(std::string table) {
  visit const call{*this, app_call::describe};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto out = co_await app_.describe(std::move(table));
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  co_return out;
}

async<std::vector<std::string>> faulty_app::referred_tables(std::string table) {
  visit const call{*this, app_call::describe};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto out = co_await app_.referred_tables(std::move(table));
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  co_return out;
}

async<std::vector<engine::obstacle>> faulty_app::find_obstacles(engine::table_use use) {
  visit const call{*this, app_call::describe};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto out = co_await app_.find_obstacles(std::move(use));
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  co_return out;
}

async<std::uint64_t> faulty_app::count_rows(std::string table) {
  visit const call{*this, app_call::count};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto out = co_await app_.count_rows(std::move(table));
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  co_return out;
}

async<source_position> faulty_app::open_capture(std::vector<engine::captured_table> tables,
                                                std::optional<engine::source_progress> known) {
  visit const call{*this, app_call::open};
  std::span const met{&call.what, 1};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto from = known;
  if (from && from->captured.commit > 0 && strikes(fault_site::sent_again, met)) {
    auto& commit = from->captured.commit;
    commit -= std::min<std::uint64_t>(commit, 1 + chance_() % 4);
  }
  auto out = co_await app_.open_capture(std::move(tables), from);
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  if (out && known) out->commit = known->captured.commit;
  co_return out;
}

async<void> faulty_app::end_capture() {
  visit const call{*this, app_call::end};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  DW_CO_CHECK(co_await app_.end_capture());
  co_return co_await reply(call, error_code::app_unreachable);
}

async<std::vector<engine::captured_transaction>> faulty_app::next(std::size_t limit,
                                                                  duration patience) {
  visit const call{*this, app_call::next};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto out = co_await app_.next(limit, patience);
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  co_return out;
}

async<void> faulty_app::acknowledge(source_position captured) {
  visit const call{*this, app_call::acknowledge};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto out = co_await app_.acknowledge(captured);
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  co_return out;
}

async<engine::chunk> faulty_app::read_chunk(engine::chunk_request request_) {
  visit const call{*this, app_call::chunk};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto out = co_await app_.read_chunk(std::move(request_));
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  co_return out;
}

async<std::vector<row_values>> faulty_app::split(engine::split_request wish) {
  visit const call{*this, app_call::chunk};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto out = co_await app_.split(std::move(wish));
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  co_return out;
}

async<std::vector<engine::lane_row>> faulty_app::open_lanes(
    std::vector<engine::lane_opening> lanes) {
  visit const call{*this, app_call::lane};
  DW_CO_CHECK(co_await request(call, error_code::app_unreachable));
  auto out = co_await app_.open_lanes(std::move(lanes));
  DW_CO_CHECK(co_await reply(call, error_code::app_unreachable));
  co_return out;
}

async<std::vector<engine::write_result>> faulty_app::apply(engine::target_batch batch) {
  visit const call{*this, app_call::apply};
  std::span const met{&call.what, 1};
  if (away_until_ <= time_.now() && strikes(fault_site::late_write, met)) {
    late_.push_back({time_.now() + some_time(),
                     std::make_shared<engine::target_batch const>(std::move(batch))});
    auto const until = time_.now() + some_time();
    DW_CO_CHECK(co_await time_.sleep_until(until));
    co_return error{error_code::app_reply_lost, "no reply in time"};
  }
  DW_CO_CHECK(co_await request(call, error_code::app_reply_lost));
  auto out = co_await app_.apply(std::move(batch));
  DW_CO_CHECK(co_await reply(call, error_code::app_reply_lost));
  co_return out;
}

async<void> faulty_app::detach(log_id log, std::vector<engine::link_way> staying) {
  return app_.detach(log, std::move(staying));
}

async<void> faulty_app::give_up(engine::lane_key lane) {
  return app_.give_up(lane);
}

}  // namespace dualwrite::simulation
