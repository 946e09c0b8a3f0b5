#include "engine/connectors/sqlite/lane_table.h"

#include <fmt/format.h>
#include <algorithm>

namespace dualwrite::engine::sqlite {
namespace {

// SQLite's integers are signed; ours come back as they went.
std::int64_t number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

void bind_lane(statement& to, lane_key const& lane) {
  to.bind(0, number(lane.log.value));
  to.bind(1, number(lane.link.value));
  to.bind(2, static_cast<std::int64_t>(lane.way));
  to.bind(3, number(lane.lane.value));
}

stored blob_of(std::string_view bytes) {
  stored out;
  out.is = stored::kind::blob;
  out.bytes = bytes;
  return out;
}

result<std::string> read_parts(database& on, lane_key const& lane) {
  DW_TRY(
      auto parts,
      on.prepare("SELECT bytes FROM _dualwrite_outcome WHERE log = ?1 AND link = ?2 AND way = ?3 "
                 "AND lane = ?4 ORDER BY part"));
  bind_lane(parts, lane);
  std::string out;
  while (true) {
    DW_TRY(auto const more, parts.step());
    if (!more) return out;
    out += parts.text(0);
  }
}

result<void> write_parts(database& on, lane_key const& lane, std::string_view outcome) {
  for (std::int64_t part = 0; !outcome.empty(); ++part) {
    DW_TRY(auto row, on.prepare("INSERT INTO _dualwrite_outcome VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
    bind_lane(row, lane);
    row.bind(4, part).bind(5, blob_of(outcome.substr(0, outcome_part_bytes)));
    DW_CHECK(row.run());
    outcome.remove_prefix(std::min(outcome.size(), outcome_part_bytes));
  }
  return {};
}

}  // namespace

result<void> install_lanes(database& on) {
  return on.execute(R"(
CREATE TABLE IF NOT EXISTS _dualwrite_lane(
  log INTEGER, link INTEGER, way INTEGER, lane INTEGER,
  session INTEGER NOT NULL, batch INTEGER NOT NULL, position INTEGER NOT NULL,
  chain TEXT NOT NULL, outcome BLOB,
  PRIMARY KEY(log, link, way, lane)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _dualwrite_outcome(
  log INTEGER, link INTEGER, way INTEGER, lane INTEGER, part INTEGER,
  bytes BLOB NOT NULL,
  PRIMARY KEY(log, link, way, lane, part));
CREATE TABLE IF NOT EXISTS _dualwrite_place(
  log INTEGER, link INTEGER, way INTEGER, map INTEGER,
  lane INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY(log, link, way, map)) WITHOUT ROWID;
)");
}

result<bool> forget_lanes(database& on, log_id log, std::vector<link_way> const& staying) {
  std::string gone = "TRUE";
  for (auto const& [link, way] : staying)
    gone += fmt::format(" AND (link, way) <> ({}, {})", number(link.value), static_cast<int>(way));
  for (auto const* table : {"lane", "place", "outcome"}) {
    auto const sql = fmt::format("DELETE FROM _dualwrite_{} WHERE log = ?1 AND {}", table, gone);
    DW_TRY(auto removing, on.prepare(sql));
    removing.bind(0, number(log.value));
    DW_CHECK(removing.run());
  }
  DW_TRY(auto left, on.prepare("SELECT EXISTS(SELECT 1 FROM _dualwrite_lane)"));
  DW_CHECK(left.step());
  bool const is_there = left.integer(0) != 0;
  left.reset();
  return is_there;
}

result<lane_row> open_lane(database& on, lane_key const& lane, epoch known) {
  DW_TRY(auto first,
         on.prepare("INSERT OR IGNORE INTO _dualwrite_lane "
                    "VALUES(?1, ?2, ?3, ?4, 0, 0, 0, '', X'')"));
  bind_lane(first, lane);
  DW_CHECK(first.run());
  DW_TRY(auto next,
         on.prepare("UPDATE _dualwrite_lane SET session = max(session, ?5) + 1 "
                    "WHERE log = ?1 AND link = ?2 AND way = ?3 AND lane = ?4"));
  bind_lane(next, lane);
  next.bind(4, number(known.value));
  DW_CHECK(next.run());
  DW_TRY(
      auto row,
      on.prepare(
          "SELECT session, batch, position, chain, outcome, outcome IS NULL FROM _dualwrite_lane "
          "WHERE log = ?1 AND link = ?2 AND way = ?3 AND lane = ?4"));
  bind_lane(row, lane);
  DW_TRY(auto const there, row.step());
  lane_row out;
  bool is_in_parts = false;
  if (there) {
    out.session = epoch{static_cast<std::uint64_t>(row.integer(0))};
    out.batch = batch_number{static_cast<std::uint64_t>(row.integer(1))};
    out.position = sequence{static_cast<std::uint64_t>(row.integer(2))};
    out.chain = row.text(3);
    out.outcome = row.text(4);
    is_in_parts = row.integer(5) != 0;
  }
  row.reset();
  if (is_in_parts) {
    DW_TRY(out.outcome, read_parts(on, lane));
  }
  DW_TRY(auto places,
         on.prepare("SELECT map, lane, position FROM _dualwrite_place WHERE log = ?1 AND link = ?2 "
                    "AND way = ?3"));
  places.bind(0, number(lane.log.value))
      .bind(1, number(lane.link.value))
      .bind(2, static_cast<std::int64_t>(lane.way));
  while (true) {
    DW_TRY(auto const more, places.step());
    if (!more) return out;
    out.places.push_back({map_id{static_cast<std::uint64_t>(places.integer(0))},
                          lane_id{static_cast<std::uint64_t>(places.integer(1))},
                          sequence{static_cast<std::uint64_t>(places.integer(2))}});
  }
}

result<void> check_lane(database& on, target_batch const& batch) {
  DW_TRY(
      auto row,
      on.prepare("SELECT session, batch, outcome IS NULL FROM _dualwrite_lane WHERE log = ?1 AND "
                 "link = ?2 AND way = ?3 AND lane = ?4"));
  bind_lane(row, batch.lane);
  DW_TRY(auto const there, row.step());
  bool const ours = there && row.integer(0) == number(batch.session.value) &&
                    row.integer(1) == number(batch.previous.value);
  bool const has_parts = there && row.integer(2) != 0;
  row.reset();
  if (!ours) return error{error_code::lane_fenced, "another session has written to this lane"};
  if (!has_parts) return {};
  DW_TRY(auto gone,
         on.prepare("DELETE FROM _dualwrite_outcome WHERE log = ?1 AND link = ?2 AND way = ?3 AND "
                    "lane = ?4"));
  bind_lane(gone, batch.lane);
  return gone.run();
}

result<void> move_lane(database& on, target_batch const& batch, std::string const& outcome) {
  DW_TRY(
      auto row,
      on.prepare("UPDATE _dualwrite_lane SET batch = ?5, position = ?6, chain = ?7, outcome = ?8 "
                 "WHERE log = ?1 AND link = ?2 AND way = ?3 AND lane = ?4"));
  bind_lane(row, batch.lane);
  bool const in_parts = outcome.size() > outcome_part_bytes;
  row.bind(4, number(batch.batch.value)).bind(5, number(batch.position.value));
  row.bind_text(6, batch.chain).bind(7, in_parts ? stored{} : blob_of(outcome));
  DW_CHECK(row.run());
  if (in_parts) DW_CHECK(write_parts(on, batch.lane, outcome));
  for (auto const& told : batch.places) {
    DW_TRY(auto place,
           on.prepare("INSERT OR REPLACE INTO _dualwrite_place VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
    place.bind(0, number(batch.lane.log.value)).bind(1, number(batch.lane.link.value));
    place.bind(2, static_cast<std::int64_t>(batch.lane.way)).bind(3, number(told.map.value));
    place.bind(4, number(told.lane.value)).bind(5, number(told.position.value));
    DW_CHECK(place.run());
  }
  return {};
}

}  // namespace dualwrite::engine::sqlite
