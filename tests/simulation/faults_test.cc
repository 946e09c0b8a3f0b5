// Each fault of an application alone: whatever it breaks, in the end both sides are equal and every
// record is accounted for.
#include <gtest/gtest.h>

#include "tests/simulation/customers.h"
#include "tests/simulation/history.h"
#include "tests/simulation/invariants.h"

namespace dualwrite::simulation {
namespace {

using projections::map_state;

// Small steps: so that a fault falls between them.
engine::engine_settings small() {
  engine::engine_settings out;
  out.flow.batch_records_max = 4;
  out.flow.chunk_rows = 2;
  out.flow.range_chunks_min = 1;
  out.flow.capture_patience = std::chrono::milliseconds(2);
  return out;
}

struct scene : customers {
  explicit scene(engine::engine_settings settings = small()) : customers(settings) {}

  void edit(side of, std::size_t turn) {
    auto& app = of == side::left ? here.left : here.right;
    auto const id = static_cast<std::int64_t>(turn % 5);
    (void)app.commit({turn % 7 == 3 ? gone(id) : put(id, std::to_string(turn))});
  }
  faulty_app& port(side of) { return of == side::left ? here.left_port : here.right_port; }

  // The admin does what is to be done, and the users go home.
  bool come_to_rest() {
    here.left_port.heal();
    here.right_port.heal();
    for (int i = 0; i < 20; ++i) {
      if (state() == map_state::paused) (void)here.submit(engine::resume_map{map});
      if (state() == map_state::idle || state() == map_state::holding)
        (void)here.submit(engine::run_map{map});
      (void)here.submit(engine::retry_records{map, {}});
      here.run(600);
      if (here.failure().code != error_code::ok) return false;
      if (i > 2 && state() == map_state::running && queued() == 0) return true;
    }
    return false;
  }
  void expect_whole() {
    bool const rests = come_to_rest();
    EXPECT_TRUE(rests) << to_string(here.failure()) << " state " << static_cast<int>(state())
                       << " queued " << queued();
    EXPECT_TRUE(are_equal());
    expect_conserved();
    EXPECT_EQ("", here.log().verify().reason);
    EXPECT_EQ("", broken_invariant(here.log()));
    if (testing::Test::HasFailure() && std::getenv("DW_HISTORY") != nullptr) {
      std::fputs(history(here.log()).c_str(), stderr);
    }
  }
};

// What the target had and lost is delivered again.
TEST(Fault, ATargetThatLostBatchesGetsThemAgain) {
  scene one;
  one.here.right.options.synchronous = false;
  one.start();
  ASSERT_TRUE(one.here.run_until([&] { return one.here.right.unsynced() == 0; }));
  ASSERT_TRUE(one.here.left.commit({put(1, "Oslo")}));
  ASSERT_TRUE(one.here.run_until([&] { return one.here.right.unsynced() > 0; }));
  auto const applied = one.count(event_type::RecordsApplied);
  ASSERT_TRUE(one.here.run_until([&] { return one.count(event_type::RecordsApplied) > applied; }));
  ASSERT_GT(one.here.right.crash(), 0u);
  ASSERT_TRUE(one.here.left.commit({put(2, "Rome")}));
  one.expect_whole();
  EXPECT_EQ(1u, one.count(event_type::TargetRewound));
  EXPECT_EQ(2u, one.rows(one.here.right).size());
}

// The copy cannot be told again from the queue: the map is stopped, and has to be copied again.
TEST(Fault, ATargetThatLostCopiedRowsIsCopiedAgain) {
  for (std::size_t kept = 0; kept < 5; ++kept) {
    SCOPED_TRACE("chunks kept " + std::to_string(kept));
    auto settings = small();
    settings.flow.capture_patience = std::chrono::seconds(60);
    scene one(settings);
    one.here.right.options.synchronous = false;
    for (std::int64_t i = 0; i < 7; ++i) ASSERT_TRUE(one.here.left.commit({put(i, "left")}));
    one.define();
    ASSERT_TRUE(one.here.submit(engine::run_map{one.map}));
    ASSERT_TRUE(one.here.run_until([&] { return one.count(event_type::ChunkCopied) >= kept; }));
    one.here.right.sync();
    ASSERT_TRUE(one.comes_to(map_state::running));
    auto const lost = one.here.right.crash();
    ASSERT_TRUE(one.here.left.commit({put(7, "later")}));
    one.here.run(2'000);
    one.expect_whole();
    EXPECT_EQ(lost > 0 ? 1u : 0u, one.count(event_type::TargetRewound));
    EXPECT_EQ(8u, one.rows(one.here.right).size());
  }
}

// An older copy of the log, which has nothing of the last batch and yet is longer by now.
TEST(Fault, ALogThatWasSetBackAndWentOnOtherwiseIsRefused) {
  scene one;
  one.start();
  auto const writes = [&](std::int64_t id) {
    auto const applied = one.count(event_type::RecordsApplied);
    ASSERT_TRUE(one.here.left.commit({put(id, "Oslo")}));
    ASSERT_TRUE(
        one.here.run_until([&] { return one.count(event_type::RecordsApplied) > applied; }));
  };
  writes(1);
  auto const older = one.here.disk();
  writes(2);
  auto const reached = one.here.log().head().at;

  auto other = memory_event_log::reopen(older);
  ASSERT_TRUE(other);
  auto& log = *other->log;
  auto const event = draft({stream_kind::system, 0}, {}, EngineStopped{});
  while (log.head().at < reached)
    ASSERT_TRUE(log.append({&event, 1}, log.head().recorded_at, log.head().at, epoch{}));
  one.here.restart_on(log.crash({}));
  EXPECT_FALSE(one.here.run_until([] { return false; }, 2'000));
  EXPECT_EQ(error_code::lane_ahead_of_log, one.here.failure().code);
  EXPECT_NE(std::string::npos, one.here.failure().detail.find("went on otherwise"));
  EXPECT_EQ(2u, one.rows(one.here.right).size());
}

TEST(Fault, ASourceThatWasPutBackStopsItsMaps) {
  scene one;
  one.start();
  for (std::size_t i = 0; i < 6; ++i) one.edit(side::left, i);
  one.here.run(2'000);
  ASSERT_TRUE(one.are_equal());
  one.here.left.restore_to(2);
  ASSERT_TRUE(one.comes_to(map_state::idle));
  EXPECT_EQ(1u, one.count(event_type::MapStopped));
  one.expect_whole();
}

// A copy meets the app that was put back before the capture does.
TEST(Fault, NothingIsCopiedFromAnAppThatWasPutBackUntilItIsCapturedAnew) {
  auto settings = small();
  settings.flow.capture_patience = std::chrono::seconds(20);
  scene one(settings);
  for (std::int64_t i = 0; i < 30; ++i) ASSERT_TRUE(one.here.left.commit({put(i, "left")}));
  one.define();
  ASSERT_TRUE(one.here.submit(engine::run_map{one.map}));
  ASSERT_TRUE(one.here.run_until([&] { return one.count(event_type::ChunkCopied) > 3; }));
  one.here.left.restore_to(20);
  ASSERT_TRUE(one.here.run_until([&] { return one.count(event_type::AttemptFailed) > 0; }));
  one.expect_whole();
}

// A standby that has all that was read takes the place of its server: maps go on, whatever of them
// was under way, and what they still lack is captured from it.
TEST(Fault, AMapGoesOnWithAnAppThatTookThePlaceOfItsOwn) {
  for (std::size_t chunks = 0; chunks < 4; ++chunks) {
    SCOPED_TRACE("chunks " + std::to_string(chunks));
    scene one;
    for (std::int64_t i = 0; i < 7; ++i) ASSERT_TRUE(one.here.left.commit({put(i, "left")}));
    one.define();
    ASSERT_TRUE(one.here.submit(engine::run_map{one.map}));
    ASSERT_TRUE(one.here.run_until([&] { return one.count(event_type::ChunkCopied) >= chunks; }));
    for (std::size_t turn = 0; turn < 6; ++turn) {
      for (auto const of : {side::left, side::right}) {
        one.edit(of, turn);
        auto& app = of == side::left ? one.here.left : one.here.right;
        app.restore_to(app.last_commit());
        one.edit(opposite(of), turn + 3);
        one.here.run(static_cast<std::uint64_t>(turn % 3));
      }
    }
    one.expect_whole();
    EXPECT_EQ(0u, one.count(event_type::MapStopped));
  }
}

TEST(Fault, AMapThatIsStoppedAndRunAtOnceIsCapturedAnew) {
  scene one;
  one.start();
  ASSERT_TRUE(one.here.submit(engine::stop_map{one.map}));
  ASSERT_TRUE(one.comes_to(map_state::idle));
  ASSERT_TRUE(one.here.submit(engine::run_map{one.map}));
  one.edit(side::left, 1);
  one.expect_whole();
}

TEST(Fault, AMapIsPausedWhileItsBatchIsInDoubt) {
  for (bool const done : {false, true}) {
    scene one;
    one.start();
    one.here.right_port.ask_for(done ? fault_site::reply_lost : fault_site::request_lost);
    ASSERT_TRUE(one.here.left.commit({put(1, "Oslo")}));
    auto const failed = one.count(event_type::AttemptFailed);
    ASSERT_TRUE(one.here.run_until([&] { return one.count(event_type::AttemptFailed) > failed; }));
    one.here.right_port.ask_for(fault_site::unreachable);
    ASSERT_TRUE(one.here.submit(engine::pause_map{one.map}));
    ASSERT_TRUE(one.comes_to(map_state::paused));
    ASSERT_TRUE(one.here.left.commit({put(1, "Bergen")}));
    one.here.run(3'000);
    EXPECT_NE(customer(1, "Bergen"), one.rows(one.here.right).at({value::of_int64(1)}));
    one.expect_whole();
  }
}

// The map is back in its work before the target is back, and what it left in doubt had been
// written.
TEST(Fault, AMapIsResumedWhileItsBatchIsInDoubt) {
  for (bool const done : {false, true}) {
    scene one;
    one.here.right_port.longest = std::chrono::seconds(90);
    one.start();
    one.here.right_port.ask_for(done ? fault_site::reply_lost : fault_site::request_lost);
    ASSERT_TRUE(one.here.left.commit({put(1, "Oslo")}));
    auto const failed = one.count(event_type::AttemptFailed);
    ASSERT_TRUE(one.here.run_until([&] { return one.count(event_type::AttemptFailed) > failed; }));
    one.here.right_port.ask_for(fault_site::unreachable);
    ASSERT_TRUE(one.here.submit(engine::pause_map{one.map}));
    ASSERT_TRUE(one.comes_to(map_state::paused));
    ASSERT_TRUE(one.here.submit(engine::resume_map{one.map}));
    one.here.run(200);
    EXPECT_EQ(error_code::ok, one.here.failure().code) << to_string(one.here.failure());
    one.expect_whole();
  }
}

// Site, side and whether the apps lose what they had not synced.
class EachFault : public testing::TestWithParam<std::tuple<std::size_t, side, bool>> {};

TEST_P(EachFault, EndsEqual) {
  auto const [site, of, synchronous] = GetParam();
  fault_coverage coverage;
  for (std::size_t moment = 0; moment < 24; ++moment) {
    SCOPED_TRACE("moment " + std::to_string(moment));
    scene one;
    one.here.left.options.synchronous = one.here.right.options.synchronous = synchronous;
    for (std::size_t i = 0; i < 4; ++i) one.edit(i % 2 == 0 ? side::left : side::right, i);
    one.define();
    ASSERT_TRUE(one.here.submit(engine::run_map{one.map}));
    one.here.run(moment * 5);
    for (std::size_t turn = 0; turn < 12; ++turn) {
      one.edit(turn % 3 == 0 ? side::right : side::left, turn * 5 + moment);
      one.here.run((turn * 7 + moment) % 23);
      if (turn % 4 == 2) one.port(of).ask_for(static_cast<fault_site>(site));
      if (static_cast<fault_site>(site) == fault_site::sent_again) one.here.crash_and_restart(0);
    }
    one.here.run(500);
    one.expect_whole();
    coverage.add(one.here.coverage);
    if (HasFailure()) break;
  }
  EXPECT_GT(coverage.count(static_cast<fault_site>(site)), 0u);
}

std::string case_name(testing::TestParamInfo<EachFault::ParamType> const& info) {
  auto const [site, of, synchronous] = info.param;
  return std::string(name_of(static_cast<fault_site>(site))) +
         (of == side::left ? "_left" : "_right") + (synchronous ? "" : "_volatile");
}

INSTANTIATE_TEST_SUITE_P(Sites,
                         EachFault,
                         testing::Combine(testing::Range(std::size_t{0}, fault_sites - 1),
                                          testing::Values(side::left, side::right),
                                          testing::Bool()),
                         case_name);

}  // namespace
}  // namespace dualwrite::simulation
