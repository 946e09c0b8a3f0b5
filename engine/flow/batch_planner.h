// Gathers records of one direction into a batch: plans each for its maps, and keeps the writes in
// the order of the log.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/decide/outcome.h"
#include "engine/flow/link_context.h"
#include "engine/flow/log_records.h"
#include "engine/mapping/row_alignment.h"
#include "replay/record_cursor.h"

namespace dualwrite::engine {

// A batch that is ready to be sent, and what it means.
struct ready_batch {
  std::shared_ptr<planned_batch> plan = std::make_shared<planned_batch>();
  write_list writes;
  std::vector<handed_write> handed;
  std::map<std::string, std::uint64_t> tables;  // of the target, and their fingerprints
  std::vector<batch_id>
      echoes_passed;  // of the other direction, by all members, when this batch is done
  std::vector<map_id> members;
  bool goes_on = false;  // there are more parts of it
  bool is_void = false;  // its source transaction will never be complete: it must not be written
};

// Columns that a record which was written had lost to the other side.
struct record_losses {
  std::vector<std::string> before;    // of the target's table: before its batch was planned
  std::vector<std::string> in_batch;  // of its own table
};

// Errors: `event_malformed`, `invalid_definition`.
// Lifetime: outlived by its context.
// Threads: the engine strand; between the first add() and take() or take_part() nothing may be
// awaited.
class batch_planner {
 public:
  batch_planner(link_context& context, direction way);

  // For every map of `members` that the record concerns and that is not beyond it yet.
  [[nodiscard]] result<void> add(replay::queued_item const& item,
                                 std::vector<map_id> const& members);
  // For this map, wherever it stands.
  [[nodiscard]] result<void> add_item(replay::queued_item const& item, map_id map, attempt which);
  // A row of a chunk, for its map.
  [[nodiscard]] result<void> add_copy(replay::queued_record const& record, map_id map);

  bool empty() const { return batch_.plan->records.empty() && batch_.echoes_passed.empty(); }
  std::size_t size() const { return batch_.plan->records.size(); }
  // It holds as many records as one batch, or one part of it, should.
  bool is_full() const;
  [[nodiscard]] ready_batch take();
  // What follows belongs to the same batch.
  [[nodiscard]] ready_batch take_part();
  // Nothing of what was planned is true.
  void forget() {
    parked_keys_.clear();
    held_keys_.clear();
    beaten_.clear();
    parts_.clear();
  }
  // The rows that parts before have parked stand before those that follow.
  void heed(outcome_so_far const& before);
  planned_batch& plan() { return *batch_.plan; }

  // Whether an item is to be delivered to this map at all.
  bool concerns(replay::queued_item const& item, map_id map) const;
  // The write that a record must have led to, for a batch that was written before the engine ended.
  [[nodiscard]] result<void> add_rewritten(replay::queued_item const& item,
                                           map_id map,
                                           attempt which,
                                           record_losses const& lost);

 private:
  [[nodiscard]] result<void> add_record(replay::queued_record const& record,
                                        map_id map,
                                        attempt which);
  [[nodiscard]] result<void> add_resolution(replay::queued_resolution const& resolution,
                                            map_id map,
                                            attempt which);
  [[nodiscard]] result<map_record> to_map_record(replay::queued_record const& record,
                                                 map_id map,
                                                 compiled_map const& compiled,
                                                 direction way);
  bool lacks_columns(replay::queued_record const& record,
                     map_record const& mine,
                     compiled_map const& compiled) const;
  bool is_from_before_capture(map_record const& mine) const;
  // A row of the map's source as its table looks now.
  [[nodiscard]] result<row_values> row_of_now(std::string_view image,
                                              schema_id was,
                                              compiled_map const& compiled);
  [[nodiscard]] result<map_resolution> to_map_resolution(
      replay::queued_resolution const& resolution,
      map_id map,
      compiled_map const& compiled,
      direction way);
  // The winner of the other side as a row of the target's table.
  [[nodiscard]] result<void> cross(map_resolution& into, compiled_map const& compiled);
  [[nodiscard]] result<void> undo(map_resolution& into, compiled_map const& compiled);
  // Adds what the two sides had.
  void show(conflict_found& conflict,
            replay::queued_record const& record,
            compiled_map const& compiled);
  [[nodiscard]] planned_record planned(replay::queued_record const& record,
                                       map_record const& mine,
                                       map_id map) const;
  [[nodiscard]] planned_record planned(replay::queued_resolution const& resolution,
                                       map_id map) const;
  // Asked for once a batch.
  [[nodiscard]] result<std::shared_ptr<compiled_map const>> compiled(map_id map);
  static bool is_contested(compiled_map const& map,
                           replay::queued_record const& record,
                           attempt which);
  void keep(planned_record&& record, compiled_map const& map, bool by_key);
  void share(conflict_found const& conflict, sequence with);
  // Of copied rows, behind all of them: each kind of write in one piece.
  void write_beside();
  // Which of the batch's writes a part of the row has to stand behind.
  std::optional<std::size_t> write_before(map_id map, std::string const& key);
  [[nodiscard]] handed_write to_hand(planned_record const& record, bool by_key) const;
  void take_over_resolutions(planned_record const& record);
  [[nodiscard]] delivery_context planning(compiled_map const& map);
  value_origin origin_of(sequence at) const;
  std::shared_ptr<target_write const> write_of(sequence at, compiled_map const& map, map_id of);
  std::uint32_t depth_of(sequence cause);
  bool was_made_by_rules(sequence resolution);

  std::vector<map_id> const& takers(schema_id schema, std::vector<map_id> const& members);
  bool delivers(schema_id schema, map_id map) const;

  link_context& context_;
  direction way_;
  ready_batch batch_;
  std::size_t bytes_ = 0;  // of its records
  bool has_beside_ = false;
  std::map<schema_id, std::vector<map_id>> takers_;  // of the members
  std::map<map_id, std::shared_ptr<compiled_map const>> compiled_;
  std::map<std::pair<compiled_map const*, schema_id>, row_alignment> alignments_;
  std::set<std::pair<map_id, std::string>> parked_keys_;
  // By map and key, the last write among the first `looked_through_` records: filled when asked.
  std::map<map_id, std::unordered_map<std::string, std::size_t>> last_write_;
  std::size_t looked_through_ = 0;
  std::map<std::pair<map_id, std::string>, std::vector<std::size_t>>
      owes_;                                            // records that owe their key's winner
  std::set<std::pair<map_id, std::string>> held_keys_;  // until somebody decides
  std::map<sequence, sequence>
      beaten_;  // records that lost against one of this batch, and against which
  std::map<sequence, projections::part_row> parts_;  // those that lost in part
};

}  // namespace dualwrite::engine
