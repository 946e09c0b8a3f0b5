// Values that must be unique, and go from row to row: what is valid in the source's order arrives.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

class UniqueValues : public PostgresqlApp {
 protected:
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

}  // namespace
}  // namespace dualwrite::engine::postgresql
