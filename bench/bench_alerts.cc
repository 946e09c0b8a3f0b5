// What alert rules cost where events are appended: the sequencer with its folds and the log on
// disk, with no rules and with a thousand, in turns. Of a hundred captured records one is refused
// and parked. Prints a table; one run is five adjacent pairs, the medians count.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "engine/decide/map_decider.h"
#include "engine/flow/nursery.h"
#include "engine/flow/sequencer.h"
#include "engine/runtime/commit_thread.h"
#include "engine/runtime/wall_clock.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite::engine {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t links = 20;
constexpr std::size_t maps_of_a_link = 10;
constexpr std::uint32_t records = 100;  // of a captured transaction; one of them is refused
constexpr std::size_t transactions = 5'000;
constexpr std::size_t submitters = 64;

// Where the rules are: nowhere, on all links, or all on one and about all its maps.
enum class layout { none, spread, on_one_link };

std::uint64_t number_after(std::string_view text, std::size_t salt) {
  return std::hash<std::string_view>{}(text) + salt;
}

class run {
 public:
  run(std::filesystem::path const& folder, layout where) : time_(io_.get_executor()) {
    rocks_log_options options;
    options.create = log_id{1};
    log_ = std::move(rocks_event_log::open(folder, options)->log);
    commits_ = std::make_unique<commit_thread>(*log_);
    sequencer_ = std::make_unique<sequencer>(io_.get_executor(),
                                             *commits_,
                                             time_,
                                             projections::views{},
                                             sequencer_limits{},
                                             sequencer_faults{});
    spawn([this] { return sequencer_->run(appends_); });
    define(where);
  }
  ~run() {
    appends_.abandon();
    sequencer_.reset();
    commits_.reset();
  }

  double seconds() {
    auto const begun = steady::now();
    for (std::size_t one = 0; one < submitters; ++one)
      spawn([this, one] { return submit_all(one); });
    await([this] { return ended_ == submitters; });
    return std::chrono::duration<double>(steady::now() - begun).count();
  }
  std::uint64_t fired() const {
    std::uint64_t out = 0;
    for (auto const& [id, row] : sequencer_->views().alerts.rules) out += row.fired;
    return out;
  }

 private:
  void spawn(std::function<async<void>()> work) {
    auto body = [work = std::move(work)]() -> boost::asio::awaitable<void> {
      (void)co_await work();
    };
    boost::asio::co_spawn(io_, std::move(body), boost::asio::detached);
  }
  void await(std::function<bool()> const& done) {
    while (!done()) io_.run_one();
  }
  sequence submit(command wish) {
    std::optional<sequence> at;
    spawn([this, &at, wish = std::move(wish)]() -> async<void> {
      decision decide_it = [wish](projections::views const& state) -> result<drafts> {
        return decide(state, wish, {});
      };
      DW_CO_TRY(at, co_await sequencer_->decide(std::move(decide_it)));
      co_return result<void>{};
    });
    await([&] { return at.has_value(); });
    return *at;
  }

  void define(layout where) {
    auto const left = app_id{submit(register_app{"left", "memory"}).value};
    auto const right = app_id{submit(register_app{"right", "memory"}).value};
    for (std::size_t one = 0; one < links; ++one) {
      auto const link = link_id{submit(create_link{fmt::format("link{}", one), left, right}).value};
      for (std::size_t at = 0; at < maps_of_a_link; ++at) {
        auto const map = submit(create_map{link, fmt::format("map{}", at), "{}"});
        maps_.push_back({link, map_id{map.value}});
        drafts started;
        started.push_back(
            draft({stream_kind::map, map.value}, link, MapResumed{map_id{map.value}, {}}));
        append(std::move(started));
      }
    }
    if (where == layout::none) return;
    for (std::size_t one = 0; one < 1'000; ++one) add_rule(one, where);
  }
  void append(drafts events) {
    bool done = false;
    spawn([this, &done, events = std::move(events)]() -> async<void> {
      auto mine = events;
      DW_CO_CHECK(co_await sequencer_->append(std::move(mine)));
      done = true;
      co_return result<void>{};
    });
    await([&] { return done; });
  }
  // Thresholds that are met now and then; half of them are about one map each.
  void add_rule(std::size_t one, layout where) {
    auto const& [link, map] =
        maps_[where == layout::spread ? one % maps_.size() : one % maps_of_a_link];
    create_alert_rule rule;
    rule.link = link;
    rule.terms.name = fmt::format("rule{}", one);
    rule.terms.classes = {fault_class::application, fault_class::mapping};
    rule.terms.count = static_cast<std::uint32_t>(50 + one % 100);
    rule.terms.within_us = 60'000'000;
    if (where == layout::spread && one % 2 == 0) rule.terms.maps = {map};
    rule.terms.at_once = true;
    submit(rule);
  }

  async<void> submit_all(std::size_t first) {
    for (auto at = first; at < transactions; at += submitters) {
      auto events = transaction(at);
      DW_CO_CHECK(co_await sequencer_->append(std::move(events)));
    }
    ++ended_;
    co_return result<void>{};
  }
  drafts transaction(std::size_t at) {
    auto const& [link, map] = maps_[at % maps_.size()];
    stream_id const stream{stream_kind::link, link.value};
    std::string images;
    for (std::uint32_t i = 0; i < records; ++i) {
      images += fmt::format("customer {} of {}, street {}, city {}, balance {:>120}\n",
                            at * records + i,
                            at % 977,
                            number_after("street", at + i) % 977,
                            at % 391,
                            number_after("balance", at * i));
    }
    RecordsCaptured captured;
    captured.link = link;
    captured.commit = at;
    captured.count = records;
    captured.tables = {{schema_id{1}, records}};
    captured.records = blob{images};
    drafts out;
    out.push_back(draft(stream, link, captured));
    out.back().span = records;
    RecordParked parked;
    parked.map = map;
    parked.record = sequence{at + 1};
    parked.kind = fault_class::application;
    parked.code = "CHECK";
    parked.text = "the balance must not be negative";
    auto const key = std::to_string(at);
    parked.key = blob{key};
    out.push_back(draft({stream_kind::map, map.value}, link, parked));
    return out;
  }

  boost::asio::io_context io_{1};
  wall_clock time_;
  std::unique_ptr<rocks_event_log> log_;
  std::unique_ptr<commit_thread> commits_;
  std::unique_ptr<sequencer> sequencer_;
  nursery appends_{io_.get_executor()};
  std::vector<std::pair<link_id, map_id>> maps_;
  std::size_t ended_ = 0;
};

struct figures {
  std::vector<double> seconds;
  std::uint64_t fired = 0;
  double median() {
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
  }
};

int measure() {
  auto const folder =
      std::filesystem::temp_directory_path() / fmt::format("bench_alerts.{}", ::getpid());
  figures of[3];
  for (int round = 0; round < 5; ++round) {
    for (auto const where : {layout::none, layout::spread, layout::on_one_link}) {
      std::filesystem::remove_all(folder);
      auto& mine = of[static_cast<std::size_t>(where)];
      run one(folder, where);
      mine.seconds.push_back(one.seconds());
      mine.fired = one.fired();
    }
  }
  std::filesystem::remove_all(folder);
  constexpr char const* names[] = {
      "no rules", "1000 rules on 20 links", "1000 rules on one link of 20"};
  auto const base = of[0].median();
  for (std::size_t i = 0; i < 3; ++i) {
    fmt::print("{:<30}{:>12.0f} records/s{:>8.1f} %{:>8} firings\n",
               names[i],
               transactions * records / of[i].median(),
               100 * (of[i].median() / base - 1),
               of[i].fired);
  }
  return 0;
}

}  // namespace
}  // namespace dualwrite::engine

int main() {
  return dualwrite::engine::measure();
}
