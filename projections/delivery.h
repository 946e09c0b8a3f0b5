// How far everything has come: sources captured, lanes and maps delivered, and the batches whose
// echo still matters.
#pragma once

#include <deque>
#include <map>
#include <tuple>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

using map_way = std::pair<map_id, direction>;
using lane_name = std::tuple<link_id, direction, lane_id>;

inline constexpr lane_id main_lane{0};
// A map that is not in the main lane: it rests, or a catch-up lane brings it on.
inline constexpr lane_id no_lane{~std::uint64_t{0}};

struct lane_row {
  epoch session;
  batch_number batch;
  sequence position;  // everything of its maps up to here is settled, parked or waiting
  DW_FIELDS(session, batch, position);
};

struct place_row {
  lane_id lane = no_lane;
  sequence position;       // as far as the map itself was last told; in the main lane the lane's
                           // position may be beyond it
  lane_id told = no_lane;  // the lane that the target last heard of
  bool published = false;  // whether it ever heard
  DW_FIELDS(lane, position, told, published);
};

// What a batch held of a map: its records behind `from` and up to the batch's position. A map that
// joins the lane is often ahead of it.
struct batch_share {
  map_id map;
  sequence from;
  DW_FIELDS(map, from);
};

// A batch that was written, or whose echo was seen, and that a change of the other direction may
// not have seen.
struct batch_row {
  epoch session;
  sequence applied_at;  // its RecordsApplied event; zero while only the echo is known
  sequence behind, position;
  std::vector<batch_share> maps;
  sequence echo_at;  // its EchoSeen event; zero while it has not come back
  source_position echo;
  bool is_chunk = false;
  DW_FIELDS(session,
            applied_at,
            behind,
            position,
            maps,
            echo_at,
            echo.incarnation,
            echo.commit,
            is_chunk);
};

// How far one side of a link has been captured.
struct capture_row {
  app_id app;
  source_position at;
  sequence started_at;
  std::vector<map_id> maps;
  std::uint64_t life = 0;  // what the app itself calls that incarnation
  DW_FIELDS(app, at.incarnation, at.commit, started_at, maps, life);
};

// Fed by captures, echoes, lanes, outcomes and AppDetached. Costs per event, never per record.
struct delivery {
  static constexpr std::string_view name = "delivery";
  static constexpr int version = 6;

  std::map<std::pair<link_id, side>, capture_row> captures;
  std::map<lane_name, lane_row> lanes;
  std::map<map_way, place_row> places;
  std::map<lane_name, std::map<batch_number, batch_row>> batches;
  std::map<map_id, link_id> links;
  DW_FIELDS(captures, lanes, places, batches, links);

  void fold(event_view const& event);

  // Up to where the records of this map and direction are settled, parked or waiting.
  sequence position(map_id map, direction way) const;
  lane_row const* lane(lane_name const& name) const;

 private:
  void forget_seen_batches(link_id link, direction way);
};

}  // namespace dualwrite::projections
