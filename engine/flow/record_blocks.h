// Packs the captured rows of one source transaction into events, several where there are many.
#pragma once

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

  // The record's `table` is given by its schema.
  void add(schema_id schema, sync_record record);
  // What takes no more rows; with `ends` the rest too, as the last of the transaction. Without rows
  // there is nothing.
  [[nodiscard]] drafts take(bool ends);

 private:
  void seal(bool last);

  RecordsCaptured common_;
  std::size_t bytes_max_;
  drafts sealed_;
  std::vector<RecordCount> tables_;  // of the block that is filled now
  record_packer pack_;
  std::uint32_t given_ = 0;  // records before it
};

}  // namespace dualwrite::engine
