#include "events/store/log_cursor.h"

#include <algorithm>

#include "events/codec.h"

namespace dualwrite {

log_cursor::log_cursor(block_source const& source, read_request request)
    : source_(source), request_(request), index_(request.stream), next_(request.from) {
  if (request.correlation) index_ = stream_id{correlation_kind, request.correlation->value};
  bool const whole = !index_ && !request.backward;
  walk_ = source.walk(whole ? scan_kind::sequential : scan_kind::single);
  if (!request.backward) {
    next_ = std::max(next_, sequence{1});
  } else {
    next_ = std::min(next_, source.durable_head());
    ended_ = !next_;
  }
}

result<std::optional<stored_event>> log_cursor::next() {
  while (!ended_) {
    if (auto const event = next_in_chunk()) return std::optional{event};
    DW_TRY(bool const in_block, load_chunk());
    if (in_block) continue;
    DW_TRY(bool const in_log, load_block());
    if (!in_log) break;
  }
  return std::optional<stored_event>{};
}

std::optional<stored_event> log_cursor::next_in_chunk() {
  auto const events = chunk_.events();
  while (events_done_ < events.size()) {
    auto const& event =
        request_.backward ? events[events.size() - 1 - events_done_] : events[events_done_];
    ++events_done_;
    if (skips(event)) continue;
    // Backward from the first sequence leads to zero, below which nothing is.
    next_ = request_.backward ? event.at - 1 : event.last() + 1;
    return event;
  }
  return {};
}

result<bool> log_cursor::load_chunk() {
  if (!block_) return false;
  auto const chunks = block_->chunks();
  while (chunks_done_ < chunks.size()) {
    std::size_t const chunk = request_.backward ? chunks.size() - 1 - chunks_done_ : chunks_done_;
    ++chunks_done_;
    if (skips(chunks[chunk])) continue;
    DW_CHECK(chunk_.load(*block_, chunk));
    events_done_ = 0;
    return true;
  }
  auto const& header = block_->header();
  next_ = request_.backward ? std::min(next_, header.first - 1) : std::max(next_, header.last + 1);
  ended_ = request_.backward && !next_;
  before_ = header;
  block_.reset();
  return false;
}

result<bool> log_cursor::load_block() {
  if (ended_) return false;
  DW_TRY(auto const bytes, find_block());
  if (!bytes) return false;
  DW_TRY(auto block, block_view::open(*bytes));
  // Blocks that are found by the index, or backward, are not neighbours in that order.
  if (before_ && !index_ && !request_.backward) DW_CHECK(check_order(*before_, block));
  block_ = std::move(block);
  chunks_done_ = 0;
  return true;
}

result<std::optional<bytes_view>> log_cursor::find_block() {
  if (!request_.backward && next_ > source_.durable_head()) return std::optional<bytes_view>{};
  return index_ ? find_block_of_index() : find_block_of_log();
}

result<std::optional<bytes_view>> log_cursor::find_block_of_log() {
  // A reader may begin inside a block; after that, each block begins where the one before ends.
  if (request_.backward || !before_) {
    DW_TRY(auto const holding, walk_->block_at_or_before(next_));
    if (holding || request_.backward) return holding;
  }
  return walk_->block_at_or_after(next_);
}

result<std::optional<bytes_view>> log_cursor::find_block_of_index() {
  std::optional<posting> found;
  if (request_.backward || !before_) {
    DW_TRY(found, walk_->posting_at_or_before(*index_, next_));
  }
  if (!found && !request_.backward) {
    DW_TRY(found, walk_->posting_at_or_after(*index_, next_));
  }
  if (!found || found->block > source_.durable_head()) return std::optional<bytes_view>{};
  return walk_->block_at_or_before(found->block);
}

bool log_cursor::skips(chunk_header const& chunk) const {
  return request_.backward ? chunk.first > next_ : chunk.last < next_;
}

bool log_cursor::skips(stored_event const& event) const {
  if (request_.stream && event.stream != *request_.stream) return true;
  if (request_.correlation && correlation_of(event.bytes) != *request_.correlation) return true;
  return request_.backward ? event.at > next_ : event.last() < next_;
}

}  // namespace dualwrite
