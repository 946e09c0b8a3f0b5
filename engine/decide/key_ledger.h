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
#include <utility>
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
  // None where it is parked or was refused: then it only stands against the other side's changes.
  std::shared_ptr<target_write const> write;
};

// Guarantees: a write is unseen by a change of the target's side unless its batch came back before
// that change. What is kept of one is small: there are as many as a large transaction has rows.
// Threads: the engine strand.
class key_ledger {
 public:
  // Before the batch is sent: from here on both meanings hold.
  void hand(batch_id id, epoch session, std::vector<handed_write> const& writes);
  // The same for the next part of a batch.
  void hand_more(batch_id id, std::vector<handed_write> const& writes);
  // Another session sends it.
  void hand_over(batch_id id, epoch session);
  // The batch did not happen.
  void take_back(batch_id id);
  // It did without these, which the target refused.
  using records = std::set<std::pair<map_id, sequence>>;
  void refuse(batch_id id, records const& refused);
  // The batch came back from its target at this place of the target's order.
  void came_back(batch_id id, source_position at);
  // The map has read past the batch's echo in the other direction: no change that is still to come
  // can have missed it.
  void passed(batch_id id, map_id map);
  // The map has been stopped. Its writes are still told from the target's own changes, but nobody
  // waits for them to come back: the capture may have ended before.
  void forget(map_id map);

  // Whether a captured change of a row repeats a write of this batch, once for each write; if not,
  // the change is the target's own.
  struct captured_change {
    std::string const& table;
    operation op;
    row_values const& before;
    row_values const& after;
  };
  struct repeated_write {
    map_id map;
    target_write const* shape;  // without its values
  };
  [[nodiscard]] std::optional<repeated_write> match_echo(batch_id id,
                                                         epoch session,
                                                         captured_change const& change);
  // What the batch wrote to the row that the change left, by the columns of its table: `unchanged`
  // where it wrote nothing. Of several writes to the row it is the one that the row differs from
  // least. Nothing where it did not write the row.
  struct written_row {
    row_values values;
    std::vector<bool> wrote;
  };
  [[nodiscard]] std::optional<written_row> match_altered(batch_id id,
                                                         captured_change const& change);
  // The record of any write of the batch; of the last one matched if there is one.
  sequence last_matched(batch_id id) const;
  bool knows(batch_id id, epoch session) const;
  epoch session_of(batch_id id) const;
  bool knows_batch(batch_id id) const { return batches_.contains(id); }

  // What is asked about a write before it is taken out of where it is remembered.
  struct write_head {
    sequence record;
    side made_on;
    bool changes_key;
    target_write const* shape;  // without its values; none where there is no write
  };
  // Asked of one write after the other, from the newest on.
  using choice = std::function<bool(write_head const&)>;
  // The writes of this key, of this direction, that a change of the target's side at `at` cannot
  // have seen: those of them that are wanted, in the order of their records.
  [[nodiscard]] std::vector<handed_write> unseen(map_id map,
                                                 direction way,
                                                 std::string const& key,
                                                 source_position at,
                                                 choice const& is_wanted) const;
  // All writes of this key, of this direction, that are still remembered.
  [[nodiscard]] std::vector<handed_write> handed(map_id map,
                                                 direction way,
                                                 std::string const& key) const;
  // How many writes of a direction are awaited, and how many of them did not come back yet.
  struct load {
    std::size_t awaited = 0;
    std::size_t not_back = 0;
    std::size_t bytes_not_back = 0;  // of keys and values
  };
  load const& load_of(direction way) const { return loads_[static_cast<std::size_t>(way)]; }

 private:
  // What many writes have in common: a write without its values.
  using shape = target_write;
  static constexpr std::uint32_t parked = ~std::uint32_t{0};
  struct kept_write {
    map_id map;
    sequence record;
    instant committed_at;
    std::uint32_t depth = 0;
    std::uint32_t shape = parked;  // of its batch
    side made_on = side::left;
    bool by_key = true;
    bool forgotten = false;
    bool refused = false;
    bool matched = false;
    bool altered = false;  // by rules of the app
    std::string key{}, old_key{};
    std::string target_key{}, values{};  // row images
  };
  struct handed_batch {
    epoch session;
    std::vector<shape> shapes;
    std::vector<kept_write> writes;
    std::size_t awaited = 0;  // of its writes, those of maps that were not stopped
    std::size_t bytes = 0;
    std::unordered_multimap<std::size_t, std::uint32_t> by_row;  // by table and target key
    std::optional<source_position> echo;
    std::optional<std::size_t> last_matched;
  };
  struct place {
    batch_id batch;
    std::uint32_t index;
  };
  using key_index = std::unordered_multimap<std::size_t, place>;  // by the hash of a key

  static std::size_t size_of(kept_write const& write);
  // To this row, one after the other.
  static std::vector<std::uint32_t> writes_to(handed_batch const& batch,
                                              std::string const& table,
                                              row_values const& row);
  // The one of them that the row differs from least, and which is not told of yet, or was last.
  static kept_write* nearest(handed_batch& batch, captured_change const& change);
  static std::uint32_t shape_of(handed_batch& batch, target_write const& write);
  static kept_write keep(handed_batch& batch, handed_write const& write);
  static handed_write unpack(handed_batch const& batch, kept_write const& kept);
  void add(batch_id id, handed_batch& batch, std::vector<handed_write> const& writes);
  void unindex(batch_id id, handed_batch const& batch, std::optional<map_id> map);
  struct found_write {
    handed_batch const* batch;
    kept_write const* write;
  };
  std::vector<found_write> find(map_id map, direction way, std::string const& key) const;
  void count_out(batch_id id, handed_batch const& batch);
  void erase_if_over(std::map<batch_id, handed_batch>::iterator batch);

  std::map<batch_id, handed_batch> batches_;
  std::map<std::pair<map_id, direction>, key_index> keys_;
  std::array<load, 2> loads_;
};

}  // namespace dualwrite::engine
