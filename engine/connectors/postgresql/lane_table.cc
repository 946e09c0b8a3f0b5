#include "engine/connectors/postgresql/lane_table.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <map>

#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {
namespace {

// Ours are unsigned; they come back as they went.
std::string number(std::uint64_t value) {
  return std::to_string(static_cast<std::int64_t>(value));
}
std::uint64_t number(answer const& of, int row, int column) {
  return static_cast<std::uint64_t>(of.integer(row, column));
}

parameters lane_of(lane_key const& lane) {
  return {number(lane.log.value),
          number(lane.link.value),
          number(static_cast<std::uint64_t>(lane.way)),
          number(lane.lane.value)};
}

// As the statements take and give bytes.
result<std::string> bytes_of(std::string_view text) {
  column_schema column;
  column.name = "outcome";
  column.type = value_type::bytes;
  DW_TRY(auto const bytes, to_value(text, column));
  return std::string(bytes.as_string());
}

constexpr char const* of_lane = "WHERE log = $1 AND link = $2 AND way = $3 AND lane = $4";

// Two sessions that install at once would each find the other's half. What is added belongs to who
// has the rest, or another installation could not read it. What an early release knew of the
// captured tables was not said for whom, and it gave timelines no names.
constexpr char const* tables = R"(
BEGIN;
SELECT pg_advisory_xact_lock(7310597164851);
DO $$ DECLARE
  owner text := (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'dualwrite');
BEGIN
  IF owner IS NULL THEN
    CREATE SCHEMA dualwrite;
  ELSIF owner <> quote_ident(current_user) AND pg_has_role(owner, 'MEMBER')
      AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('SET LOCAL ROLE %s', owner);
  END IF;
END $$;
CREATE TABLE IF NOT EXISTS dualwrite.identity(nonce bigint NOT NULL);
INSERT INTO dualwrite.identity
  SELECT ('x' || left(md5(gen_random_uuid()::text), 15))::bit(60)::bigint
  WHERE NOT EXISTS(SELECT FROM dualwrite.identity);
DO $$ BEGIN
  IF NOT EXISTS(SELECT FROM pg_attribute WHERE attname = 'publication'
      AND attrelid = to_regclass('dualwrite.captured')) THEN
    DROP TABLE IF EXISTS dualwrite.captured;
  END IF;
END $$;
CREATE TABLE IF NOT EXISTS dualwrite.captured(
  publication text, name text, object bigint NOT NULL, member bigint NOT NULL,
  PRIMARY KEY(publication, name));
ALTER TABLE dualwrite.captured ADD COLUMN IF NOT EXISTS writers text[] DEFAULT '{}';
ALTER TABLE dualwrite.captured ALTER COLUMN writers DROP DEFAULT;
ALTER TABLE dualwrite.captured ADD COLUMN IF NOT EXISTS begin bigint NOT NULL DEFAULT 0;
CREATE TABLE IF NOT EXISTS dualwrite.lane(
  log bigint, link bigint, way bigint, lane bigint,
  session bigint NOT NULL, batch bigint NOT NULL, position bigint NOT NULL, chain text NOT NULL,
  outcome bytea,
  PRIMARY KEY(log, link, way, lane));
CREATE TABLE IF NOT EXISTS dualwrite.outcome(
  log bigint, link bigint, way bigint, lane bigint, part bigint, bytes bytea NOT NULL,
  PRIMARY KEY(log, link, way, lane, part));
CREATE TABLE IF NOT EXISTS dualwrite.place(
  log bigint, link bigint, way bigint, map bigint, lane bigint NOT NULL, position bigint NOT NULL,
  PRIMARY KEY(log, link, way, map));
CREATE TABLE IF NOT EXISTS dualwrite.quiet(
  slot text PRIMARY KEY, captured bigint NOT NULL, reached bigint NOT NULL);
DO $$ BEGIN
  IF to_regclass('dualwrite.life') IS NULL THEN
    CREATE TABLE dualwrite.life(timeline text PRIMARY KEY, name bigint NOT NULL);
    INSERT INTO dualwrite.life
      SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), 0;
  END IF;
END $$;
COMMIT)";

// Nor may somebody begin to use what is dropped.
constexpr char const* without_tables = R"(
DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(7310597164851);
  IF NOT EXISTS(SELECT FROM dualwrite.captured) AND NOT EXISTS(SELECT FROM dualwrite.lane) THEN
    DROP SCHEMA dualwrite CASCADE;
  END IF;
END $$)";

constexpr char const* name_timeline = R"(
BEGIN;
SET LOCAL synchronous_commit = on;
INSERT INTO dualwrite.life
  SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
    ('x' || left(md5(gen_random_uuid()::text), 15))::bit(60)::bigint
  ON CONFLICT DO NOTHING;
COMMIT)";

// A transaction; what of it was done is taken back where a statement is refused.
result<void> run_script(connection& on, char const* script) {
  auto const done = on.execute(script);
  if (done) return {};
  auto why = done.error();
  if (on.is_open() && !on.execute("ROLLBACK")) on.close();
  return why;
}

result<std::string> read_parts(connection& on, lane_key const& lane) {
  DW_TRY(auto const parts,
         on.query(fmt::format("SELECT bytes FROM dualwrite.outcome {} ORDER BY part", of_lane),
                  lane_of(lane)));
  std::string out;
  for (int part = 0; part < parts.count(); ++part) {
    DW_TRY(auto const bytes, bytes_of(parts.text(part, 0)));
    out += bytes;
  }
  return out;
}

result<void> write_parts(std::vector<statement>& to,
                         lane_key const& lane,
                         std::string_view outcome) {
  for (std::uint64_t part = 0; !outcome.empty(); ++part) {
    auto with = lane_of(lane);
    with.emplace_back(number(part));
    DW_TRY(auto bytes,
           to_text(value::of_bytes(std::string(outcome.substr(0, outcome_part_bytes)))));
    with.push_back(std::move(bytes));
    auto& put = to.emplace_back();
    put.sql = "INSERT INTO dualwrite.outcome VALUES($1, $2, $3, $4, $5, $6)";
    put.with = std::move(with);
    outcome.remove_prefix(std::min(outcome.size(), outcome_part_bytes));
  }
  return {};
}

}  // namespace

result<void> install(connection& on) {
  DW_TRY(auto const there,
         on.query("SELECT to_regclass('dualwrite.life') IS NOT NULL AND EXISTS("
                  "SELECT FROM pg_attribute WHERE attname = 'begin' "
                  "AND attrelid = to_regclass('dualwrite.captured'))"));
  if (!there.is_true(0, 0)) DW_CHECK(run_script(on, tables));
  DW_TRY(auto const named,
         on.query("SELECT EXISTS(SELECT FROM dualwrite.life WHERE timeline = "
                  "left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))"));
  if (named.is_true(0, 0)) return {};
  return run_script(on, name_timeline);
}

result<void> forget_lanes(connection& on, log_id log, std::vector<link_way> const& staying) {
  std::vector<std::string> links;
  std::vector<std::string> ways;
  for (auto const& [link, way] : staying) {
    links.push_back(number(link.value));
    ways.push_back(number(static_cast<std::uint64_t>(way)));
  }
  parameters const with{number(log.value), array_of(links), array_of(ways)};
  for (auto const* table : {"lane", "place", "outcome"}) {
    DW_CHECK(on.query(fmt::format("DELETE FROM dualwrite.{} WHERE log = $1 AND (link, way) NOT IN "
                                  "(SELECT * FROM unnest($2::bigint[], $3::bigint[]))",
                                  table),
                      with));
  }
  return {};
}

result<void> uninstall(connection& on) {
  return on.execute(without_tables);
}

result<lane_row> open_lane(connection& on, lane_key const& lane, epoch known) {
  auto with = lane_of(lane);
  DW_TRY(auto const first,
         on.query("INSERT INTO dualwrite.lane VALUES($1, $2, $3, $4, 0, 0, 0, '', '') "
                  "ON CONFLICT DO NOTHING",
                  with));
  with.emplace_back(number(known.value));
  DW_TRY(auto const row,
         on.query(fmt::format("UPDATE dualwrite.lane SET session = greatest(session, $5) + 1 {} "
                              "RETURNING session, batch, position, chain, outcome",
                              of_lane),
                  with));
  if (row.count() != 1) return error{error_code::lane_fenced, "the lane's row is gone"};
  lane_row out;
  out.session = epoch{number(row, 0, 0)};
  out.batch = batch_number{number(row, 0, 1)};
  out.position = sequence{number(row, 0, 2)};
  out.chain = row.text(0, 3);
  if (row.is_null(0, 4)) {
    DW_TRY(out.outcome, read_parts(on, lane));
  } else {
    DW_TRY(out.outcome, bytes_of(row.text(0, 4)));
  }
  with.resize(3);
  DW_TRY(auto const places,
         on.query("SELECT map, lane, position FROM dualwrite.place WHERE log = $1 AND link = $2 "
                  "AND way = $3 ORDER BY map",
                  with));
  for (int i = 0; i < places.count(); ++i) {
    out.places.push_back({map_id{number(places, i, 0)},
                          lane_id{number(places, i, 1)},
                          sequence{number(places, i, 2)}});
  }
  return out;
}

// One question for both: where the row is not ours, what was said is taken back with the rest.
statement entering(target_batch const& batch) {
  auto with = lane_of(batch.lane);
  with.emplace_back(message_prefix);
  with.emplace_back(print_mark({batch.lane, batch.session, batch.batch}));
  return {
      fmt::format("WITH mine AS MATERIALIZED (SELECT session, batch, outcome IS NULL AS in_parts "
                  "FROM dualwrite.lane {} FOR UPDATE) SELECT session, batch, in_parts, "
                  "pg_logical_emit_message(true, $5, $6::text) FROM mine",
                  of_lane),
      std::move(with)};
}

result<void> entered(connection& on, target_batch const& batch, answer const& row) {
  bool const ours = row.count() == 1 && number(row, 0, 0) == batch.session.value &&
                    number(row, 0, 1) == batch.previous.value;
  if (!ours) return error{error_code::lane_fenced, "another session has written to this lane"};
  if (row.is_true(0, 2)) {
    DW_TRY(auto const gone,
           on.query(fmt::format("DELETE FROM dualwrite.outcome {}", of_lane), lane_of(batch.lane)));
  }
  return {};
}

result<std::vector<statement>> moving(target_batch const& batch, std::string const& outcome) {
  std::vector<statement> out;
  auto with = lane_of(batch.lane);
  with.emplace_back(number(batch.batch.value));
  with.emplace_back(number(batch.position.value));
  with.emplace_back(batch.chain);
  bool const in_parts = outcome.size() > outcome_part_bytes;
  if (in_parts) {
    DW_CHECK(write_parts(out, batch.lane, outcome));
    with.emplace_back(std::nullopt);
  } else {
    DW_TRY(auto bytes, to_text(value::of_bytes(outcome)));
    with.push_back(std::move(bytes));
  }
  with.emplace_back(number(batch.session.value));
  with.emplace_back(number(batch.previous.value));
  // The last of a map's places counts; one statement cannot write a row twice.
  std::map<std::uint64_t, map_place const*> places;
  for (auto const& told : batch.places) places[told.map.value] = &told;
  std::vector<std::string> maps;
  std::vector<std::string> lanes;
  std::vector<std::string> positions;
  for (auto const& [map, told] : places) {
    maps.push_back(number(map));
    lanes.push_back(number(told->lane.value));
    positions.push_back(number(told->position.value));
  }
  for (auto const* column : {&maps, &lanes, &positions}) with.emplace_back(array_of(*column));
  // It is committed without a look at its answer.
  out.push_back(
      {fmt::format(
           "WITH moved AS (UPDATE dualwrite.lane SET batch = $5, position = $6, chain = $7, "
           "outcome = $8 {} AND session = $9 AND batch = $10 RETURNING 1), put AS (INSERT "
           "INTO dualwrite.place SELECT $1, $2, $3, told.* FROM unnest($11::bigint[], "
           "$12::bigint[], $13::bigint[]) AS told ON CONFLICT(log, link, way, map) DO "
           "UPDATE SET lane = excluded.lane, position = excluded.position) "
           "SELECT 1 / count(*) FROM moved",
           of_lane),
       std::move(with)});
  return out;
}

bool is_fenced(server_error const& refused) {
  constexpr std::string_view division_by_zero = "22012";
  return refused.state == division_by_zero;
}

std::string print_mark(batch_mark const& mark) {
  return fmt::format("{} {} {} {} {} {}",
                     mark.lane.log.value,
                     mark.lane.link.value,
                     static_cast<int>(mark.lane.way),
                     mark.lane.lane.value,
                     mark.session.value,
                     mark.batch.value);
}

result<batch_mark> parse_mark(std::string_view text) {
  std::array<std::uint64_t, 6> parts{};
  auto const* at = text.data();
  auto const* const end = text.data() + text.size();
  for (auto& part : parts) {
    if (at != end && *at == ' ') ++at;
    auto const read = std::from_chars(at, end, part);
    if (read.ec != std::errc{})
      return error{error_code::value_malformed, "a batch's message cannot be read"};
    at = read.ptr;
  }
  if (at != end || parts[2] > 1)
    return error{error_code::value_malformed, "a batch's message cannot be read"};
  return batch_mark{
      {log_id{parts[0]}, link_id{parts[1]}, static_cast<direction>(parts[2]), lane_id{parts[3]}},
      epoch{parts[4]},
      batch_number{parts[5]}};
}

}  // namespace dualwrite::engine::postgresql
