#include "engine/flow/record_blocks.h"

#include <algorithm>
#include <utility>

namespace dualwrite::engine {

void record_blocks::add(schema_id schema, sync_record record, map_id map) {
  auto& block = open_[map];
  if (block.pack.size() > bytes_max_) seal(map, std::exchange(block, {}), false);
  auto& tables = block.tables;
  auto count = std::find_if(
      tables.begin(), tables.end(), [&](auto const& one) { return one.schema == schema; });
  if (count == tables.end()) count = tables.insert(tables.end(), {schema, 0});
  ++count->count;
  record.table = static_cast<std::uint32_t>(count - tables.begin());
  block.pack.add(record);
}

drafts record_blocks::take(bool ends) {
  while (ends && !open_.empty()) {
    auto block = open_.extract(open_.begin());
    seal(block.key(), std::move(block.mapped()), open_.empty());
  }
  return std::exchange(sealed_, {});
}

void record_blocks::seal(map_id map, open_block open, bool last) {
  auto block = common_;
  block.map = map;
  block.first_index = given_;
  block.last = last;
  block.tables = std::move(open.tables);
  block.count = open.pack.count();
  block.records = blob{open.pack.bytes()};
  auto event = draft({stream_kind::link, block.link.value}, block.link, block);
  event.span = block.count;
  sealed_.push_back(std::move(event));
  given_ += block.count;
}

}  // namespace dualwrite::engine
