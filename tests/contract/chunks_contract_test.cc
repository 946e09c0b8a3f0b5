// Copies of tables, in chunks: their order, and their seam against what changes meanwhile.
#include <array>
#include <map>
#include <set>

#include "events/row_image.h"
#include "tests/contract/connector_suite.h"

namespace dualwrite::contract {
namespace {

engine::chunk_request chunks_of(std::string table,
                                std::vector<std::size_t> key,
                                std::size_t limit) {
  engine::chunk_request out;
  out.table = std::move(table);
  out.key = std::move(key);
  out.limit = limit;
  return out;
}

// A copy that is taken chunk by chunk, and changes that are captured meanwhile: a change counts
// where it is above the position that its key was copied at.
class replica {
 public:
  void copy(engine::chunk const& one, bool last) {
    for (auto const& row : one.rows) rows_[row[0]] = row;
    auto const end =
        last ? std::numeric_limits<std::int64_t>::max() : one.rows.back()[0].as_int64();
    copied_[end] = one.snapshot.commit;
  }
  void change(captured_transaction const& from) {
    for (auto const& row : from.rows) {
      auto const before = row.before.empty() ? row_values{} : *decode_row(row.before);
      auto const after = row.after.empty() ? row_values{} : *decode_row(row.after);
      auto const counts = [&](row_values const& of) {
        return !of.empty() && from.position.commit > copied_.lower_bound(of[0].as_int64())->second;
      };
      if (counts(before)) rows_.erase(before[0]);
      if (counts(after)) rows_[after[0]] = after;
    }
  }
  std::vector<row_values> rows() const {
    std::vector<row_values> out;
    for (auto const& [key, row] : rows_) out.push_back(row);
    return out;
  }

 private:
  std::map<value, row_values> rows_;
  std::map<std::int64_t, std::uint64_t> copied_;  // by the last key of each chunk
};

TEST_P(Connector, CountsRows) {
  make({customers()});
  EXPECT_EQ(0U, *wait(subject->source().count_rows("customer")));
  for (int i = 1; i <= 3; ++i) commit(inserted("customer", customer(i, text("x"))));
  EXPECT_EQ(3U, *wait(subject->source().count_rows("customer")));
}

TEST_P(Connector, ReadsChunksInTheOrderOfTheKey) {
  make({customers()});
  for (auto const id : {30, -5, 7, 100, 20}) commit(inserted("customer", customer(id, text("x"))));
  capture();
  auto request = chunks_of("customer", {0}, 2);
  auto some = chunk(request);
  ASSERT_TRUE(some);
  EXPECT_EQ("(-5,x)(7,x)", shown(some->rows));
  request.after = row_values{number(7)};
  some = chunk(request);
  EXPECT_EQ("(20,x)(30,x)", shown(some->rows));
  // The row that a chunk begins behind need not be there any more.
  commit(removed("customer", {number(30)}));
  request.after = row_values{number(30)};
  some = chunk(request);
  EXPECT_EQ("(100,x)", shown(some->rows));
  request.after = row_values{number(100)};
  some = chunk(request);
  EXPECT_TRUE(some->rows.empty());
}

TEST_P(Connector, ReadsChunksInTheOrderOfTheKeysTexts) {
  make({customers()});
  for (auto const id : {30, -5, 7, 100, 20}) commit(inserted("customer", customer(id, text("x"))));
  capture();
  auto request = chunks_of("customer", {0}, 2);
  request.by_text = {0};
  EXPECT_EQ("(-5,x)(100,x)", shown(chunk(request)->rows));
  request.after = row_values{number(100)};
  request.until = row_values{number(30)};
  EXPECT_EQ("(20,x)(30,x)", shown(chunk(request)->rows));
  request.after = row_values{number(30)};
  request.until.reset();
  EXPECT_EQ("(7,x)", shown(chunk(request)->rows));
  request.only = row_values{number(20)};
  EXPECT_EQ("(20,x)", shown(chunk(request)->rows));
}

TEST_P(Connector, AChunkTellsTheFormOfItsTable) {
  make({customers(), lines()});
  capture();
  for (std::string const table : {"customer", "line"}) {
    auto const seen = wait(subject->source().describe(table));
    EXPECT_EQ(fingerprint(*seen), chunk(chunks_of(table, {0}, 2))->form);
  }
}

TEST_P(Connector, ReadsOneRowAlone) {
  make({customers(), lines()});
  for (int i = 1; i <= 3; ++i) commit(inserted("customer", customer(i, text("x"))));
  commit_all({inserted("line", line(1, "a", 1)), inserted("line", line(1, "b", 2))});
  capture();
  auto request = chunks_of("customer", {0}, 10);
  request.only = row_values{number(2)};
  EXPECT_EQ("(2,x)", shown(chunk(request)->rows));
  request.only = row_values{number(9)};
  EXPECT_EQ("", shown(chunk(request)->rows));
  auto pair = chunks_of("line", {0, 1}, 10);
  pair.only = row_values{number(1), text("b")};
  EXPECT_EQ("(1,b,2)", shown(chunk(pair)->rows));
}

TEST_P(Connector, ReadsChunksByACompositeKey) {
  make({lines()});
  for (auto const order : {2, 1}) {
    for (auto const* item : {"b", "a", "c"}) commit(inserted("line", line(order, item, 1)));
  }
  capture();
  auto request = chunks_of("line", {0, 1}, 2);
  std::string all;
  for (int i = 0; i < 3; ++i) {
    auto const some = chunk(request);
    ASSERT_TRUE(some);
    ASSERT_EQ(2U, some->rows.size());
    all += shown(some->rows) + " ";
    request.after = row_values{some->rows.back()[0], some->rows.back()[1]};
  }
  EXPECT_EQ("(1,a,1)(1,b,1) (1,c,1)(2,a,1) (2,b,1)(2,c,1) ", all);
  EXPECT_TRUE(chunk(request)->rows.empty());
}

TEST_P(Connector, ReadsNoFurtherThanItIsAskedTo) {
  make({lines()});
  for (auto const* item : {"a", "b", "c", "d"}) commit(inserted("line", line(1, item, 1)));
  commit(inserted("line", line(2, "a", 1)));
  capture();
  auto request = chunks_of("line", {0, 1}, 2);
  request.until = row_values{number(1), text("c")};
  auto some = chunk(request);
  ASSERT_TRUE(some);
  EXPECT_EQ("(1,a,1)(1,b,1)", shown(some->rows));
  EXPECT_FALSE(some->last);
  request.after = row_values{number(1), text("b")};
  request.limit = 3;
  some = chunk(request);
  EXPECT_EQ("(1,c,1)", shown(some->rows));
  EXPECT_TRUE(some->last);
}

TEST_P(Connector, SplitsATableByRisingKeys) {
  make({lines()});
  for (int order = 0; order < 100; ++order) commit(inserted("line", line(order, "a", 1)));
  auto const keys = wait(subject->source().split({"line", {0, 1}, 4}));
  ASSERT_TRUE(keys);
  EXPECT_LE(keys->size(), 4U);
  for (std::size_t i = 0; i < keys->size(); ++i) {
    ASSERT_EQ(2U, (*keys)[i].size());
    if (i > 0) {
      EXPECT_LT((*keys)[i - 1], (*keys)[i]);
    }
  }
}

TEST_P(Connector, OrdersTextKeysByTheirBytes) {
  make({lines()});
  for (auto const* item : {"é", "a", "B", "", "ab", "Z", "a b"})
    commit(inserted("line", line(1, item, 0)));
  capture();
  auto request = chunks_of("line", {0, 1}, 1);
  std::string all;
  for (int i = 0; i < 7; ++i) {
    auto const some = chunk(request);
    ASSERT_TRUE(some);
    ASSERT_EQ(1U, some->rows.size());
    all += some->rows[0][1].as_string() + "|";
    request.after = row_values{some->rows[0][0], some->rows[0][1]};
  }
  EXPECT_EQ("|B|Z|a|a b|ab|é|", all);
}

TEST_P(Connector, ReadsChunksByAnotherUniqueColumn) {
  make({customers()});
  commit(inserted("customer", customer(1, text("Ann"), text("z@y"))));
  commit(inserted("customer", customer(2, text("Bob"), text("a@y"))));
  capture();
  auto request = chunks_of("customer", {2}, 1);
  EXPECT_EQ("(2,Bob,a@y)", shown(chunk(request)->rows));
  request.after = row_values{text("a@y")};
  EXPECT_EQ("(1,Ann,z@y)", shown(chunk(request)->rows));
}

TEST_P(Connector, LeavesOutRowsWithoutTheKeyThatChunksAreCutBy) {
  make({customers()});
  for (int i = 1; i <= 3; ++i) commit(inserted("customer", customer(i, text("x"))));
  commit(inserted("customer", customer(4, text("Di"), text("d@y"))));
  capture();
  EXPECT_EQ("(4,Di,d@y)", shown(chunk(chunks_of("customer", {2}, 10))->rows));
}

TEST_P(Connector, AChunkHoldsWhatWasCommittedUpToItsPositionAndNothingElse) {
  make({customers()});
  capture();
  commit(inserted("customer", customer(1, text("Ann"))));
  auto const before = captured();
  auto const copy = chunk(chunks_of("customer", {0}, 10));
  commit(inserted("customer", customer(2, text("Bob"))));
  auto const after = captured();
  ASSERT_TRUE(copy);
  EXPECT_EQ("(1,Ann)", shown(copy->rows));
  for (auto const& one : before) EXPECT_LE(one.position.commit, copy->snapshot.commit);
  for (auto const& one : after) EXPECT_GT(one.position.commit, copy->snapshot.commit);
  EXPECT_EQ(before.back().position.incarnation, copy->snapshot.incarnation);
}

TEST_P(Connector, ChunksAndWhatChangesMeanwhileMakeTheTable) {
  make({customers()});
  for (int i = 1; i <= 8; ++i) commit(inserted("customer", customer(i * 10, text("old"))));
  capture();
  std::vector<std::vector<user_change>> const first = {
      {updated("customer", {number(10)}, customer(10, text("new"))),
       removed("customer", {number(50)}),
       inserted("customer", customer(45, text("new")))},
      {updated("customer", {number(20)}, customer(85, text("moved up"))),
       updated("customer", {number(70)}, customer(15, text("moved down")))},
      {removed("customer", {number(85)}), inserted("customer", customer(20, text("back")))},
      {updated("customer", {number(60)}, customer(60, text("late")))}};
  std::vector<std::vector<user_change>> const second = {
      {updated("customer", {number(30)}, customer(30, text("once more"))),
       removed("customer", {number(15)})},
      {updated("customer", {number(40)}, customer(12, text("moved down"))),
       inserted("customer", customer(95, text("new")))}};
  std::array const between{first, second};
  // Two copies; the second one's chunks may be of one snapshot.
  for (std::uint64_t number = 0; number < 2; ++number) {
    replica copy;
    auto request = chunks_of("customer", {0}, 3);
    request.copy = number;
    for (std::size_t i = 0;; ++i) {
      auto const some = chunk(request);
      ASSERT_TRUE(some);
      copy.copy(*some, some->last);
      if (i < between[number].size()) commit_all(between[number][i]);
      if (some->last) break;
      request.after = row_values{some->rows.back()[0]};
    }
    for (auto const& one : captured()) copy.change(one);
    EXPECT_EQ(rows(), shown(copy.rows()));
  }
}

TEST_P(Connector, ChunksBetweenOurOwnBatchesHaveTheirPlaceToo) {
  make({customers()});
  capture();
  apply({put("customer", customer(1, text("Ann")))});
  auto const copy = chunk(chunks_of("customer", {0}, 10));
  apply({put("customer", customer(2, text("Bob")))});
  ASSERT_TRUE(copy);
  EXPECT_EQ("(1,Ann)", shown(copy->rows));
  auto const all = captured();
  ASSERT_EQ(2U, all.size());
  EXPECT_LE(all[0].position.commit, copy->snapshot.commit);
  EXPECT_GT(all[1].position.commit, copy->snapshot.commit);
}

}  // namespace
}  // namespace dualwrite::contract
