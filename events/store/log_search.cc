#include "events/store/log_search.h"

namespace dualwrite {
namespace {

result<std::optional<block_header>> header_at_or_before(block_walk& walk, sequence at) {
  DW_TRY(auto const bytes, walk.block_at_or_before(at));
  if (!bytes) return std::optional<block_header>{};
  DW_TRY(auto const block, block_view::open(*bytes));
  return std::optional{block.header()};
}

}  // namespace

result<log_head> find_head_at(block_source const& source, sequence at) {
  error const absent{error_code::sequence_not_found, {}, at};
  if (!at || at > source.durable_head()) return absent;
  auto const walk = source.walk(scan_kind::single);
  DW_TRY(auto const header, header_at_or_before(*walk, at));
  if (!header || header->last < at) return absent;
  return log_head{header->log, header->last, header->chain, header->recorded_at};
}

result<sequence> find_first_at(block_source const& source, instant when) {
  auto const walk = source.walk(scan_kind::single);
  // Everything below `low` was recorded before `when`; everything from `high` on was not.
  sequence low{1};
  sequence high = source.durable_head() + 1;
  while (low < high) {
    sequence const middle{low.value + (high.value - low.value) / 2};
    DW_TRY(auto const header, header_at_or_before(*walk, middle));
    if (!header) {
      low = middle + 1;  // archived, so older than everything here
    } else if (header->recorded_at < when) {
      low = header->last + 1;
    } else {
      high = header->first;
    }
  }
  return high;
}

}  // namespace dualwrite
