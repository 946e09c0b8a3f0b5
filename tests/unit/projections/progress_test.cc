// Initial syncs: which chunk holds a key, of ranges that are copied beside each other.
#include <gtest/gtest.h>

#include <random>

#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

class Progress : public testing::Test, protected story {
 protected:
  static constexpr auto way = direction::left_to_right;

  Progress() {
    begin();
    InitialSyncStarted started;
    started.map = map;
    started.legs = {way};
    copy = execution_id{of_map(started).value};
  }
  void split(std::string const& keys) {
    LegStarted started;
    started.map = map;
    started.execution = copy;
    started.expected_rows = 100;
    for (std::size_t i = 0; i < keys.size(); ++i)
      started.splits.push_back({blob{std::string_view(keys).substr(i, 1)}});
    of_map(started);
  }
  sequence read(std::string const& after, std::string const& until, bool last) {
    RecordsCaptured captured;
    captured.link = link;
    captured.kind = capture_kind::initial;
    captured.map = map;
    captured.execution = copy;
    captured.first_key = blob{after};
    captured.last_key = blob{until};
    captured.last_chunk = last;
    captured.count = 1;
    captured.incarnation = snapshot.incarnation;
    captured.commit = snapshot.commit;
    return of_link(captured);
  }
  void written(sequence records, std::string const& after, bool last) {
    ChunkCopied copied;
    copied.map = map;
    copied.execution = copy;
    copied.records = records;
    copied.first_key = blob{after};
    copied.last = last;
    copied.incarnation = snapshot.incarnation;
    copied.snapshot = snapshot.commit;
    of_map(copied);
  }
  leg_row const& leg() const { return *views.progress.of(map)->leg(way); }
  sequence holder_of(std::string const& key) const {
    auto const* chunk = leg().covering(key);
    return chunk == nullptr ? sequence{} : chunk->records;
  }

  execution_id copy;
  source_position snapshot;
};

TEST_F(Progress, ALegThatIsNotSplitIsOneRange) {
  split("");
  ASSERT_EQ(1U, leg().ranges.size());
  auto const first = read("", "m", false);
  EXPECT_EQ(first, holder_of("a"));
  EXPECT_EQ(first, holder_of("m"));
  EXPECT_EQ(sequence{}, holder_of("n"));
  auto const second = read("m", "p", true);
  EXPECT_EQ(second, holder_of("zz"));
  EXPECT_FALSE(leg().is_copied(0));
  written(second, "m", true);
  EXPECT_TRUE(leg().is_copied(0));
}

TEST_F(Progress, AChunkWithoutRowsCoversItsKeys) {
  split("k");
  written({}, "k", true);
  ASSERT_NE(nullptr, leg().covering("z"));
  EXPECT_EQ(nullptr, leg().covering("k"));
  EXPECT_TRUE(leg().is_copied(1));
  EXPECT_FALSE(leg().is_copied(0));
}

// Chunks with rows and without, and rows that were read again.
TEST_F(Progress, KnowsHowFarASourceWasRead) {
  auto const upto = [&](side of, std::uint64_t incarnation) {
    return views.progress.read_upto(link, views.delivery.links, of, incarnation);
  };
  EXPECT_EQ(0U, upto(side::left, 7));
  split("k");
  snapshot = {7, 300};
  written({}, "k", true);
  snapshot = {7, 200};
  read("", "k", false);
  snapshot = {8, 900};
  read("k", "m", false);
  EXPECT_EQ(300U, upto(side::left, 7)) << "whichever chunk came last";
  EXPECT_EQ(900U, upto(side::left, 8));
  RecordsCaptured again;
  again.link = link;
  again.kind = capture_kind::reread;
  again.map = map;
  again.incarnation = 8;
  again.commit = 950;
  again.first_key = again.last_key = blob{std::string_view("c")};
  again.count = 1;
  of_link(again);
  EXPECT_EQ(950U, upto(side::left, 8));
  EXPECT_EQ(0U, upto(side::right, 7));
  auto const& links = views.delivery.links;
  EXPECT_EQ(0U, views.progress.read_upto(link_id{link.value + 1}, links, side::left, 7));
}

// Ranges are copied in any order and interleaved; a model holds which chunk read which keys.
TEST_F(Progress, TheChunkThatHoldsAKeyIsFoundWhateverOrderTheyWereReadIn) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 chance(seed);
    std::string splits;
    for (char key = 'b'; key < 'y'; ++key)
      if (chance() % 6 == 0) splits.push_back(key);
    InitialSyncStarted again;
    again.map = map;
    again.legs = {way};
    copy = execution_id{of_map(again).value};
    split(splits);
    std::vector<char> stands(splits.size() + 1);  // behind which key each range goes on
    std::vector<bool> ended(stands.size());
    for (std::size_t i = 0; i < stands.size(); ++i) stands[i] = i == 0 ? '\0' : splits[i - 1];
    std::map<char, sequence> model;
    for (int step = 0; step < 40; ++step) {
      auto const range = chance() % stands.size();
      if (ended[range]) continue;
      auto const end = range < splits.size() ? splits[range] : 'z';
      std::string const after = stands[range] == '\0' ? "" : std::string(1, stands[range]);
      auto const from = stands[range] == '\0' ? 'a' : static_cast<char>(stands[range] + 1);
      auto const to = std::min(end, static_cast<char>(from + static_cast<char>(chance() % 3)));
      if (from > end) continue;
      bool const last = chance() % 3 == 0;
      auto const records = read(after, std::string(1, to), last);
      for (auto key = from; key <= (last ? end : to); ++key) model[key] = records;
      written(records, after, last);
      stands[range] = to;
      ended[range] = last || to == end;
      EXPECT_EQ(last, leg().is_copied(range));
    }
    for (char key = 'a'; key <= 'z'; ++key)
      EXPECT_EQ(model[key], holder_of(std::string(1, key))) << "seed " << seed << " key " << key;
  }
}

}  // namespace
}  // namespace dualwrite::projections
