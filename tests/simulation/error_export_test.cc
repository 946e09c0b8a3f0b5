// Errors of a map that wants it are written to a file before they are purged.
#include <gtest/gtest.h>

#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

// Files that outlive the engine; writing one takes its time, and a crash may fall into it.
struct memory_archive final : engine::error_archive {
  explicit memory_archive(virtual_clock*& on) : time(on) {}
  [[nodiscard]] engine::async<std::string> keep(map_id,
                                                std::string folder,
                                                std::vector<RecordNamed> records) override {
    ++asked;
    auto const until = time->now() + std::chrono::milliseconds(3);
    DW_CO_CHECK(co_await time->sleep_until(until));
    if (!trouble.empty()) co_return error{error_code::export_failed, trouble};
    auto path = folder + "/" + std::to_string(files.size());
    for (auto const& one : records) files[path].insert(one.record);
    co_return path;
  }

  virtual_clock*& time;
  std::string trouble;
  std::map<std::string, std::set<sequence>> files;
  std::size_t asked = 0;
};

struct archived {
  virtual_clock* time = nullptr;
  memory_archive archive{time};
};

struct exporting : archived, refusing {
  exporting() : refusing(settings()) {
    time = &here.time;
    define();
    definition.errors_kept = std::chrono::seconds(2);
    definition.errors_export = "purged";
    submit(engine::change_map{map, engine::print_definition(definition)});
    submit(engine::run_map{map});
    EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  }
  engine::engine_settings settings() {
    auto out = small_steps();
    out.archive = &archive;
    return out;
  }
  void park(std::int64_t count) {
    refuse_each(1, count);
    fill(count);
    ASSERT_TRUE(here.run_until([&] { return parked() == static_cast<std::size_t>(count); }));
  }
  // Each purged record is in the file that its event names.
  void expect_all_written(std::size_t purged) {
    std::size_t seen = 0;
    auto const cursor = here.log().read({sequence{1}, false, std::nullopt});
    while (true) {
      auto const stored = cursor->next();
      if (!stored || !*stored) break;
      auto const event = decode(**stored);
      auto const* said = event ? event->as<ParkedPurged>() : nullptr;
      if (said == nullptr) continue;
      for (auto const& one : said->records) {
        ++seen;
        auto const file = archive.files.find(std::string(said->file));
        EXPECT_TRUE(file != archive.files.end() && file->second.contains(one.record));
      }
    }
    EXPECT_EQ(purged, seen);
  }
  [[nodiscard]] bool are_purged() {
    return here.run_until([&] { return parked() == 0; }, 200'000);
  }
};

TEST(ErrorExport, ComesBeforeThePurgeAndIsNamedByIt) {
  exporting one;
  one.park(5);
  ASSERT_TRUE(one.are_purged());
  one.expect_all_written(5);
  one.expect_whole();
}

TEST(ErrorExport, WhileItFailsNothingIsPurgedAndItIsSaidOnce) {
  exporting one;
  one.archive.trouble = "no space left on device";
  one.park(3);
  ASSERT_TRUE(one.here.run_until([&] { return one.archive.asked > 3; }, 200'000));
  EXPECT_EQ(3u, one.parked());
  EXPECT_EQ(0u, one.count(event_type::ParkedPurged));
  EXPECT_EQ(1u, one.count(event_type::ErrorExportFailed));
  EXPECT_EQ("no space left on device", one.here.views().error_exports.failed.at(one.map).detail);
  one.archive.trouble = "permission denied";
  ASSERT_TRUE(
      one.here.run_until([&] { return one.count(event_type::ErrorExportFailed) == 2; }, 200'000));
  one.archive.trouble.clear();
  ASSERT_TRUE(one.are_purged());
  EXPECT_TRUE(one.here.views().error_exports.failed.empty());
  one.expect_all_written(3);
  one.expect_whole();
}

TEST(ErrorExport, LeavesOutWhatIsTriedAgainMeanwhile) {
  exporting one;
  one.park(4);
  ASSERT_TRUE(one.here.run_until([&] { return one.archive.asked == 1; }, 200'000));
  one.refused.clear();
  one.submit(engine::retry_records{one.map, {one.parked_of(2)}});
  ASSERT_TRUE(one.are_purged());
  EXPECT_EQ(customer(2, "row"), one.rows(one.here.right).at({value::of_int64(2)}));
  one.expect_all_written(3);
  one.expect_whole();
}

// False where all was done before the crash.
bool crash_after(std::size_t steps) {
  exporting one;
  one.park(3);
  one.here.run_until([&] { return one.archive.asked > 0; }, 200'000);
  one.here.run(steps);
  bool const meets_it = one.parked() > 0;
  one.here.crash_and_restart(steps * 37 % 300);
  EXPECT_TRUE(one.are_purged());
  one.expect_all_written(3);
  one.expect_whole();
  return meets_it;
}

TEST(ErrorExport, WhateverCrashesNothingIsPurgedThatIsInNoFile) {
  std::size_t steps = 0;
  while (crash_after(steps) && !testing::Test::HasFailure()) ++steps;
  EXPECT_GT(steps, 2u) << "no crash met it";
}

}  // namespace
}  // namespace dualwrite::simulation
