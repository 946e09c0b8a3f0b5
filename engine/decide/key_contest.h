// A record against the other side's changes of its key which it has not seen: who wins, wholly or
// by columns, what the loser's side is owed, or that somebody has to decide.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/decide/delivery_decider.h"

namespace dualwrite::engine {

// What a record does to one key: a change of the key itself does something to two.
struct key_effect {
  std::string key{};
  bool removes = false;
  bool wanted = true;
};

struct contest_outcome {
  std::optional<sequence> lost_to{};
  sequence against{};  // nobody wins: the record is held, and so is its key
  std::vector<conflict_found> conflicts{};
  std::vector<resolution_owed> resolutions{};
  std::vector<sequence> beaten{};           // parked records of the other direction
  std::vector<std::string> lost_columns{};  // of the record's own table, where it wins all the same
};

// `decided`: where somebody kept this record, if they did: it wins against all that came before.
[[nodiscard]] contest_outcome contest_key(delivery_context const& context,
                                          map_record const& record,
                                          key_effect const& effect,
                                          sequence decided);

// Whether somebody has to decide about this key before anything of it is written.
[[nodiscard]] bool is_held(delivery_context const& context, map_id map, std::string const& key);

}  // namespace dualwrite::engine
