// PostgreSQL behind the ports: what is described, and what becomes of what is written.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/open_lane.h"
#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

TEST_F(PostgresqlApp, DescribesItsTables) {
  people->run(
      "CREATE TYPE mood AS ENUM('sad', 'glad'); CREATE DOMAIN price AS numeric(8,3); "
      "CREATE TABLE thing(b int, a int, m mood, p price DEFAULT 1, twice int GENERATED ALWAYS AS "
      "(b * 2) STORED, label varchar(40) NOT NULL, at timestamptz, h numeric(5,-2), "
      "PRIMARY KEY(a, b))");
  auto const schema = wait(app->describe("thing"));
  ASSERT_TRUE(schema) << to_string(schema.error());
  EXPECT_EQ((std::vector<std::size_t>{1, 0}), schema->key);
  EXPECT_EQ(value_type::int64, schema->columns[0].type);
  EXPECT_EQ(value_type::enumeration, schema->columns[2].type);
  EXPECT_EQ((std::vector<std::string>{"sad", "glad"}), schema->columns[2].labels);
  EXPECT_EQ(value_type::decimal, schema->columns[3].type);
  EXPECT_EQ(8U, schema->columns[3].precision);
  EXPECT_EQ(3U, schema->columns[3].scale);
  EXPECT_TRUE(schema->columns[3].has_default);
  EXPECT_TRUE(schema->columns[4].generated);
  EXPECT_EQ(40U, schema->columns[5].length_max);
  EXPECT_FALSE(schema->columns[5].nullable);
  EXPECT_EQ(value_type::timestamp_tz, schema->columns[6].type);
  EXPECT_EQ(-2, static_cast<std::int32_t>(schema->columns[7].scale));
  EXPECT_EQ(error_code::table_missing, wait(app->describe("nobody")).error().code);
}

TEST_F(PostgresqlApp, AnIdentityIsGivenToNewRowsAndNeverChanged) {
  people->run("CREATE TABLE thing(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)");
  auto const expect = [&](std::size_t count, write_effect wanted, std::string const& name) {
    std::vector<target_write> writes;
    for (std::size_t i = 0; i < count; ++i) {
      writes.push_back(write(static_cast<std::int64_t>(count * 100 + i), name));
      writes.back().table = "thing";
    }
    EXPECT_EQ(std::vector(count, wanted), apply(writes)) << count;
  };
  for (std::size_t const count : {1, 30}) {
    expect(count, write_effect::inserted, "new");
    expect(count, write_effect::updated, "other");
    expect(count, write_effect::equal, "other");
  }
  EXPECT_EQ("31", people->ask("SELECT count(*) FROM thing WHERE name = 'other'"));
  auto moved = write(1, "other");
  moved.table = "thing";
  moved.old_key = row_values{value::of_int64(100)};
  EXPECT_EQ(std::vector{write_effect::refused}, apply({moved}));
}

TEST_F(PostgresqlApp, EachChunkIsOfTheTableAsItIsThen) {
  auto const first_row = [&] {
    chunk_request request;
    request.table = "customer";
    request.key = {0};
    auto const found = wait(app->read_chunk(request));
    std::string out;
    if (!found) return std::string(name_of(found.error().code));
    for (auto const& one : found->rows.front()) out += to_string(one) + " ";
    return out;
  };
  people->run("INSERT INTO customer VALUES(1, 'Ann', 'a@b', 1.5)");
  EXPECT_EQ("1 Ann a@b 1.50 NULL ", first_row());
  EXPECT_EQ("1 Ann a@b 1.50 NULL ", first_row());
  people->run("ALTER TABLE customer DROP photo, ADD since date DEFAULT '2026-02-03'");
  EXPECT_EQ("1 Ann a@b 1.50 2026-02-03 ", first_row());
  people->run("ALTER TABLE customer ALTER amount TYPE text");
  EXPECT_EQ("1 Ann a@b 1.50 2026-02-03 ", first_row());
  people->run(
      "ALTER TABLE customer RENAME TO former; CREATE TABLE customer(id text PRIMARY KEY); "
      "INSERT INTO customer VALUES('first')");
  EXPECT_EQ("first ", first_row());
  people->run("ALTER TABLE customer RENAME TO other; ALTER TABLE former RENAME TO customer");
  EXPECT_EQ("1 Ann a@b 1.50 2026-02-03 ", first_row());
  people->run("DROP TABLE customer");
  EXPECT_EQ("table_missing", first_row());
  EXPECT_EQ("table_missing", first_row());
  people->run("ALTER TABLE other RENAME TO customer");
  EXPECT_EQ("first ", first_row());
}

TEST_F(PostgresqlApp, ALabelMakesAnotherTable) {
  people->run(
      "CREATE TYPE mood AS ENUM('sad'); CREATE DOMAIN feeling AS mood; CREATE DOMAIN deep AS "
      "feeling; "
      "CREATE TABLE thing(id bigint PRIMARY KEY, m deep)");
  std::optional<table_form> form;
  auto const written = [&](std::int64_t id, std::string label) -> std::string {
    auto one = write(id, "");
    one.table = "thing";
    one.values[1] = value::of_enumeration(std::move(label));
    auto batch = next_batch({one});
    auto const described = wait(app->describe("thing"));
    if (!form) form = table_form{"thing", fingerprint(*described)};
    batch.tables = {*form};
    auto const done = wait(app->apply(batch));
    if (!done) return std::string(name_of(done.error().code));
    opened->batch = batch.batch;
    return done->front().effect == write_effect::refused ? done->front().code : "written";
  };
  EXPECT_EQ("written", written(1, "sad"));
  EXPECT_EQ("22P02", written(2, "glad"));
  people->run("ALTER TYPE mood ADD VALUE 'glad'");
  EXPECT_EQ("table_changed", written(2, "glad"));
  form.reset();
  EXPECT_EQ("written", written(2, "glad"));
  people->run("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'");
  EXPECT_EQ("table_changed", written(3, "blue"));
}

TEST_F(PostgresqlApp, SaysWhatBecameOfEachWrite) {
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
  auto const effects = apply({write(1, "Ann"),
                              write(2, "Rob"),
                              write(3, "Cy"),
                              write(1, "Other", write_kind::insert_if_absent),
                              write(9, "Nobody", write_kind::update),
                              write(2, "", write_kind::remove),
                              write(8, "", write_kind::remove)});
  EXPECT_EQ((std::vector{write_effect::equal,
                         write_effect::updated,
                         write_effect::inserted,
                         write_effect::kept,
                         write_effect::missing,
                         write_effect::removed,
                         write_effect::equal}),
            effects);
  EXPECT_EQ("1|Ann;3|Cy", people->ask("SELECT id, name FROM customer ORDER BY id"));
}

TEST_F(PostgresqlApp, ARefusedRowLeavesNoTraceAndTheOthersAreWritten) {
  people->run(
      "CREATE TABLE seen(id int); CREATE FUNCTION rule() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN INSERT INTO seen VALUES(NEW.id); IF NEW.name LIKE 'bad%' THEN RAISE 'no bad names'; "
      "END IF; RETURN NEW; END $$; CREATE TRIGGER rule BEFORE INSERT ON customer FOR EACH ROW "
      "EXECUTE FUNCTION rule()");
  auto const effects = apply({write(1, "good"), write(2, "bad"), write(3, "good too")});
  EXPECT_EQ((std::vector{write_effect::inserted, write_effect::refused, write_effect::inserted}),
            effects);
  EXPECT_EQ("no bad names", results[1].text);
  EXPECT_EQ("P0001", results[1].code);
  EXPECT_EQ(fault_class::application, results[1].kind);
  EXPECT_EQ("1;3", people->ask("SELECT id FROM seen ORDER BY id"));
}

// Whatever it fails for, and however many rows a batch has: the lane would wait for ever.
TEST_F(PostgresqlApp, ARowWhoseTriggerFailsIsRefusedAndTheOthersAreWritten) {
  people->run(
      "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk; CREATE TABLE ledger(id int); "
      "CREATE FUNCTION as_clerk() RETURNS void LANGUAGE sql SECURITY DEFINER AS "
      "'SELECT count(*) FROM ledger'; ALTER FUNCTION as_clerk() OWNER TO clerk; "
      "CREATE FUNCTION rule() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.id % 10 = 1 THEN PERFORM as_clerk(); END IF; "
      "IF NEW.id % 10 = 2 THEN INSERT INTO nowhere VALUES(1); END IF; RETURN NEW; END $$; "
      "CREATE TRIGGER rule BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION rule()");
  for (std::int64_t const count : {3, 9}) {
    people->run("TRUNCATE customer");
    std::vector<target_write> writes;
    for (std::int64_t id = 1; id <= count; ++id) writes.push_back(write(id, "Ann"));
    auto const effects = apply(std::move(writes));
    ASSERT_EQ(static_cast<std::size_t>(count), effects.size());
    EXPECT_EQ("42501", results[0].code);
    EXPECT_EQ("42P01", results[1].code);
    EXPECT_EQ(fault_class::application, results[0].kind);
    EXPECT_EQ(count - 2, std::count(effects.begin(), effects.end(), write_effect::inserted));
  }
}

TEST_F(PostgresqlApp, ARowThatATriggerLeavesAsItIsIsRefused) {
  people->run(
      "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN OLD.id "
      "% 2 = 0 THEN NULL WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END; END $$; CREATE TRIGGER keep "
      "BEFORE UPDATE OR DELETE ON customer FOR EACH ROW EXECUTE FUNCTION keep(); "
      "INSERT INTO customer(id, name) SELECT i, 'old' FROM generate_series(1, 12) i");
  for (std::int64_t const count : {2, 6}) {
    SCOPED_TRACE(count);
    std::vector<target_write> changes;
    std::vector<target_write> removals;
    for (std::int64_t id = 1; id <= count; ++id) {
      changes.push_back(write(id, "new"));
      removals.push_back(write(id + 6, "", write_kind::remove));
    }
    removals.push_back(write(77, "", write_kind::remove));
    apply(changes);
    auto const changed = results;
    apply(removals);
    auto const& removed = results;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      bool const is_kept = i % 2 == 1;
      EXPECT_EQ(is_kept ? "SUPPRESSED" : "", changed[i].code);
      EXPECT_EQ(is_kept ? "SUPPRESSED" : "", removed[i].code);
    }
    EXPECT_EQ(write_effect::equal, removed.back().effect);
  }
  EXPECT_EQ("9", people->ask("SELECT count(*) FROM customer"));
  EXPECT_EQ("3", people->ask("SELECT count(*) FROM customer WHERE name = 'new'"));
}

TEST_F(PostgresqlApp, ARowThatATriggerSuppressesIsRefused) {
  people->run(
      "CREATE TABLE seen(id int); CREATE FUNCTION rule() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN INSERT INTO seen VALUES(NEW.id); IF NEW.name = 'no' THEN RETURN NULL; END IF; RETURN "
      "NEW; END $$; CREATE TRIGGER rule BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION "
      "rule()");
  EXPECT_EQ((std::vector{write_effect::refused, write_effect::inserted}),
            apply({write(1, "no"), write(2, "Bob")}));
  EXPECT_EQ("a trigger of the table has suppressed the row", results[0].text);
  EXPECT_EQ(fault_class::application, results[0].kind);
  std::vector<target_write> many;
  for (std::int64_t id = 11; id <= 40; ++id) many.push_back(write(id, id % 10 == 0 ? "no" : "yes"));
  apply(many);
  for (auto const at : {9u, 19u, 29u}) EXPECT_EQ(write_effect::refused, results[at].effect);
  EXPECT_EQ("28|28", people->ask("SELECT count(*), (SELECT count(*) FROM seen) FROM customer"));
}

TEST_F(PostgresqlApp, ARowThatATriggerPutsIntoAPartOfTheTableIsInserted) {
  people->run(
      "CREATE TABLE archive() INHERITS (customer); CREATE FUNCTION route() RETURNS trigger "
      "LANGUAGE plpgsql AS $$ BEGIN INSERT INTO archive VALUES(NEW.*); RETURN NULL; END $$; "
      "CREATE TRIGGER route BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION route()");
  EXPECT_EQ((std::vector(1, write_effect::inserted)), apply({write(1, "Ann")}));
  EXPECT_EQ((std::vector(4, write_effect::inserted)),
            apply({write(2, "Bob"), write(3, "Cy"), write(4, "Di"), write(5, "Ed")}));
  EXPECT_EQ("5", people->ask("SELECT count(*) FROM ONLY archive"));
}

TEST_F(PostgresqlApp, AGroupThatIsDeliveredWholeIsRefusedWhole) {
  auto first = write(1, "good");
  auto second = write(2, "good");
  second.columns[1] = 3;
  second.values[1] = value::of_decimal(*decimal::parse("12345678901.00"));
  first.group = second.group = 1;
  first.whole_group = second.whole_group = true;
  auto alone = write(3, "alone");
  alone.group = 2;
  EXPECT_EQ((std::vector{write_effect::refused, write_effect::refused, write_effect::inserted}),
            apply({first, second, alone}));
  EXPECT_EQ("TRANSACTION", results[0].code);
  EXPECT_EQ("3", people->ask("SELECT id FROM customer"));
}

TEST_F(PostgresqlApp, NamesTheRowThatARefusedOneRefersTo) {
  people->run("CREATE TABLE orders(id bigint PRIMARY KEY, buyer bigint REFERENCES customer)");
  auto order = write(5, "");
  order.table = "orders";
  order.values[1] = value::of_int64(77);
  EXPECT_EQ((std::vector{write_effect::refused, write_effect::inserted}),
            apply({order, write(1, "Ann")}));
  EXPECT_EQ("23503", results[0].code);
  ASSERT_TRUE(results[0].references);
  EXPECT_EQ("customer", results[0].references->table);
  EXPECT_EQ("public.customer", results[0].references->also_named);
  EXPECT_EQ(row_values{value::of_int64(77)}, results[0].references->values);
}

TEST_F(PostgresqlApp, NamesReferredTablesByEachNameThatTheyMayHave) {
  people->run(
      "CREATE SCHEMA far; CREATE TABLE far.country(id bigint PRIMARY KEY); "
      "CREATE TABLE orders(id bigint PRIMARY KEY, buyer bigint REFERENCES customer, "
      "  until bigint REFERENCES orders, origin bigint REFERENCES far.country)");
  auto names = *wait(app->referred_tables("public.orders"));
  std::sort(names.begin(), names.end());
  EXPECT_EQ((std::vector<std::string>{
                "customer", "far.country", "orders", "public.customer", "public.orders"}),
            names);
}

TEST_F(PostgresqlApp, AConstraintThatIsCheckedAtTheEndIsCheckedBeforeTheLaneMoves) {
  people->run(
      "CREATE TABLE orders(id bigint PRIMARY KEY, buyer bigint REFERENCES customer DEFERRABLE "
      "INITIALLY DEFERRED)");
  auto order = write(5, "");
  order.table = "orders";
  order.values[1] = value::of_int64(1);
  auto lost = order;
  lost.key = {value::of_int64(6)};
  lost.values = {value::of_int64(6), value::of_int64(77)};
  EXPECT_EQ((std::vector{write_effect::inserted, write_effect::inserted}),
            apply({order, write(1, "Ann")}));
  EXPECT_EQ((std::vector{write_effect::refused, write_effect::inserted}),
            apply({lost, write(2, "Bob")}));
  EXPECT_EQ(row_values{value::of_int64(77)}, results[0].references->values);
}

TEST_F(PostgresqlApp, FollowsAKeyThatChanged) {
  people->run("INSERT INTO customer(id, name, email) VALUES(1, 'Ann', 'a@b')");
  auto moved = write(2, "Ann");
  moved.old_key = row_values{value::of_int64(1)};
  EXPECT_EQ((std::vector{write_effect::updated}), apply({moved}));
  EXPECT_EQ("2|Ann|a@b", people->ask("SELECT id, name, email FROM customer"));
}

TEST_F(PostgresqlApp, OfTwoSessionsTheNewerWrites) {
  auto const stale = next_batch({write(1, "stale")});
  auto const newer = wait(open_lane(*app, lane, epoch{}));
  ASSERT_TRUE(newer);
  EXPECT_EQ(error_code::lane_fenced, wait(app->apply(stale)).error().code);
  opened = *newer;
  auto const batch = next_batch({write(1, "new")});
  EXPECT_TRUE(wait(app->apply(batch)));
  EXPECT_EQ(error_code::lane_fenced, wait(app->apply(batch)).error().code);
  auto const row = wait(open_lane(*app, lane, epoch{}));
  EXPECT_EQ(batch.batch, row->batch);
  EXPECT_EQ("1", row->outcome);
  EXPECT_EQ(batch.places, row->places);
}

// An end that was seen before the call costs nothing; one that comes during it leaves no trace. The
// session of the lane is in the database, not in the connection.
TEST_F(PostgresqlApp, WritesAllOrNothingWhereItsConnectionsWereEnded) {
  apply({write(1, "Ann")});
  people->run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
      "'dualwrite'");
  auto const batch = next_batch({write(2, "Bob")});
  auto const first = wait(app->apply(batch));
  if (!first) {
    EXPECT_EQ(error_code::app_unreachable, first.error().code);
    EXPECT_EQ("1", people->ask("SELECT count(*) FROM customer"));
    EXPECT_TRUE(wait(app->apply(batch)));
  }
  EXPECT_EQ("2", people->ask("SELECT count(*) FROM customer"));
  EXPECT_EQ(error_code::lane_fenced, wait(app->apply(batch)).error().code);
}

// Whether it may be written does not depend on the row.
TEST_F(PostgresqlApp, WithoutARightToTheTableNothingIsWrittenAndNoRowRefused) {
  people->run(
      "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN; GRANT ALL ON DATABASE shop TO clerk; "
      "GRANT SELECT, INSERT, DELETE ON customer TO clerk; "
      "INSERT INTO customer VALUES(1, 'Ann'), (2, 'Bob'), (3, 'Cy'), (4, 'Di')");
  app = std::make_unique<postgresql_app>(
      io.get_executor(), pool, postgresql_settings{url + " user=clerk"});
  for (std::int64_t const count : {1, 4}) {
    SCOPED_TRACE(count);
    std::vector<target_write> writes;
    for (std::int64_t id = 1; id <= count; ++id) writes.push_back(write(id, "new"));
    EXPECT_EQ(error_code::not_authorized, wait(app->apply(next_batch(writes))).error().code);
  }
  people->run("REVOKE ALL ON customer FROM clerk");
  auto const batch = next_batch({write(1, "new")});
  EXPECT_EQ(error_code::not_authorized, wait(app->apply(batch)).error().code);
  people->run("GRANT ALL ON customer TO clerk");
  EXPECT_TRUE(wait(app->apply(batch)));
  people->run("DROP OWNED BY clerk; DROP ROLE clerk");
}

TEST_F(PostgresqlApp, ARowThatSomebodyHoldsMakesTheAppBusy) {
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  people->run("ALTER ROLE postgres SET lock_timeout = 0");
  people->run("BEGIN; UPDATE customer SET name = 'Anna' WHERE id = 1");
  auto const batch = next_batch({write(1, "Annika")});
  EXPECT_EQ(error_code::app_busy, wait(app->apply(batch)).error().code);
  people->run("COMMIT");
  EXPECT_TRUE(wait(app->apply(batch)));
  EXPECT_EQ("Annika", people->ask("SELECT name FROM customer"));
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
