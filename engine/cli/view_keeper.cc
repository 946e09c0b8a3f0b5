#include "engine/cli/view_keeper.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/ports/blocking.h"
#include "replay/rebuild.h"
#include "replay/view_snapshot.h"

namespace dualwrite::engine {
namespace {

namespace fs = std::filesystem;

// So many are folded in well under a second.
constexpr std::uint64_t events_between = 500'000;
// So many are folded in a few milliseconds, in which nothing is appended.
constexpr std::uint64_t events_at_once = 2'000;

void say(error const& why) {
  fmt::print(stderr, "The views were not saved, the next start takes longer: {}\n", to_string(why));
}

// But the newest one.
void remove_snapshots_of_others(fs::path const& own) {
  std::vector<fs::path> others;
  std::error_code ignored;
  for (auto const& entry : fs::directory_iterator(own.parent_path(), ignored)) {
    auto const name = entry.path().filename().string();
    if (name.starts_with("views") && name.ends_with(".snapshot") && entry.path() != own)
      others.push_back(entry.path());
  }
  auto const is_older = [&](fs::path const& a, fs::path const& b) {
    return fs::last_write_time(a, ignored) < fs::last_write_time(b, ignored);
  };
  std::sort(others.begin(), others.end(), is_older);
  if (!others.empty()) others.pop_back();
  for (auto const& file : others) fs::remove(file, ignored);
}

// Shared with the pool and the sequencer, which may outlive a caller that is cancelled.
struct rebuilding {
  projections::view_set which;
  projections::views fresh;
  projections::view_set differed;
};

}  // namespace

fs::path snapshot_path(fs::path const& data_dir, digest const& program) {
  return data_dir / fmt::format("views-{:.16}.snapshot", to_hex(program));
}

result<sequence> save_views_of(event_log const& log, fs::path const& to, digest const& program) {
  auto const until = log.head().at;
  DW_TRY(auto views, replay::views_from(log, read_snapshot(to), program));
  DW_TRY(views, replay::rebuild(log, std::move(views), until));
  DW_TRY(auto const taken, replay::take_snapshot(log, views, program));
  DW_CHECK(write_snapshot(to, taken));
  return until;
}

view_keeper::view_keeper(boost::asio::any_io_executor executor,
                         boost::asio::thread_pool& pool,
                         event_log const& log,
                         fs::path data_dir,
                         digest program)
    : executor_(executor),
      pool_(pool),
      log_(log),
      file_(snapshot_path(data_dir, program)),
      program_(program) {}

result<projections::views> view_keeper::load() {
  DW_TRY(auto views, replay::views_from(log_, read_snapshot(file_), program_));
  remove_snapshots_of_others(file_);
  saved_ = views.checkpoint;
  return replay::rebuild(log_, std::move(views));
}

async<void> view_keeper::run(sequencer& appended) {
  bell wake(executor_);
  listening const ears(appended, wake);
  while (true) {
    if (log_.head().at.value - saved_.value >= events_between) {
      auto work = [this] { return fold_and_save(); };
      auto const pool = pool_.get_executor();
      auto const saved = co_await blocking<sequence>(pool, std::move(work));
      if (!saved) say(saved.error());
      // Where it failed it is tried again when as many have come once more.
      saved_ = saved ? *saved : log_.head().at;
    }
    DW_CO_CHECK(co_await wake.wait());
  }
}

result<sequence> view_keeper::fold_and_save() {
  std::lock_guard const lock(file_at_work_);
  return save_views_of(log_, file_, program_);
}

void view_keeper::save(projections::views const& state) {
  auto const taken = replay::take_snapshot(log_, state, program_);
  auto const saved = taken ? write_snapshot(file_, *taken) : result<void>(taken.error());
  if (!saved) say(saved.error());
}

void view_keeper::forget_saved() {
  std::lock_guard const lock(file_at_work_);
  std::error_code ignored;
  fs::remove(file_, ignored);
}

async<projections::view_set> view_keeper::rebuild(projections::view_set which,
                                                  sequencer& appended) {
  auto const mine = std::make_shared<rebuilding>();
  mine->which = which;
  auto const pool = pool_.get_executor();
  do {
    auto work = [this, mine]() -> result<sequence> {
      // It may hold what is wrong with the views, and would bring it back.
      forget_saved();
      auto const until = log_.head().at;
      DW_TRY(mine->fresh, replay::rebuild_only(mine->which, log_, std::move(mine->fresh), until));
      return until;
    };
    DW_CO_CHECK(co_await blocking<sequence>(pool, std::move(work)));
  } while (log_.head().at.value - mine->fresh.checkpoint.value > events_at_once);
  decision last_step = [this, mine, &appended](projections::views const&) -> result<drafts> {
    auto const until = log_.head().at;
    DW_TRY(mine->fresh, replay::rebuild_only(mine->which, log_, std::move(mine->fresh), until));
    mine->differed = appended.replace_views(mine->which, std::move(mine->fresh));
    return drafts{};
  };
  DW_CO_CHECK(co_await appended.decide(std::move(last_step)));
  saved_ = {};
  co_return mine->differed;
}

}  // namespace dualwrite::engine
