// Rows that are written together: how they are found, and what may be written without a look.
#include "engine/connectors/postgresql/row_set.h"

#include <fmt/format.h>
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
      auto const fits = set.check(wish);
      EXPECT_TRUE(fits) << to_string(fits.error());
      of.held.push_back({&wish});
    }
    for (auto& row : of.held) of.all.push_back(&row);
    return set;
  }
  static std::string effects(rows const& of) {
    std::string out;
    for (auto const* row : of.all)
      out += row->result ? std::to_string(static_cast<int>(row->result->effect)) : "?";
    return out;
  }
  static std::string effects(std::vector<write_effect> const& wanted) {
    std::string out;
    for (auto const one : wanted) out += std::to_string(static_cast<int>(one));
    return out;
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

TEST_F(RowSet, ThatIsThereIsChangedWithoutALook) {
  fill();
  auto first = thousand("first");
  rows_met met;
  EXPECT_TRUE(*set_of(first).write_at_once(first.all, met));
  EXPECT_TRUE(met.are_there);
  auto second = thousand("second");
  auto set = set_of(second);
  auto all = transaction::begin(on_);
  ASSERT_TRUE(all);
  auto const before = scans();
  EXPECT_TRUE(*set.write_at_once(second.all, met));
  EXPECT_EQ(before.first, scans().first);
  EXPECT_EQ(before.second + 1000, scans().second);
  EXPECT_EQ(effects(std::vector(1000, write_effect::updated)), effects(second));
  EXPECT_TRUE(met.are_there);
}

// A table that holds to its keys itself refuses a row that is there; in others it is looked for.
TEST_F(RowSet, ThatIsExpectedToBeNewIsInsertedWithoutALook) {
  struct {
    char const* made;
    bool is_looked_for;
  } const tables[] = {
      {"CREATE TABLE item(id bigint PRIMARY KEY, name text)", false},
      {"CREATE TABLE item(id bigint UNIQUE, name text UNIQUE)", false},
      {"CREATE TABLE item(id bigint, name text UNIQUE)", true},
      {"CREATE TABLE item(id bigint PRIMARY KEY DEFERRABLE, name text)", true},
      {"CREATE TABLE item(id bigint PRIMARY KEY, name text); CREATE TABLE part() INHERITS(item)",
       true},
      {"CREATE TABLE item(id bigint PRIMARY KEY, name text); CREATE FUNCTION pass() RETURNS "
       "trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER pass BEFORE INSERT ON "
       "item FOR EACH ROW EXECUTE FUNCTION pass()",
       true},
  };
  for (auto const& [made, is_looked_for] : tables) {
    SCOPED_TRACE(made);
    ASSERT_TRUE(people->run(std::string("DROP TABLE IF EXISTS item CASCADE; ") + made));
    rows_met met;
    auto const put = [&](rows some) {
      for (auto& wish : some.wishes) wish.table = "item";
      auto const done = set_of(some).write_at_once(some.all, met);
      return done ? effects(some) : to_string(done.error());
    };
    auto const all_inserted = effects(std::vector(3, write_effect::inserted));
    EXPECT_EQ(all_inserted, put({{write(1, "Ann"), write(2, "Bob"), write(3, "Cy")}}));
    EXPECT_EQ(all_inserted, put({{write(4, "Di"), write(5, "Ed"), write(6, "Flo")}}));
    rows const some{{write(7, "Gus"), write(8, "Hal"), write(2, "Rob")}};
    auto const as_it_is =
        effects({write_effect::inserted, write_effect::inserted, write_effect::updated});
    if (!is_looked_for) {
      EXPECT_NE(as_it_is, put(some));
      EXPECT_LT(met.all_new, 0) << "it costs a set: not soon again";
    }
    EXPECT_EQ(as_it_is, put(some));
    EXPECT_EQ("8|Rob", people->ask("SELECT count(*), min(name) FILTER (WHERE id = 2) FROM item"));
  }
}

TEST_F(RowSet, ThatIsNewIsRefusedForOneOfItsRows) {
  ASSERT_TRUE(people->run("CREATE TABLE item(id bigint PRIMARY KEY, name text CHECK(name <> ''))"));
  rows some;
  for (std::int64_t id = 1; id <= 700; ++id) {
    some.wishes.push_back(write(id, id == 600 ? "" : "Ann"));
    some.wishes.back().table = "item";
  }
  auto set = set_of(some);
  EXPECT_FALSE(set.write(some.all));
  EXPECT_EQ(some.all[599], set.refused());
}

TEST_F(RowSet, OfATableThatRefersToItselfIsWrittenInOneStatement) {
  ASSERT_TRUE(
      people->run("CREATE TABLE item(id bigint PRIMARY KEY, parent bigint REFERENCES item)"));
  rows some;
  for (std::int64_t id = 1; id <= 700; ++id) {
    some.wishes.push_back(write(id, ""));
    some.wishes.back().table = "item";
    some.wishes.back().values[1] = value::of_int64(701 - id);
  }
  auto const written = set_of(some).write(some.all);
  ASSERT_TRUE(written) << to_string(written.error());
  EXPECT_EQ(effects(std::vector(700, write_effect::inserted)), effects(some));
}

TEST_F(RowSet, WhereMostAreExpectedTheOthersAreLookedFor) {
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob'), (3, 'Cy')");
  rows some{{write(1, "Ann"), write(2, "Rob"), write(8, "Di"), write(3, "Sy"), write(9, "Ed")}};
  rows_met met{true};
  EXPECT_TRUE(*set_of(some).write_at_once(some.all, met));
  EXPECT_EQ(effects({write_effect::equal,
                     write_effect::updated,
                     write_effect::inserted,
                     write_effect::updated,
                     write_effect::inserted}),
            effects(some));
  EXPECT_EQ("1|Ann;2|Rob;3|Sy;8|Di;9|Ed", people->ask("SELECT id, name FROM customer ORDER BY id"));
  rows fresh{{write(11, "Flo"), write(12, "Gus"), write(13, "Hal"), write(9, "Ede")}};
  EXPECT_TRUE(*set_of(fresh).write_at_once(fresh.all, met));
  EXPECT_FALSE(met.are_there);
}

TEST_F(RowSet, OnlyChangedWhereItIsThereSaysWhatIsMissing) {
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
  auto const change = write_kind::update;
  rows some{{write(1, "Anna", change), write(7, "Nobody", change), write(2, "Bob", change)}};
  rows_met met{true};
  EXPECT_TRUE(*set_of(some).write_at_once(some.all, met));
  EXPECT_EQ(effects({write_effect::updated, write_effect::missing, write_effect::equal}),
            effects(some));
  EXPECT_EQ("1|Anna;2|Bob", people->ask("SELECT id, name FROM customer ORDER BY id"));
}

TEST_F(RowSet, IsNotWrittenOverWhereOnlyNewRowsAre) {
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
  auto const absent = write_kind::insert_if_absent;
  rows some{{write(1, "Anna", absent), write(2, "Bob", absent), write(3, "Cy", absent)}};
  rows_met met{true};
  EXPECT_TRUE(*set_of(some).write_at_once(some.all, met));
  EXPECT_EQ(effects({write_effect::kept, write_effect::equal, write_effect::inserted}),
            effects(some));
}

// The server takes them for equal: only a look tells them apart.
TEST_F(RowSet, WithTextsThatTheServerTakesForEqualIsWrittenAsItIs) {
  people->run(
      "CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false); "
      "ALTER TABLE customer ALTER name TYPE text COLLATE blind; "
      "INSERT INTO customer(id, name) VALUES(1, 'ANN'), (2, 'Bob'), (3, 'Cy')");
  rows some{{write(1, "Ann"), write(2, "Bob"), write(3, "Sy")}};
  rows_met met{true};
  EXPECT_TRUE(*set_of(some).write_at_once(some.all, met));
  EXPECT_EQ(effects({write_effect::updated, write_effect::equal, write_effect::updated}),
            effects(some));
  EXPECT_EQ("1|Ann;2|Bob;3|Sy", people->ask("SELECT id, name FROM customer ORDER BY id"));
}

TEST_F(RowSet, WhoseKeyIsThatOfSeveralRowsIsTakenBack) {
  people->run(
      "ALTER TABLE customer DROP CONSTRAINT customer_pkey; "
      "INSERT INTO customer(id, name) VALUES(1, 'Ann'), (1, 'Bob'), (2, 'Cy')");
  rows some{{write(1, "Anna"), write(2, "Sy"), write(3, "Di")}};
  rows_met met{true};
  EXPECT_FALSE(*set_of(some).write_at_once(some.all, met));
}

TEST_F(RowSet, ThatATriggerLeavesAsItIsIsTakenBack) {
  people->run(
      "INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob'), (3, 'Cy'); "
      "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = 2 THEN "
      "RETURN NULL; END IF; RETURN NEW; END $$; CREATE TRIGGER leave BEFORE UPDATE ON customer FOR "
      "EACH ROW EXECUTE FUNCTION leave()");
  rows some{{write(1, "Anna"), write(2, "Rob"), write(3, "Sy")}};
  rows_met met{true};
  EXPECT_FALSE(*set_of(some).write_at_once(some.all, met));
}

TEST_F(RowSet, OfNoRowIsToldToNoTrigger) {
  people->run(
      "CREATE TABLE told(what text); CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN INSERT INTO told VALUES(TG_OP); RETURN NULL; END $$; CREATE TRIGGER tell AFTER INSERT "
      "OR UPDATE ON customer FOR EACH STATEMENT EXECUTE FUNCTION tell()");
  rows some;
  for (std::int64_t id = 1; id <= 700; ++id) some.wishes.push_back(write(id, "Ann"));
  rows_met met{true};
  EXPECT_TRUE(*set_of(some).write_at_once(some.all, met));
  EXPECT_EQ("INSERT", people->ask("SELECT what FROM told"));
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
