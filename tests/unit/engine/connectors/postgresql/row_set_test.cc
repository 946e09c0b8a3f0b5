// Rows that are written together: how they are found.
#include "engine/connectors/postgresql/row_set.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

class RowSet : public PostgresqlApp {
 protected:
  RowSet() { EXPECT_TRUE(on_.open(url)); }

  struct rows {
    std::vector<target_write> wishes;
    std::vector<set_row> held{};
    std::vector<set_row*> all{};
  };
  // Facts are asked for anew: a test may have altered the table.
  row_set set_of(rows& of) {
    auto const facts = describe_table(on_, of.wishes.front().table);
    EXPECT_TRUE(facts) << to_string(facts.error());
    facts_ = *facts;
    row_set set(on_, facts_, of.wishes.front());
    of.held.clear();
    of.all.clear();
    for (auto const& wish : of.wishes) {
      auto texts = set.texts_of(wish);
      EXPECT_TRUE(texts) << to_string(texts.error());
      of.held.push_back({&wish, std::move(*texts)});
    }
    for (auto& row : of.held) of.all.push_back(&row);
    return set;
  }
  // How often all of the table was read, and how often its index was asked: what the server has not
  // added to its statistics yet, that is of this transaction and perhaps of the ones before.
  std::pair<std::int64_t, std::int64_t> scans() {
    auto const found = on_.query(
        "SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE relname = 'customer'");
    EXPECT_TRUE(found) << to_string(found.error());
    return {found->integer(0, 0), found->integer(0, 1)};
  }
  rows thousand(std::string const& name, write_kind kind = write_kind::upsert) const {
    rows out;
    for (std::int64_t id = 1; id <= 20'000; id += 20) out.wishes.push_back(write(id, name, kind));
    return out;
  }
  void fill() {
    ASSERT_TRUE(people->run(
        "INSERT INTO customer SELECT i, 'as it was' FROM generate_series(1, 20000) i; ANALYZE"));
  }

  connection on_;
  table_facts facts_;
};

TEST_F(RowSet, IsFoundByIndexAndNotByReadingTheTable) {
  fill();
  auto some = thousand("new");
  auto set = set_of(some);
  auto all = transaction::begin(on_);
  ASSERT_TRUE(all);
  EXPECT_TRUE(*set.look(some.all));
  EXPECT_EQ((std::pair<std::int64_t, std::int64_t>{0, 1000}), scans());
  EXPECT_TRUE(*set.write(some.all));
  EXPECT_EQ((std::pair<std::int64_t, std::int64_t>{0, 2000}), scans());
  auto gone = thousand("", write_kind::remove);
  auto removal = set_of(gone);
  EXPECT_TRUE(*removal.write(gone.all));
  EXPECT_EQ((std::pair<std::int64_t, std::int64_t>{0, 3000}), scans());
}

TEST_F(RowSet, OfACompositeKeyIsFoundByIndex) {
  fill();
  ASSERT_TRUE(
      people->run("ALTER TABLE customer DROP CONSTRAINT customer_pkey; CREATE UNIQUE INDEX "
                  "ON customer(id, name); ANALYZE"));
  auto some = thousand("as it was");
  for (auto& wish : some.wishes) {
    wish.key_columns = {0, 1};
    wish.key = wish.values;
    wish.columns.push_back(3);
    wish.values.push_back(value::of_decimal(*decimal::parse("1.5")));
  }
  auto set = set_of(some);
  auto all = transaction::begin(on_);
  ASSERT_TRUE(all);
  EXPECT_TRUE(*set.look(some.all));
  EXPECT_TRUE(*set.write(some.all));
  EXPECT_EQ((std::pair<std::int64_t, std::int64_t>{0, 2000}), scans());
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
