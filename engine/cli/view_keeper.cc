#include "engine/cli/view_keeper.h"

#include <fmt/format.h>

#include "engine/ports/blocking.h"
#include "replay/rebuild.h"
#include "replay/view_snapshot.h"

namespace dualwrite::engine {
namespace {

// So many are folded in well under a second.
constexpr std::uint64_t events_between = 500'000;

void say(error const& why) {
  fmt::print(stderr, "The views were not saved, the next start takes longer: {}\n", to_string(why));
}

}  // namespace

view_keeper::view_keeper(boost::asio::any_io_executor executor,
                         boost::asio::thread_pool& pool,
                         event_log const& log,
                         std::filesystem::path file,
                         digest program)
    : executor_(executor), pool_(pool), log_(log), file_(std::move(file)), program_(program) {}

result<projections::views> view_keeper::load() {
  DW_TRY(auto views, replay::views_from(log_, read_snapshot(file_), program_));
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

result<sequence> view_keeper::fold_and_save() const {
  auto const until = log_.head().at;
  DW_TRY(auto views, replay::views_from(log_, read_snapshot(file_), program_));
  DW_TRY(views, replay::rebuild(log_, std::move(views), until));
  DW_TRY(auto const taken, replay::take_snapshot(log_, views, program_));
  DW_CHECK(write_snapshot(file_, taken));
  return until;
}

void view_keeper::save(projections::views const& state) {
  auto const taken = replay::take_snapshot(log_, state, program_);
  auto const saved = taken ? write_snapshot(file_, *taken) : result<void>(taken.error());
  if (!saved) say(saved.error());
}

}  // namespace dualwrite::engine
