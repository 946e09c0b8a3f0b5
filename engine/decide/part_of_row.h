// Records that do not say all of their row: what the source did not send, what an app's rules left
// as we wrote it, what was lost to the other side.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/decide/delivery_decider.h"

namespace dualwrite::engine {

// What the record says of a column of its own table; `unchanged` where it says nothing. Of what an
// app's rules made of a write of ours it is only what they changed.
[[nodiscard]] value const& said_of(map_record const& record, std::size_t column);

// The columns of its own table, beside the key, that it says and that are written both ways;
// without those that it lost.
[[nodiscard]] std::vector<std::size_t> columns_carried(compiled_map const& map,
                                                       map_record const& record,
                                                       std::vector<std::string> const& lost);

// Whether it says anything, beside the key, that only its own side writes.
[[nodiscard]] bool says_of_its_own(compiled_map const& map, map_record const& record);

// Of the write of a whole row, what only the record's side writes; none where that is nothing.
[[nodiscard]] std::shared_ptr<target_write> its_own(compiled_map const& map,
                                                    direction way,
                                                    target_write const& whole);

// Takes out of what is written for the record what it does not say, or has lost: now, `lost` of its
// own table, or before (`map_record::given_up`).
void leave_out_unsaid(compiled_map const& map,
                      map_record const& record,
                      std::vector<std::string> const& lost,
                      target_row& mapped);

// What is told of a row that there is no way to write.
[[nodiscard]] write_result unmappable(error const& why);

// The columns of the target that it has lost: now, `lost` of its own table, or before.
[[nodiscard]] std::set<std::size_t> columns_lost(compiled_map const& map,
                                                 map_record const& record,
                                                 std::vector<std::string> const& lost);

// The columns of the target that a record which lost in part does not write.
[[nodiscard]] std::vector<std::size_t> columns_left_out(compiled_map const& map,
                                                        direction way,
                                                        projections::part_row const& lost);

}  // namespace dualwrite::engine
