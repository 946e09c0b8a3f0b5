// What was handed to the targets of a link and may not have been seen by the changes that come back
// from them: by batch, to tell our own writes from changes made by the target's rules; by key, to
// find changes made on both sides at once.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/ports/target_app.h"
#include "events/instant.h"
#include "events/record.h"

namespace dualwrite::engine {

struct batch_id {
  direction way = direction::left_to_right;
  lane_id lane;
  batch_number batch;
  friend constexpr auto operator<=>(batch_id const&, batch_id const&) = default;
};

// One write of a batch for one map, or what it parks.
struct handed_write {
  map_id map;
  std::string key;
  std::string old_key;  // where the write changes the key
  sequence record;
  side made_on = side::left;  // where the value was made
  instant committed_at;
  std::uint32_t depth = 0;  // how many times in a row the apps' own rules rewrote each other
  bool by_key =
      true;  // false: conflicts are not looked for here (copies: the chunks tell; read past: over)
  bool forgotten = false;  // its map was stopped
  // None where it is parked: then it only stands against the other side's changes.
  std::shared_ptr<target_write const> write;
};

// Guarantees: a write is unseen by a change of the target's side unless its batch came back before
// that change.
// Lifetime: `handed_write` pointers live until the batch is passed by their map or taken back.
// Threads: the engine strand.
class key_ledger {
 public:
  // Before the batch is sent: from here on both meanings hold.
  void hand(batch_id id, epoch session, std::vector<handed_write> writes);
  // The batch did not happen.
  void take_back(batch_id id);
  // The batch came back from its target at this place of the target's order.
  void came_back(batch_id id, source_position at);
  // The map has read past the batch's echo in the other direction: no change that is still to come
  // can have missed it.
  void passed(batch_id id, map_id map);
  // The map has been stopped. Its writes are still told from the target's own changes, but nobody
  // waits for them to come back: the capture may have ended before.
  void forget(map_id map);

  // The write of this batch that a captured change of a row repeats, once for each such change;
  // none: the change is the target's own.
  struct captured_change {
    std::string const& table;
    operation op;
    row_values const& before;
    row_values const& after;
  };
  handed_write const* match_echo(batch_id id, epoch session, captured_change const& change);
  // Any write of the batch; the last one matched if there is one.
  handed_write const* last_matched(batch_id id) const;
  bool knows(batch_id id, epoch session) const;
  epoch session_of(batch_id id) const;
  bool knows_batch(batch_id id) const { return batches_.contains(id); }

  // The writes of this key, of this direction, that a change of the target's side at `at` cannot
  // have seen.
  [[nodiscard]] std::vector<handed_write const*> unseen(map_id map,
                                                        direction way,
                                                        std::string const& key,
                                                        source_position at) const;
  // All writes of this key, of this direction, that are still remembered.
  [[nodiscard]] std::vector<handed_write const*> handed(map_id map,
                                                        direction way,
                                                        std::string const& key) const;
  // How many writes of a direction are awaited, and how many of them did not come back yet.
  struct load {
    std::size_t awaited = 0;
    std::size_t not_back = 0;
  };
  load const& load_of(direction way) const { return loads_[static_cast<std::size_t>(way)]; }

 private:
  struct handed_batch {
    epoch session;
    std::vector<handed_write> writes;
    std::vector<bool> matched;
    std::size_t awaited = 0;  // of its writes, those of maps that were not stopped
    std::multimap<std::string, std::size_t> by_row;  // by table and target key
    std::map<std::string, std::set<std::vector<std::size_t>>>
        row_keys;  // by table: which columns are its key
    std::optional<source_position> echo;
    std::size_t last_matched = 0;
    bool any_matched = false;
  };
  struct place {
    batch_id batch;
    std::size_t index;
  };
  using key_index = std::unordered_map<std::string, std::vector<place>>;

  void index(batch_id id, handed_batch const& batch);
  void unindex(batch_id id, handed_batch const& batch, std::optional<map_id> map);
  std::vector<place> const* places_of(map_id map, direction way, std::string const& key) const;
  void count_out(batch_id id, handed_batch const& batch);
  void erase_if_over(std::map<batch_id, handed_batch>::iterator batch);

  std::map<batch_id, handed_batch> batches_;
  std::map<std::pair<map_id, direction>, key_index> keys_;
  std::array<load, 2> loads_;
};

}  // namespace dualwrite::engine
