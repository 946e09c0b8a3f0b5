#include "replay/view_snapshot.h"

#include <gtest/gtest.h>

#include <fstream>

#include "events/codec.h"
#include "replay/rebuild.h"
#include "tests/support/log_under_test.h"

namespace dualwrite::replay {
namespace {

constexpr digest program{std::byte{7}};
constexpr digest other_program{std::byte{8}};

class ViewSnapshot : public testing::Test {
 protected:
  void SetUp() override { add(log, 5); }
  static void add(event_log& to, int links) {
    for (int i = 0; i < links; ++i) {
      auto const name = "link " + std::to_string(to.head().at.value);
      auto const at = to.head().at.value + 1;
      auto const event =
          draft({stream_kind::link, at}, link_id{at}, LinkCreated{name, app_id{1}, app_id{2}});
      instant const now{static_cast<std::int64_t>(at)};
      ASSERT_TRUE(to.append({&event, 1}, now, to.head().at, epoch{}));
    }
  }
  snapshot taken() { return *take_snapshot(log, *rebuild(log), program); }
  // Up to where the views are that the snapshot gives.
  static sequence used(event_log const& on, std::optional<snapshot> const& saved) {
    auto const views = views_from(on, saved, program);
    EXPECT_TRUE(views);
    return views->checkpoint;
  }

  memory_event_log log{tests::test_log};
  tests::temporary_folder folder;
};

TEST_F(ViewSnapshot, IsReadBackAsItWasWritten) {
  auto const saved = taken();
  auto const path = folder.path() / "views";
  ASSERT_TRUE(write_snapshot(path, saved));
  auto const read = read_snapshot(path);
  ASSERT_TRUE(read);
  EXPECT_EQ(saved.program, read->program);
  EXPECT_EQ(saved.head, read->head);
  EXPECT_EQ(saved.state, read->state);
  add(log, 3);
  EXPECT_EQ(sequence{5}, used(log, read));
  auto const now = rebuild(log, *views_from(log, read, program));
  EXPECT_EQ(projections::save(*rebuild(log)), projections::save(*now));
}

TEST_F(ViewSnapshot, EveryDamageMakesItNone) {
  auto const path = folder.path() / "views";
  ASSERT_TRUE(write_snapshot(path, taken()));
  std::ifstream file(path, std::ios::binary);
  std::string const whole{std::istreambuf_iterator<char>(file), {}};
  auto const write = [&](std::string const& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  };
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    write(damaged);
    ASSERT_FALSE(read_snapshot(path)) << at;
    write(whole.substr(0, at));
    ASSERT_FALSE(read_snapshot(path)) << at;
  }
  write(whole);
  EXPECT_TRUE(read_snapshot(path));
  EXPECT_FALSE(read_snapshot(folder.path() / "none"));
}

TEST_F(ViewSnapshot, OfAnotherProgramIsNotUsed) {
  auto const saved = *take_snapshot(log, *rebuild(log), other_program);
  EXPECT_EQ(sequence{}, used(log, saved));
  EXPECT_EQ(sequence{5}, used(log, taken()));
}

TEST_F(ViewSnapshot, OfAnotherPastIsNotUsed) {
  auto const saved = taken();
  memory_event_log shorter{tests::test_log};
  add(shorter, 3);
  EXPECT_EQ(sequence{}, used(shorter, saved));
  memory_event_log other_id{log_id{78}};
  add(other_id, 5);
  EXPECT_EQ(sequence{}, used(other_id, saved));
  memory_event_log otherwise{tests::test_log};
  add(otherwise, 4);
  auto const event = draft({}, {}, EngineStarted{"x"});
  ASSERT_TRUE(otherwise.append({&event, 1}, instant{9}, otherwise.head().at, epoch{}));
  EXPECT_EQ(sequence{}, used(otherwise, saved));
}

TEST_F(ViewSnapshot, OfAnEmptyLogIsOne) {
  memory_event_log empty{tests::test_log};
  auto const saved = take_snapshot(empty, {}, program);
  ASSERT_TRUE(saved);
  EXPECT_EQ(sequence{}, used(empty, *saved));
}

TEST_F(ViewSnapshot, TheProgramHasADigestThatStays) {
  auto const first = digest_of_program();
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, *digest_of_program());
}

}  // namespace
}  // namespace dualwrite::replay
