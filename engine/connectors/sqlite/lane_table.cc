#include "engine/connectors/sqlite/lane_table.h"

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

}  // namespace

result<void> install_lanes(database& on) {
  return on.execute(R"(
CREATE TABLE IF NOT EXISTS _dualwrite_lane(
  log INTEGER, link INTEGER, way INTEGER, lane INTEGER,
  session INTEGER NOT NULL, batch INTEGER NOT NULL, position INTEGER NOT NULL,
  outcome BLOB NOT NULL,
  PRIMARY KEY(log, link, way, lane)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _dualwrite_place(
  log INTEGER, link INTEGER, way INTEGER, map INTEGER,
  lane INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY(log, link, way, map)) WITHOUT ROWID;
)");
}

result<lane_row> open_lane(database& on, lane_key const& lane, epoch known) {
  DW_TRY(auto first,
         on.prepare("INSERT OR IGNORE INTO _dualwrite_lane VALUES(?1, ?2, ?3, ?4, 0, 0, 0, X'')"));
  bind_lane(first, lane);
  DW_CHECK(first.run());
  DW_TRY(auto next,
         on.prepare("UPDATE _dualwrite_lane SET session = max(session, ?5) + 1 "
                    "WHERE log = ?1 AND link = ?2 AND way = ?3 AND lane = ?4"));
  bind_lane(next, lane);
  next.bind(4, number(known.value));
  DW_CHECK(next.run());
  DW_TRY(auto row,
         on.prepare("SELECT session, batch, position, outcome FROM _dualwrite_lane "
                    "WHERE log = ?1 AND link = ?2 AND way = ?3 AND lane = ?4"));
  bind_lane(row, lane);
  DW_TRY(auto const there, row.step());
  lane_row out;
  if (there) {
    out.session = epoch{static_cast<std::uint64_t>(row.integer(0))};
    out.batch = batch_number{static_cast<std::uint64_t>(row.integer(1))};
    out.position = sequence{static_cast<std::uint64_t>(row.integer(2))};
    out.outcome = row.text(3);
  }
  row.reset();
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
  DW_TRY(auto row,
         on.prepare("SELECT session, batch FROM _dualwrite_lane WHERE log = ?1 AND link = ?2 AND "
                    "way = ?3 AND lane = ?4"));
  bind_lane(row, batch.lane);
  DW_TRY(auto const there, row.step());
  bool const ours = there && row.integer(0) == number(batch.session.value) &&
                    row.integer(1) == number(batch.previous.value);
  row.reset();
  if (!ours) return error{error_code::lane_fenced, "another session has written to this lane"};
  return {};
}

result<void> move_lane(database& on, target_batch const& batch, std::string const& outcome) {
  DW_TRY(auto row,
         on.prepare("UPDATE _dualwrite_lane SET batch = ?5, position = ?6, outcome = ?7 "
                    "WHERE log = ?1 AND link = ?2 AND way = ?3 AND lane = ?4"));
  bind_lane(row, batch.lane);
  stored bytes;
  bytes.is = stored::kind::blob;
  bytes.bytes = outcome;
  row.bind(4, number(batch.batch.value)).bind(5, number(batch.position.value)).bind(6, bytes);
  DW_CHECK(row.run());
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
