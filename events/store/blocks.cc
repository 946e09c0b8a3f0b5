#include "events/store/blocks.h"

#include <algorithm>

#include "events/codec.h"

namespace dualwrite {

void posting_list::add(stream_id stream, sequence at, bytes_view event) {
  // Most events follow one of the same stream and request; the rest is sorted out by take().
  if (stream_ != stream) postings_.push_back({stream, at, block_});
  stream_ = stream;
  auto const correlation = correlation_of(event);
  if (correlation && correlation != correlation_) {
    postings_.push_back({{correlation_kind, correlation.value}, at, block_});
    correlation_ = correlation;
  }
}

std::vector<posting> posting_list::take() {
  std::sort(postings_.begin(), postings_.end());
  auto const same = [](posting const& a, posting const& b) { return a.stream == b.stream; };
  postings_.erase(std::unique(postings_.begin(), postings_.end(), same), postings_.end());
  return std::move(postings_);
}

std::vector<posting> postings_of(sequence block, std::span<encoded_event const> events) {
  posting_list postings{block};
  auto at = block;
  for (auto const& event : events) {
    postings.add(event.stream, at, event.bytes);
    at = at + event.span;
  }
  return postings.take();
}

result<std::vector<posting>> postings_of(block_view const& block, chunk_reader& reader) {
  posting_list postings{block.header().first};
  for (std::size_t i = 0; i < block.chunks().size(); ++i) {
    DW_CHECK(reader.load(block, i));
    for (auto const& event : reader.events()) postings.add(event.stream, event.at, event.bytes);
  }
  return postings.take();
}

log_id former_log(block_view const& block) {
  chunk_reader reader;
  if (!reader.load(block, 0)) return {};
  auto const event = decode(reader.events().front());
  auto const* forked = event ? event->as<LogForked>() : nullptr;
  return forked == nullptr ? log_id{} : forked->former;
}

result<void> check_order(block_header const& before,
                         block_header const& after,
                         log_id former_of_after) {
  auto const wrong = [&](char const* why) {
    return error{error_code::log_corrupt, why, after.first};
  };
  if (after.first != before.last + 1) return wrong("Blocks are missing, or overlap.");
  if (after.previous != before.chain) return wrong("A block does not follow the chain.");
  if (after.recorded_at < before.recorded_at) return wrong("Time runs backward.");
  if (after.log != before.log && former_of_after != before.log)
    return wrong("A block is from another log.");
  return {};
}

result<void> check_order(block_header const& before, block_view const& after) {
  bool const forks = after.header().log != before.log;
  return check_order(before, after.header(), forks ? former_log(after) : log_id{});
}

}  // namespace dualwrite
