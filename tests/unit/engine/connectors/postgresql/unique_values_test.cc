// Values that must be unique, and go from row to row: what is valid in the source's order arrives.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/random_events.h"
#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

class UniqueValues : public PostgresqlApp {
 public:
  UniqueValues() { begin_anew(); }

  void begin_anew() {
    people->run(
        "TRUNCATE customer; "
        "INSERT INTO customer SELECT i, 'n' || i, 'e' || i FROM generate_series(1, 40) i");
  }

  static target_write with_email(std::int64_t id, std::string const& email) {
    auto out = write(id, fmt::format("n{}", id));
    out.columns.push_back(2);
    out.values.push_back(value::of_text(email));
    return out;
  }
  // How many rows were refused.
  std::int64_t refused_of(std::vector<target_write> writes) {
    auto const effects = apply(std::move(writes));
    return std::count(effects.begin(), effects.end(), write_effect::refused);
  }
  std::string emails(std::string const& of) {
    return people->ask("SELECT id, email FROM customer WHERE " + of + " ORDER BY id");
  }
};

TEST_F(UniqueValues, AreTakenByNewRowsBehindThoseThatGiveThemAway) {
  for (std::int64_t const count : {1, 2, 3, 8, 11}) {
    SCOPED_TRACE(count);
    begin_anew();
    std::vector<target_write> writes;
    for (std::int64_t id = 1; id <= count; ++id)
      writes.push_back(with_email(id, fmt::format("free{}", id)));
    for (std::int64_t id = 1; id <= count; ++id)
      writes.push_back(with_email(100 + id, fmt::format("e{}", id)));
    EXPECT_EQ(0, refused_of(writes));
    EXPECT_EQ("101|e1", emails("id = 101"));
  }
}

TEST_F(UniqueValues, WanderFromRowToRow) {
  EXPECT_EQ(0,
            refused_of({with_email(1, "t1"),
                        with_email(2, "t2"),
                        with_email(3, "e1"),
                        with_email(4, "e2"),
                        with_email(1, "e3"),
                        with_email(2, "e4")}));
  EXPECT_EQ("1|e3;2|e4;3|e1;4|e2", emails("id <= 4"));
}

TEST_F(UniqueValues, OfARowOutsideAreRefusedBesideOthersThatAreGivenAway) {
  people->run("UPDATE customer SET email = 'theirs' WHERE id = 40");
  std::vector<target_write> writes;
  for (std::int64_t id = 12; id >= 1; --id)
    writes.push_back(with_email(id, id == 12 ? "e12b" : fmt::format("e{}", id + 1)));
  for (std::int64_t id = 101; id <= 110; ++id)
    writes.push_back(with_email(id, id == 105 ? "theirs" : fmt::format("new{}", id)));
  writes.push_back(with_email(111, "e1"));
  EXPECT_EQ(1, refused_of(writes));
  EXPECT_EQ(write_effect::refused, results[16].effect);
  ASSERT_TRUE(results[16].taken_by);
  EXPECT_EQ(row_values{value::of_int64(40)}, results[16].taken_by->values);
  EXPECT_EQ("1|e2;2|e3;12|e12b;111|e1", emails("id IN (1, 2, 12, 111)"));
}

// A row may come with a set of its own table that brings what it refers to.
TEST_F(UniqueValues, ARowThatRefersToOneBeforeItIsWrittenBehindIt) {
  people->run(
      "CREATE TABLE part(id bigint PRIMARY KEY, of bigint REFERENCES part); "
      "INSERT INTO part VALUES(1, NULL), (2, NULL), (3, NULL)");
  auto const part = [](std::int64_t id, std::optional<std::int64_t> of) {
    auto out = write(id, "");
    out.table = "part";
    out.values[1] = of ? value::of_int64(*of) : value::null();
    return out;
  };
  EXPECT_EQ(0, refused_of({part(10, std::nullopt), part(1, 10), part(2, 10), part(11, 1)}));
  EXPECT_EQ("1|10;2|10;11|1", people->ask("SELECT * FROM part WHERE of IS NOT NULL ORDER BY id"));
}

// Rows take each other's values; `count` pairs, the first halves of them first.
std::vector<target_write> exchanges(std::int64_t count, bool new_values) {
  std::vector<target_write> out;
  auto const put = [&](std::int64_t id, std::int64_t from) {
    auto one = UniqueValues::with_email(id, fmt::format("e{}", from));
    if (new_values) one.values[1] = value::of_text("new");
    out.push_back(std::move(one));
  };
  for (std::int64_t id = 21 - count; id <= 20 + count; ++id) put(id, 41 - id);
  return out;
}

TEST_F(UniqueValues, AreExchanged) {
  for (std::int64_t const count : {1, 2, 3, 8, 11}) {
    SCOPED_TRACE(count);
    begin_anew();
    EXPECT_EQ(0, refused_of(exchanges(count, count == 3)));
    EXPECT_EQ(std::to_string(2 * count),
              people->ask("SELECT count(*) FROM customer WHERE email = 'e' || (41 - id)"));
    EXPECT_EQ("40", people->ask("SELECT count(email) FROM customer"));
  }
}

TEST_F(UniqueValues, GoRoundAndFromRowToRow) {
  std::vector<target_write> round;
  for (std::int64_t id = 1; id <= 12; ++id)
    round.push_back(with_email(id, fmt::format("e{}", id % 12 + 1)));
  for (std::int64_t id = 20; id <= 30; ++id)
    round.push_back(with_email(id, id == 30 ? "last" : fmt::format("e{}", id + 1)));
  EXPECT_EQ(0, refused_of(round));
  EXPECT_EQ("1|e2;2|e3;12|e1;20|e21;29|e30;30|last", emails("id IN (1, 2, 12, 20, 29, 30)"));
}

TEST_F(UniqueValues, WithoutNullAreExchanged) {
  people->run("ALTER TABLE customer ALTER email SET NOT NULL");
  EXPECT_EQ(0, refused_of(exchanges(2, false)));
  EXPECT_EQ("19|e22;20|e21;21|e20;22|e19", emails("id BETWEEN 19 AND 22"));
}

TEST_F(UniqueValues, AreExchangedWhereTheirConstraintCanWait) {
  for (auto const* when : {"IMMEDIATE", "DEFERRED"}) {
    SCOPED_TRACE(when);
    begin_anew();
    people->run(fmt::format(
        "ALTER TABLE customer DROP CONSTRAINT IF EXISTS customer_email_key; "
        "ALTER TABLE customer DROP CONSTRAINT IF EXISTS waits; "
        "ALTER TABLE customer ADD CONSTRAINT waits UNIQUE(email) DEFERRABLE INITIALLY {}; "
        "ALTER TABLE customer DROP CONSTRAINT IF EXISTS is_told; "
        "ALTER TABLE customer ADD CONSTRAINT is_told CHECK (email LIKE 'e%' AND email IS NOT NULL)",
        when));
    EXPECT_EQ(0, refused_of(exchanges(1, false)));
    EXPECT_EQ("20|e21;21|e20", emails("id IN (20, 21)"));
  }
}

// One row of the batch stays in the way of another, and the exchange takes no notice of it.
TEST_F(UniqueValues, AreExchangedBesideARefusedRow) {
  people->run(
      "ALTER TABLE customer DROP CONSTRAINT customer_email_key; "
      "ALTER TABLE customer ADD UNIQUE(email) DEFERRABLE INITIALLY DEFERRED");
  auto writes = exchanges(2, false);
  writes.push_back(with_email(50, "e1"));
  EXPECT_EQ(1, refused_of(writes));
  EXPECT_EQ("19|e22;20|e21;21|e20;22|e19", emails("id BETWEEN 19 AND 22"));
}

TEST_F(UniqueValues, OfWhichOneCannotBeWrittenStayWhereTheyAre) {
  people->run("ALTER TABLE customer ADD CHECK (name <> 'new' OR id <> 22)");
  EXPECT_EQ(2, refused_of(exchanges(2, true)));
  EXPECT_EQ("19|e19;20|e21;21|e20;22|e22", emails("id BETWEEN 19 AND 22"));
  EXPECT_EQ("0", people->ask("SELECT count(*) FROM customer WHERE email IS NULL"));
}

TEST_F(UniqueValues, OfKeysAreExchanged) {
  std::vector<target_write> writes;
  for (std::int64_t id = 1; id <= 5; ++id) {
    auto moved = write(6 - id, fmt::format("n{}", id));
    if (id != 3) moved.old_key = row_values{value::of_int64(id)};
    writes.push_back(std::move(moved));
  }
  EXPECT_EQ(0, refused_of(writes));
  EXPECT_EQ("1|e5;2|e4;3|e3;4|e2;5|e1", emails("id <= 5"));
  EXPECT_EQ("40|1", people->ask("SELECT count(*), min(id) FROM customer"));
}

// It would come back under the key that it had for the moment.
TEST_F(UniqueValues, OfKeysStayWhereTheRowsAreCaptured) {
  people->run("CREATE PUBLICATION theirs FOR TABLE customer");
  auto one = write(2, "n1");
  one.old_key = row_values{value::of_int64(1)};
  auto other = write(1, "n2");
  other.old_key = row_values{value::of_int64(2)};
  EXPECT_EQ(2, refused_of({one, other}));
  EXPECT_EQ("1|e1;2|e2", emails("id <= 2"));
}

// The source checks them when it commits: any exchange of values is one.
TEST_F(UniqueValues, AnyExchangeArrives) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    begin_anew();
    tests::dice dice(seed);
    std::vector<std::int64_t> held;
    for (std::int64_t id = 1; id <= 40; ++id) held.push_back(id);
    for (int batch = 0; batch < 3; ++batch) {
      auto const before = held;
      for (auto swaps = dice.below(40) + 1; swaps > 0; --swaps)
        std::swap(held[dice.below(40)], held[dice.below(40)]);
      std::vector<target_write> writes;
      for (std::size_t i = 0; i < held.size(); ++i) {
        if (held[i] == before[i] && dice.below(3) > 0) continue;
        writes.push_back(with_email(static_cast<std::int64_t>(i) + 1, fmt::format("e{}", held[i])));
      }
      EXPECT_EQ(0, refused_of(writes));
      std::string wanted;
      for (std::size_t i = 0; i < held.size(); ++i)
        wanted += fmt::format("{}{}|e{}", i == 0 ? "" : ";", i + 1, held[i]);
      EXPECT_EQ(wanted, emails("true"));
    }
  }
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
