#include "engine/cli/fork.h"

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <deque>

#include "engine/cli/app_shelf.h"
#include "engine/cli/new_log_id.h"
#include "engine/decide/map_decider.h"
#include "engine/flow/nursery.h"
#include "engine/runtime/wall_clock.h"
#include "events/store/log_backup.h"
#include "replay/rebuild.h"

namespace dualwrite::engine {
namespace {

constexpr char reason[] = "the log was forked: what it does not know any more is in the apps";

class forking {
 public:
  explicit forking(server_config const& config)
      : clock_(io_.get_executor()),
        shelf_(io_.get_executor(), pool_, config, log_id{}, {}),
        children_(io_.get_executor()) {}
  ~forking() { pool_.join(); }

  instant now() const { return clock_.now(); }

  // Leaves in each lane of the former log a batch that it does not know: an engine that still has
  // it finds that another log wrote to the app, and ends.
  void fence() {
    io_.restart();
    children_.start([this] { return fence_lanes(); });
    io_.run();
  }

  std::vector<std::string> gap_texts() const {
    std::vector<std::string> texts;
    for (auto const& gap : gaps_) {
      auto const app = state_.status.apps.at(gap.app);
      texts.push_back(gap.unknown.empty()
                          ? fmt::format("{}, lane {}: holds {} batches that the log does not know; "
                                        "it had come to {} of the former log, which goes on to {}.",
                                        app,
                                        gap.lane.value,
                                        gap.batches,
                                        gap.position.value,
                                        former_.at.value)
                          : fmt::format("{}: not known: {}", app, gap.unknown));
    }
    for (auto const& text : unfenced_) {
      texts.push_back(fmt::format("The former log can still write there: {}", text));
    }
    return texts;
  }

  result<std::vector<encoded_event>> decide(event_log const& former) {
    DW_TRY(state_, replay::rebuild(former));
    former_ = former.head();
    children_.start([this] { return ask_apps(); });
    io_.run();
    auto const& failed = children_.failure();
    if (failed.code != error_code::ok) return failed;
    return events();
  }

 private:
  struct fenced_lane {
    target_app* target = nullptr;
    lane_key lane;
    lane_row row;
  };

  async<void> fence_lanes() {
    constexpr std::uint64_t beyond = std::uint64_t{1} << 32;
    for (auto const& [target, lane, row] : lanes_) {
      target_batch batch;
      batch.lane = lane;
      batch.session = row.session;
      batch.previous = row.batch;
      batch.batch = batch_number{row.batch.value + beyond};
      batch.position = row.position;
      batch.chain = "forked";
      batch.outcome = [](std::span<write_result const>) { return std::string(); };
      auto const written = co_await target->apply(batch);
      if (!written) unfenced_.push_back(to_string(written.error()));
    }
    co_return result<void>{};
  }

  async<void> ask_apps() {
    for (auto const& [link, row] : state_.status.links) {
      for (auto const way : {direction::left_to_right, direction::right_to_left}) {
        auto const app = row.app(target_of(way));
        DW_CO_CHECK(co_await ask_app(link, way, app));
      }
    }
    co_return result<void>{};
  }

  async<void> ask_app(link_id link, direction way, app_id app) {
    std::vector<lane_opening> wanted;
    for (auto const& [name, known] : state_.delivery.lanes) {
      if (std::get<0>(name) != link || std::get<1>(name) != way) continue;
      lane_key const key{former_.log, link, way, std::get<2>(name)};
      wanted.push_back({key, known.session});
    }
    if (wanted.empty())
      wanted.push_back({{former_.log, link, way, projections::main_lane}, epoch{}});
    ForkGap gap{app, link, way, {}, 0, {}, {}};
    auto const ports = shelf_.ports().find(state_.status.apps.at(app));
    if (ports == shelf_.ports().end()) {
      gap.unknown = "the configuration does not name it";
      gaps_.push_back(gap);
      co_return result<void>{};
    }
    auto const lanes = wanted;
    auto const rows = co_await ports->second.target->open_lanes(std::move(wanted));
    if (!rows) {
      texts_.push_back(to_string(rows.error()));
      gap.unknown = texts_.back();
      gaps_.push_back(gap);
      co_return result<void>{};
    }
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      add_gap(gap, lanes[i].lane, (*rows)[i]);
      lanes_.push_back({ports->second.target, lanes[i].lane, (*rows)[i]});
    }
    co_return result<void>{};
  }

  void add_gap(ForkGap gap, lane_key const& lane, lane_row const& row) {
    auto const* known = state_.delivery.lane({lane.link, lane.way, lane.lane});
    gap.lane = lane.lane;
    auto const batch = known == nullptr ? batch_number{} : known->batch;
    gap.batches = row.batch > batch ? row.batch.value - batch.value : 0;
    gap.position = row.position;
    gaps_.push_back(gap);
  }

  result<std::vector<encoded_event>> events() {
    auto const& chain = former_.chain;
    LogForked forked;
    forked.former = former_.log;
    forked.head = former_.at;
    forked.chain = blob{{reinterpret_cast<char const*>(chain.data()), chain.size()}};
    forked.gaps = gaps_;
    std::vector<encoded_event> out;
    out.push_back(draft({}, {}, forked));
    for (auto const& [map, row] : state_.status.maps) {
      bool const rests = row.state == projections::map_state::idle && !row.pending;
      if (rests) continue;
      DW_TRY(auto const stopped, decide_stopped(state_, map, stop_reason::admin, reason));
      out.insert(out.end(), stopped.begin(), stopped.end());
    }
    return out;
  }

  boost::asio::io_context io_{1};
  boost::asio::thread_pool pool_{4};
  wall_clock clock_;
  app_shelf shelf_;
  nursery children_;
  projections::views state_;
  log_head former_;
  std::vector<ForkGap> gaps_;
  std::vector<fenced_lane> lanes_;
  std::vector<std::string> unfenced_;
  std::deque<std::string> texts_;  // what gaps point to
};

}  // namespace

result<fork_report> fork_by_config(std::filesystem::path const& from,
                                   std::filesystem::path const& folder,
                                   server_config const& config) {
  forking work(config);
  auto const decide = [&](event_log const& former) { return work.decide(former); };
  DW_TRY(auto const report, fork_log(from, folder, new_log_id(), work.now(), decide));
  if (report.ok) work.fence();
  return fork_report{report, work.gap_texts()};
}

}  // namespace dualwrite::engine
