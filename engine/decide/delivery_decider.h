// What becomes of one record on its way to the target: written, filtered, skipped, parked, or
// decided against the other side's change. Pure: the same record and state give the same answer,
// live, catching up and after a crash.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/decide/key_ledger.h"
#include "engine/mapping/compiled_map.h"
#include "events/catalogue.h"
#include "projections/views.h"

namespace dualwrite::engine {

// A record as it stands before one map: its images are decoded, and what the source did not send is
// filled in from before.
struct map_record {
  map_id map;
  direction way = direction::left_to_right;
  sequence at;
  capture_kind kind = capture_kind::live;
  operation op = operation::insert;
  row_values before, after;  // empty where there is none
  sequence cause;            // derived from the write of that record
  bool is_of_rules = false;  // what the app's rules made of a write of ours
  std::uint32_t depth = 0;
  bool is_made_anew = false;  // by a rule that makes another value each time, even of its own
  source_position position;
  instant committed_at;
  std::uint32_t group = 0;
  bool lacks_columns = false;           // that the map reads: it was captured without them
  std::vector<std::size_t> given_up{};  // columns that it has lost to the other side before
  // Where it was written already: the columns in which it had lost to the other side.
  std::vector<std::string> lost_columns{};
};

enum class fate : std::uint8_t {
  write,
  filtered,
  forgotten,  // given up by an admin before: no outcome of its own
  skip,       // with `reason` and `by`
  park,       // with `state` and the fault
};

// A column of the record's own table.
struct clashing_column {
  std::string name{};
  bool record_wins = false;
};

struct conflict_found {
  sequence other{};
  bool record_wins = false;
  std::string reason{};
  std::string key{};
  bool undecided = false;
  std::vector<clashing_column> columns{};  // where a part of the one or the other goes on
  std::vector<sequence> beats_too{};       // more of the other side's, for the same reason
  // Rows of the apps that the records come from, as they were captured; empty where there is none.
  std::string record_image{}, other_image{}, agreed_image{};
  schema_id record_schema{}, other_schema{};
};

// The winner's image for the winner's own side, where the loser was written over it.
struct resolution_owed {
  std::string key;
  bool removes = false;
  row_values image;
  schema_id schema;
};

struct delivery_plan {
  fate what = fate::write;
  std::string key, old_key;
  bool whole_row = true;
  std::vector<std::size_t>
      carries;                 // where it is not: columns of the source's table, beside the key
  bool amended = false;        // values of an admin took the place of its own
  bool marks_removal = false;  // the write marks a row as removed
  bool may_miss = false;       // where there is no row, all is done
  std::shared_ptr<target_write> write;
  std::shared_ptr<target_write> beside;  // for a row that is there already, written before it
  skip_reason reason = skip_reason::superseded;
  sequence by;
  park_state state = park_state::failed;
  sequence against;    // in conflict: the other side's record; zero where its key is held already
  write_result fault;  // of a record that cannot be mapped
  std::vector<conflict_found> conflicts;
  std::vector<resolution_owed> resolutions;
  std::vector<sequence> beaten;  // parked records of the other direction that this one wins against
  std::vector<std::size_t> left_out{};  // columns of the target that it had lost before

  // Whether its write leaves nothing of what was there before.
  bool is_whole() const { return whole_row || write->kind == write_kind::remove; }
};

// Deliberate faults, for the tests that prove that the checkers see them.
struct delivery_faults {
  bool newer_overtakes_waiting = false;
  bool copy_over_newer_live = false;
  bool part_taken_for_whole = false;
};

struct value_origin {
  side made_on = side::left;
  instant committed_at;
  sequence record{};    // that the value is of: of a resolution the winner's
  bool copied = false;  // by an initial sync
};

struct delivery_context {
  projections::views const& views;
  key_ledger const& ledger;
  compiled_map const& map;
  // Whether the rows of a copied chunk include this key.
  std::function<bool(projections::chunk_row const&, std::string const&)> chunk_holds;
  // Where and when the value of a record or resolution was made.
  std::function<value_origin(sequence)> origin_of;
  // What a parked record or resolution of the map's other direction leads to by itself; none where
  // that is not known.
  std::function<std::shared_ptr<target_write const>(map_id, sequence)> write_of;
  // Records that were beaten by others of the batch that is being planned, and by which.
  std::map<sequence, sequence> const& beaten_in_batch;
  // And in which columns of the source's table some of them lost a part.
  std::map<sequence, projections::part_row> const& parts_in_batch;
  // Keys that records of that batch hold until somebody decides.
  std::set<std::pair<map_id, std::string>> const& held_in_batch;
  delivery_faults faults;
};

// A record that comes for the first time goes behind what is parked of its key; a retry is what is
// parked.
enum class attempt : std::uint8_t { first, retry };

[[nodiscard]] delivery_plan plan_delivery(delivery_context const& context,
                                          map_record const& record,
                                          attempt which);

// The same for the winner of a conflict: `image` is a row of the target's own table.
struct map_resolution {
  map_id map;
  direction way = direction::left_to_right;
  sequence at;
  sequence winner;
  bool crosses = false;  // the winner was made on the other side
  std::string key;
  bool removes = false;
  row_values image;
  bool is_unknown = false;  // it undoes a change, and nothing is known of the row before
  std::vector<std::size_t> given_up{};  // columns that it has lost before
};
[[nodiscard]] delivery_plan plan_resolution(delivery_context const& context,
                                            map_resolution const& resolution,
                                            attempt which);

// The write that a record or a resolution leads to by itself, whatever else is going on: what its
// batch's echo is compared with.
[[nodiscard]] delivery_plan plan_rewritten(delivery_context const& context,
                                           map_record const& record);
[[nodiscard]] delivery_plan plan_rewritten(delivery_context const& context,
                                           map_resolution const& resolution);

}  // namespace dualwrite::engine
