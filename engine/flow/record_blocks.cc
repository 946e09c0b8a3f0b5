#include "engine/flow/record_blocks.h"

#include <algorithm>
#include <utility>

namespace dualwrite::engine {

void record_blocks::add(schema_id schema, sync_record record) {
  if (pack_.size() > bytes_max_) seal(false);
  auto count = std::find_if(
      tables_.begin(), tables_.end(), [&](auto const& one) { return one.schema == schema; });
  if (count == tables_.end()) count = tables_.insert(tables_.end(), {schema, 0});
  ++count->count;
  record.table = static_cast<std::uint32_t>(count - tables_.begin());
  pack_.add(record);
}

drafts record_blocks::take(bool ends) {
  if (ends && pack_.count() != 0) seal(true);
  return std::exchange(sealed_, {});
}

void record_blocks::seal(bool last) {
  auto const pack = std::exchange(pack_, {});
  auto block = common_;
  block.first_index = given_;
  block.last = last;
  block.tables = std::exchange(tables_, {});
  block.count = pack.count();
  block.records = blob{pack.bytes()};
  auto event = draft({stream_kind::link, block.link.value}, block.link, block);
  event.span = block.count;
  sealed_.push_back(std::move(event));
  given_ += block.count;
}

}  // namespace dualwrite::engine
