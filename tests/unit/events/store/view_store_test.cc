// What every view store promises, on each of them.
#include <fstream>
#include <functional>

#include <gmock/gmock.h>

#include "events/store/memory_view_store.h"
#include "events/store/rocks_view_store.h"
#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::IsEmpty;

class views_under_test {
 public:
  virtual ~views_under_test() = default;
  virtual view_store& store() = 0;
  // Closes it in order and opens it again.
  virtual void reopen() = 0;
};

class memory_views final : public views_under_test {
 public:
  view_store& store() override { return store_; }
  void reopen() override {
    ASSERT_TRUE(store_.flush());
    store_.crash();
  }

 private:
  memory_view_store store_;
};

class rocks_views final : public views_under_test {
 public:
  rocks_views() { reopen(); }
  view_store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    auto opened = rocks_view_store::open(folder_.path() / "views");
    ASSERT_TRUE(opened) << to_string(opened.error());
    store_ = std::move(*opened);
  }

 private:
  temporary_folder folder_;
  std::unique_ptr<view_store> store_;
};

struct views_kind {
  char const* name;
  std::function<std::unique_ptr<views_under_test>()> make;
};

class ViewStore : public testing::TestWithParam<views_kind> {
 protected:
  view_store& store() { return made_->store(); }
  std::unique_ptr<views_under_test> made_ = GetParam().make();
  view_checkpoint const first_{sequence{5}, sha256({}), 1};
};

TEST_P(ViewStore, UnknownViewIsEmpty) {
  EXPECT_EQ(*store().load("status", 1), std::nullopt);
  EXPECT_EQ(*store().get("status", "a"), std::nullopt);
  EXPECT_THAT(*store().scan("status", "", 10), IsEmpty());
  EXPECT_TRUE(store().drop("status"));
}

TEST_P(ViewStore, CommittedRowsAndCheckpointAreThereAlsoAfterReopening) {
  std::vector<row_change> const changes{
      {"b", "2"}, {"a", "1"}, {"", "empty key"}, {"gone", "x"}, {"gone", {}}};
  ASSERT_TRUE(store().commit("status", changes, first_));
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(*store().load("status", 1), first_);
    EXPECT_EQ(*store().get("status", "b"), "2");
    EXPECT_EQ(*store().get("status", "gone"), std::nullopt);
    EXPECT_THAT(*store().scan("status", "", 10),
                ElementsAre(view_row{"", "empty key"}, view_row{"a", "1"}, view_row{"b", "2"}));
    made_->reopen();
  }
}

TEST_P(ViewStore, ViewOfAnotherVersionIsNotLoaded) {
  ASSERT_TRUE(store().commit("status", {}, first_));
  EXPECT_EQ(*store().load("status", 2), std::nullopt);
}

TEST_P(ViewStore, ScanGivesPagesInOrderOfBytes) {
  std::vector<row_change> changes;
  for (auto const* key : {"\x7f", "\xff", "a", "b", "c"}) changes.push_back({key, "."});
  ASSERT_TRUE(store().commit("v", changes, first_));
  auto const page = *store().scan("v", "b", 2);
  EXPECT_THAT(page, ElementsAre(view_row{"b", "."}, view_row{"c", "."}));
  EXPECT_EQ(store().scan("v", "c", 9)->size(), 3u);
  EXPECT_EQ(store().scan("v", "c", 9)->back().key, "\xff");
}

TEST_P(ViewStore, DroppedViewIsGoneAndMayBeMadeAnew) {
  std::vector<row_change> const changes{{"a", "1"}};
  ASSERT_TRUE(store().commit("one", changes, first_));
  ASSERT_TRUE(store().commit("two", changes, first_));
  ASSERT_TRUE(store().drop("one"));
  made_->reopen();
  EXPECT_EQ(*store().load("one", 1), std::nullopt);
  EXPECT_EQ(*store().get("one", "a"), std::nullopt);
  EXPECT_EQ(*store().get("two", "a"), "1");
  ASSERT_TRUE(store().commit("one", {}, first_));
  EXPECT_EQ(*store().get("one", "a"), std::nullopt);
}

TEST_P(ViewStore, RandomCommitsAddUp) {
  dice dice{1};
  std::map<std::string, std::string> expected;
  for (std::uint64_t i = 1; i < 60; ++i) {
    std::vector<row_change> changes;
    for (std::uint64_t n = dice.below(20); n > 0; --n) {
      auto const key = std::to_string(dice.below(50));
      if (dice.one_in(3)) {
        changes.push_back({key, {}});
        expected.erase(key);
      } else {
        changes.push_back({key, std::to_string(i)});
        expected[key] = std::to_string(i);
      }
    }
    ASSERT_TRUE(store().commit("v", changes, {sequence{i}, {}, 1}));
    if (dice.one_in(10)) made_->reopen();
  }
  std::map<std::string, std::string> found;
  for (auto const& row : *store().scan("v", "", 1000)) found[row.key] = row.row;
  EXPECT_EQ(found, expected);
  EXPECT_EQ((*store().load("v", 1))->at, sequence{59});
}

INSTANTIATE_TEST_SUITE_P(
    Kinds,
    ViewStore,
    testing::Values(views_kind{"Memory", [] { return std::make_unique<memory_views>(); }},
                    views_kind{"Rocks", [] { return std::make_unique<rocks_views>(); }}),
    [](auto const& kind) { return kind.param.name; });

TEST(MemoryViewStore, CrashSetsViewsBackToTheLastFlush) {
  memory_view_store store;
  std::vector<row_change> const old{{"a", "1"}};
  std::vector<row_change> const later{{"a", "2"}};
  ASSERT_TRUE(store.commit("v", old, {sequence{1}, {}, 1}));
  ASSERT_TRUE(store.flush());
  ASSERT_TRUE(store.commit("v", later, {sequence{2}, {}, 1}));
  store.crash();
  EXPECT_EQ(*store.get("v", "a"), "1");
  EXPECT_EQ((*store.load("v", 1))->at, sequence{1});
}

TEST(RocksViewStore, SecondOpeningIsRefused) {
  temporary_folder const folder;
  auto const open = rocks_view_store::open(folder.path());
  ASSERT_TRUE(open);
  EXPECT_EQ(rocks_view_store::open(folder.path()).error().code, error_code::log_locked);
}

TEST(RocksViewStore, FolderThatCannotBeReadIsEmptied) {
  temporary_folder const folder;
  ASSERT_TRUE((*rocks_view_store::open(folder.path()))->commit("v", {}, {sequence{1}, {}, 1}));
  std::ofstream{folder.path() / "CURRENT", std::ios::trunc} << "nonsense\n";
  auto const again = rocks_view_store::open(folder.path());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(*(*again)->load("v", 1), std::nullopt);
}

}  // namespace
}  // namespace dualwrite
