#include <cstring>

#include <fmt/format.h>
#include <lz4.h>

#include "events/assert.h"
#include "events/block_layout.h"

namespace dualwrite {
namespace {

using namespace block_layout;

// A run of events that becomes one chunk.
struct chunk_plan {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t frames = 0;  // bytes
};

result<std::vector<chunk_plan>> plan_chunks(std::span<encoded_event const> events) {
  std::vector<chunk_plan> plans;
  std::size_t whole = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].bytes.size() > event_bytes_max) {
      return error{error_code::event_too_large,
                   fmt::format("It has {} bytes.", events[i].bytes.size())};
    }
    auto const frame = frame_bytes(events[i].bytes.size());
    bool const joins = !plans.empty() && events[i].link == events[i - 1].link &&
                       plans.back().frames + frame <= chunk_bytes_max;
    if (!joins) plans.push_back({i, i, 0});
    plans.back().end = i + 1;
    plans.back().frames += frame;
    whole += frame;
  }
  if (whole > block_bytes_max) {
    return error{error_code::event_too_large, fmt::format("The group has {} bytes.", whole)};
  }
  return plans;
}

void write_frame(std::byte* to, encoded_event const& event) {
  auto const length = event.bytes.size();
  store_little(to, static_cast<std::uint32_t>(length));
  store_little(to + frame_at_span, event.span);
  store_little(to + frame_at_stream, event.stream.id);
  store_little(to + frame_at_kind, std::uint64_t{static_cast<std::uint8_t>(event.stream.kind)});
  if (length > 0) std::memcpy(to + frame_head_bytes, event.bytes.data(), length);
  std::memset(to + frame_head_bytes + length, 0, padded(length) - length);
}

// Compresses the frames to the end of `out`, or copies them where that is not longer.
chunk_codec store_frames(bytes_view frames, std::vector<std::byte>& out) {
  auto const begin = out.size();
  out.resize(begin + frames.size());
  int const limit = static_cast<int>(frames.size()) - 1;
  int const stored = LZ4_compress_default(reinterpret_cast<char const*>(frames.data()),
                                          reinterpret_cast<char*>(out.data() + begin),
                                          static_cast<int>(frames.size()),
                                          limit);
  if (stored > 0) {
    out.resize(begin + static_cast<std::size_t>(stored));
    return chunk_codec::lz4;
  }
  std::memcpy(out.data() + begin, frames.data(), frames.size());
  return chunk_codec::as_is;
}

class block_writer {
 public:
  block_writer(block_place const& place, instant recorded_at, std::size_t chunk_count)
      : next_(place.first) {
    block_.header = {place.log, place.first, place.first, recorded_at, place.previous, {}, {}};
    block_.bytes.resize(fixed_bytes + chunk_count * row_bytes);
    leaves_.reserve(chunk_count);
  }

  void add_chunk(chunk_plan const& plan, std::span<encoded_event const> events) {
    if (frames_.size() < plan.frames) frames_.resize(plan.frames);
    auto const first = next_;
    auto* frame = frames_.data();
    for (auto const& event : events) {
      DW_ASSERT(event.span > 0);
      write_frame(frame, event);
      frame += frame_bytes(event.bytes.size());
      next_ = next_ + event.span;
    }
    auto const begin = block_.bytes.size();
    auto const codec = store_frames({frames_.data(), plan.frames}, block_.bytes);
    auto const stored = block_.bytes.size() - begin;

    auto* const row = block_.bytes.data() + fixed_bytes + leaves_.size() * row_bytes;
    store_little(row, first.value);
    store_little(row + row_at_link, events.front().link.value);
    store_little(row + row_at_last, (next_ - 1).value);
    store_little(row + row_at_frames, static_cast<std::uint32_t>(plan.frames));
    store_little(row + row_at_stored, static_cast<std::uint32_t>(stored));
    store_little(row + row_at_events, static_cast<std::uint32_t>(events.size()));
    store_little(row + row_at_codec, std::uint32_t{static_cast<std::uint8_t>(codec)});
    leaves_.push_back(leaf_digest({row, row_bytes}, {block_.bytes.data() + begin, stored}));
  }

  encoded_block finish() {
    auto& header = block_.header;
    header.last = next_ - 1;
    auto* const to = block_.bytes.data();
    std::memcpy(to, magic, sizeof magic);
    store_little(to + at_format, block_format);
    store_little(to + at_chunk_count, static_cast<std::uint32_t>(leaves_.size()));
    store_little(to + at_log, header.log.value);
    store_little(to + at_first, header.first.value);
    store_little(to + at_last, header.last.value);
    store_little(to + at_recorded, header.recorded_at.us);
    store_little(to + at_length, std::uint64_t{block_.bytes.size()});
    header.root = merkle_root(std::move(leaves_));
    header.chain = chain_digest(header.previous, header.root, {to, chained_bytes});
    store_little(to + at_previous, header.previous);
    store_little(to + at_root, header.root);
    store_little(to + at_chain, header.chain);
    return std::move(block_);
  }

 private:
  encoded_block block_;
  sequence next_;
  std::vector<digest> leaves_;
  std::vector<std::byte> frames_;
};

}  // namespace

result<encoded_block> encode_block(block_place const& place,
                                   instant recorded_at,
                                   std::span<encoded_event const> events) {
  DW_ASSERT(!events.empty() && place.first);
  DW_TRY(auto const plans, plan_chunks(events));
  block_writer writer{place, recorded_at, plans.size()};
  for (auto const& plan : plans) {
    writer.add_chunk(plan, events.subspan(plan.begin, plan.end - plan.begin));
  }
  return writer.finish();
}

}  // namespace dualwrite
