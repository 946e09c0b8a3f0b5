// Views are folded anew while the engine works with those that are there.
#include "engine/cli/view_keeper.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "engine/runtime/commit_thread.h"
#include "projections/archive.h"
#include "replay/rebuild.h"
#include "tests/simulation/virtual_clock.h"
#include "tests/support/log_under_test.h"

namespace dualwrite::engine {
namespace {

constexpr digest program{std::byte{7}};
constexpr digest next_program{std::byte{8}};

std::unique_ptr<rocks_event_log> open_log(std::filesystem::path const& folder) {
  rocks_log_options options;
  options.create = tests::test_log;
  return std::move(rocks_event_log::open(folder, options)->log);
}

encoded_event new_link(std::string const& name) {
  return draft({stream_kind::link, 0}, {}, LinkCreated{name, app_id{1}, app_id{2}});
}

class ViewKeeper : public testing::Test {
 protected:
  // Links in the log, and an engine whose views of them are `wrong` in some way.
  explicit ViewKeeper() {
    for (int i = 0; i < 3; ++i) {
      auto event = new_link("link " + std::to_string(i));
      event.stream.id = static_cast<std::uint64_t>(i + 1);
      event.link = link_id{event.stream.id};
      EXPECT_TRUE(log->append({&event, 1}, instant{i + 1}, log->head().at, epoch{}));
    }
    auto views = *replay::rebuild(*log);
    views.status = {};
    views.drift = {};
    appender = std::make_unique<sequencer>(
        io.get_executor(), disk, time, std::move(views), sequencer_limits{}, sequencer_faults{});
    children.start([this] { return appender->run(children); });
  }
  ~ViewKeeper() override {
    children.abandon();
    pool.join();
  }

  std::vector<std::string_view> rebuild(projections::view_set which) {
    std::vector<std::string_view> differed;
    auto work = [&]() -> async<void> {
      auto const done = co_await keeper.rebuild(which, *appender);
      EXPECT_TRUE(done);
      if (done) differed = projections::names_in(*done);
      ended = true;
      co_return result<void>{};
    };
    children.start(work);
    // Whatever comes meanwhile.
    children.start([this]() -> async<void> {
      for (int i = 0; !ended; ++i) {
        drafts events;
        events.push_back(new_link("more " + std::to_string(i)));
        DW_CO_CHECK(co_await appender->append(std::move(events)));
        ++appended;
      }
      co_return result<void>{};
    });
    io.restart();
    while (!ended) io.run_one();
    return differed;
  }
  std::string folded() const { return projections::save(*replay::rebuild(*log)); }

  tests::temporary_folder folder;
  std::unique_ptr<rocks_event_log> log = open_log(folder.path());
  boost::asio::io_context io;
  boost::asio::thread_pool pool{2};
  simulation::virtual_clock time;
  commit_thread disk{*log};
  nursery children{io.get_executor()};
  std::unique_ptr<sequencer> appender;
  view_keeper keeper{io.get_executor(), pool, *log, folder.path(), program};
  bool ended = false;
  int appended = 0;
};

TEST_F(ViewKeeper, FoldsAllViewsAnewAndSaysWhichDiffered) {
  EXPECT_EQ((std::vector<std::string_view>{"status"}), rebuild(projections::view_set().set()));
  EXPECT_GT(appended, 0);
  while (!appender->is_at_rest()) io.run_one();
  EXPECT_EQ(folded(), projections::save(appender->views()));
}

TEST_F(ViewKeeper, LeavesOtherViewsAsTheyAre) {
  std::string const name = "activity";
  EXPECT_TRUE(rebuild(*projections::views_called({&name, 1})).empty());
  EXPECT_FALSE(appender->views().status.links.contains(link_id{1}));
  ended = false;
  std::string const other = "status";
  EXPECT_EQ((std::vector<std::string_view>{"status"}),
            rebuild(*projections::views_called({&other, 1})));
  EXPECT_TRUE(appender->views().status.links.contains(link_id{1}));
}

TEST_F(ViewKeeper, ForgetsWhatWasSavedOfTheViewsBefore) {
  keeper.save(appender->views());
  ASSERT_TRUE(std::filesystem::exists(snapshot_path(folder.path(), program)));
  rebuild(projections::view_set().set());
  EXPECT_FALSE(std::filesystem::exists(snapshot_path(folder.path(), program)));
}

TEST_F(ViewKeeper, LeavesTheNewestSnapshotOfAnotherProgram) {
  auto const old = folder.path() / "views-old.snapshot";
  std::ofstream(old) << "x";
  auto const long_ago = std::filesystem::last_write_time(old) - std::chrono::hours(1);
  std::filesystem::last_write_time(old, long_ago);
  auto const next = snapshot_path(folder.path(), next_program);
  ASSERT_TRUE(save_views_of(*log, next, next_program));
  auto const views = keeper.load();
  ASSERT_TRUE(views);
  EXPECT_EQ(log->head().at, views->checkpoint);
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_EQ(log->head().at, read_snapshot(next)->head.at);
}

TEST(ViewSet, NamesEachViewAndRefusesOthers) {
  auto const names = projections::names_in(projections::view_set().set());
  EXPECT_EQ("status", names.front());
  EXPECT_EQ("error_exports", names.back());
  std::vector<std::string> const wished = {"alerts", "parked"};
  EXPECT_EQ((std::vector<std::string_view>{"parked", "alerts"}),
            projections::names_in(*projections::views_called(wished)));
  std::vector<std::string> const wrong = {"parking"};
  auto const refused = projections::views_called(wrong);
  ASSERT_FALSE(refused);
  EXPECT_NE(std::string::npos, refused.error().detail.find("operations"));
}

}  // namespace
}  // namespace dualwrite::engine
