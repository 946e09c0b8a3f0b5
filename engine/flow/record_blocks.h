// Packs the captured rows of one source transaction into events, several where there are many.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "engine/decide/outcome.h"
#include "events/record.h"
#include "events/record_events.h"

namespace dualwrite::engine {

// Lifetime: one transaction.
class record_blocks {
 public:
  // `common` is what all of its events say. One that holds more than `bytes_max` takes no more
  // rows.
  record_blocks(RecordsCaptured const& common, std::size_t bytes_max)
      : common_(common), bytes_max_(bytes_max) {}

  // The record's `table` is given by its schema. It concerns every map of the table, or one.
  void add(schema_id schema, sync_record record, map_id map = {});
  // What takes no more rows; with `ends` the rest too, as the last of the transaction. Without rows
  // there is nothing.
  [[nodiscard]] drafts take(bool ends);

 private:
  struct open_block {
    std::vector<RecordCount> tables;
    record_packer pack;
  };
  void seal(map_id map, open_block block, bool last);

  RecordsCaptured common_;
  std::size_t bytes_max_;
  drafts sealed_;
  std::map<map_id, open_block> open_;  // by the map that they are for; of none: for all
  std::uint32_t given_ = 0;            // records before it
};

}  // namespace dualwrite::engine
