#include "events/block.h"

#include <cstring>

#include <fmt/format.h>
#include <lz4.h>

#include "events/assert.h"
#include "events/block_layout.h"

namespace dualwrite {
namespace {

using namespace block_layout;

digest load_digest(std::byte const* from) {
  return load_little<digest>(from);
}

error corrupt(std::string why, sequence at = {}) {
  return error{error_code::log_corrupt, std::move(why), at};
}

// Reads the fixed fields; the digests are not compared with anything yet. `length` is the one that
// the block claims.
struct fixed_fields_read {
  block_header header;
  std::uint32_t chunk_count = 0;
  std::uint64_t length = 0;
};

result<fixed_fields_read> read_fixed(bytes_view bytes) {
  if (bytes.size() < fixed_bytes) return corrupt("A block ends inside its fixed fields.");
  auto const* from = bytes.data();
  if (std::memcmp(from, magic, sizeof magic) != 0) return corrupt("A block does not begin as one.");
  auto const format = load_little<std::uint16_t>(from + at_format);
  if (format > block_format) {
    return error{error_code::log_newer_format, fmt::format("A block has format {}.", format)};
  }
  fixed_fields_read read;
  read.chunk_count = load_little<std::uint32_t>(from + at_chunk_count);
  read.length = load_little<std::uint64_t>(from + at_length);
  auto& header = read.header;
  header.log = log_id{load_little<std::uint64_t>(from + at_log)};
  header.first = sequence{load_little<std::uint64_t>(from + at_first)};
  header.last = sequence{load_little<std::uint64_t>(from + at_last)};
  header.recorded_at = instant{load_little<std::int64_t>(from + at_recorded)};
  header.previous = load_digest(from + at_previous);
  header.root = load_digest(from + at_root);
  header.chain = load_digest(from + at_chain);
  bool const sound = format == block_format && !(header.last < header.first) && header.first &&
                     load_little<std::uint16_t>(from + at_format + 2) == 0 && read.chunk_count > 0;
  if (!sound) return corrupt("A block's fixed fields contradict each other.", header.first);
  return read;
}

chunk_header read_row(std::byte const* row) {
  chunk_header chunk;
  chunk.first = sequence{load_little<std::uint64_t>(row)};
  chunk.link = link_id{load_little<std::uint64_t>(row + row_at_link)};
  chunk.last = sequence{load_little<std::uint64_t>(row + row_at_last)};
  chunk.frame_bytes = load_little<std::uint32_t>(row + row_at_frames);
  chunk.stored_bytes = load_little<std::uint32_t>(row + row_at_stored);
  chunk.event_count = load_little<std::uint32_t>(row + row_at_events);
  chunk.codec = static_cast<chunk_codec>(row[row_at_codec]);
  return chunk;
}

// Whether a row can be true of any chunk. The bounds make what a lie can allocate small.
bool is_sound(chunk_header const& chunk, std::byte const* row) {
  auto const stored = std::size_t{chunk.stored_bytes};
  bool const sized =
      chunk.codec == chunk_codec::as_is
          ? stored == chunk.frame_bytes
          : chunk.codec == chunk_codec::lz4 && chunk.frame_bytes <= stored * lz4_ratio_max;
  bool const counted = chunk.event_count > 0 && !(chunk.last < chunk.first) &&
                       chunk.event_count - 1 <= chunk.last.value - chunk.first.value &&
                       chunk.frame_bytes / frame_head_bytes >= chunk.event_count;
  bool const bounded = chunk.frame_bytes <= frame_bytes(event_bytes_max) &&
                       (chunk.event_count == 1 || chunk.frame_bytes <= chunk_bytes_max);
  bool const unused = row[row_at_codec + 1] == std::byte{} &&
                      row[row_at_codec + 2] == std::byte{} && row[row_at_codec + 3] == std::byte{};
  return sized && counted && bounded && unused;
}

// Splits the frames into events; false where they contradict the table row.
bool split_frames(bytes_view frames,
                  chunk_header const& chunk,
                  instant recorded_at,
                  std::vector<stored_event>& events) {
  auto next = chunk.first;
  while (!frames.empty()) {
    if (frames.size() < frame_head_bytes || events.size() == chunk.event_count) return false;
    auto const* head = frames.data();
    std::size_t const length = load_little<std::uint32_t>(head);
    auto const span = load_little<std::uint32_t>(head + frame_at_span);
    auto const kind = load_little<std::uint64_t>(head + frame_at_kind);
    if (length > event_bytes_max || frame_bytes(length) > frames.size()) return false;
    if (span == 0 || kind > static_cast<std::uint8_t>(stream_kind::plan)) return false;
    if (span - 1 > chunk.last.value - next.value) return false;
    for (auto at = frame_head_bytes + length; at < frame_bytes(length); ++at) {
      if (frames[at] != std::byte{}) return false;
    }
    stream_id const stream{static_cast<stream_kind>(kind),
                           load_little<std::uint64_t>(head + frame_at_stream)};
    events.push_back({next, span, recorded_at, stream, frames.subspan(frame_head_bytes, length)});
    next = next + span;
    frames = frames.subspan(frame_bytes(length));
    if (next > chunk.last && !frames.empty()) return false;
  }
  return events.size() == chunk.event_count && next == chunk.last + 1;
}

}  // namespace

result<block_view> block_view::open(bytes_view bytes) {
  block_view block{bytes};
  DW_CHECK(block.read_header());
  auto const root = merkle_root(block.leaves());
  if (root != block.header_.root) return block.damaged("Its bytes do not lead to its root.");
  auto const chain = chain_digest(block.header_.previous, root, bytes.first(chained_bytes));
  if (chain != block.header_.chain)
    return block.damaged("Its fields do not lead to its chain digest.");
  return block;
}

result<void> block_view::read_header() {
  DW_TRY(auto const read, read_fixed(bytes_));
  header_ = read.header;
  if (read.length != bytes_.size()) return damaged("It is shorter or longer than it says.");
  return read_table(read.chunk_count);
}

result<void> block_view::read_table(std::uint32_t count) {
  if ((bytes_.size() - fixed_bytes) / row_bytes < count) return damaged("Its chunk table is cut.");
  chunks_.reserve(count);
  begins_.reserve(count);
  std::size_t begin = fixed_bytes + count * row_bytes;
  auto next = header_.first;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto const* row = bytes_.data() + fixed_bytes + i * row_bytes;
    auto const chunk = read_row(row);
    bool const follows = chunk.first == next && (next > header_.first) == (i > 0);
    if (!follows || !is_sound(chunk, row) || chunk.stored_bytes > bytes_.size() - begin) {
      return damaged("Its chunk table contradicts itself.");
    }
    chunks_.push_back(chunk);
    begins_.push_back(begin);
    begin += chunk.stored_bytes;
    next = chunk.last + 1;
  }
  if (begin != bytes_.size() || next != header_.last + 1)
    return damaged("Its chunks do not fill it.");
  return {};
}

error block_view::damaged(char const* why) const {
  return corrupt(fmt::format("The block from {} on: {}", header_.first.value, why), header_.first);
}

bytes_view block_view::table_row(std::size_t chunk) const {
  return bytes_.subspan(fixed_bytes + chunk * row_bytes, row_bytes);
}

bytes_view block_view::stored(std::size_t chunk) const {
  return bytes_.subspan(begins_[chunk], chunks_[chunk].stored_bytes);
}

bytes_view block_view::fixed_fields() const {
  return bytes_.first(fixed_bytes);
}

std::vector<digest> block_view::leaves() const {
  std::vector<digest> leaves;
  leaves.reserve(chunks_.size());
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    leaves.push_back(leaf_digest(table_row(i), stored(i)));
  }
  return leaves;
}

result<void> chunk_reader::load(block_view const& block, std::size_t chunk) {
  return load(block.chunks()[chunk], block.stored(chunk), block.header().recorded_at);
}

result<void> chunk_reader::load(chunk_header const& header,
                                bytes_view stored,
                                instant recorded_at) {
  events_.clear();
  std::size_t const length = header.frame_bytes;
  if (capacity_ < length) {
    frames_ = std::make_unique_for_overwrite<std::byte[]>(length);
    capacity_ = length;
  }
  if (header.codec == chunk_codec::as_is) {
    std::memcpy(frames_.get(), stored.data(), length);
  } else if (LZ4_decompress_safe(reinterpret_cast<char const*>(stored.data()),
                                 reinterpret_cast<char*>(frames_.get()),
                                 static_cast<int>(stored.size()),
                                 static_cast<int>(length)) != static_cast<int>(length)) {
    return corrupt("A chunk does not decompress.", header.first);
  }
  if (!split_frames({frames_.get(), length}, header, recorded_at, events_)) {
    events_.clear();
    return corrupt("A chunk's frames contradict its table row.", header.first);
  }
  return {};
}

chunk_proof prove_chunk(block_view const& block, std::uint32_t chunk) {
  auto const copy = [](bytes_view from) {
    return std::vector<std::byte>{from.begin(), from.end()};
  };
  return {copy(block.fixed_fields()),
          copy(block.table_row(chunk)),
          copy(block.stored(chunk)),
          chunk,
          merkle_path(block.leaves(), chunk)};
}

result<proven_chunk> check_proof(chunk_proof const& proof) {
  DW_TRY(auto const read, read_fixed(proof.fixed_fields));
  auto const& header = read.header;
  bool const shaped = proof.fixed_fields.size() == fixed_bytes &&
                      proof.table_row.size() == row_bytes && proof.chunk < read.chunk_count;
  if (!shaped) return corrupt("A proof has the wrong shape.", header.first);
  auto const chunk = read_row(proof.table_row.data());
  if (!is_sound(chunk, proof.table_row.data()) || chunk.stored_bytes != proof.stored.size()) {
    return corrupt("A proof's chunk contradicts its table row.", header.first);
  }
  auto const leaf = leaf_digest(proof.table_row, proof.stored);
  auto const root = merkle_root_along(leaf, proof.chunk, read.chunk_count, proof.path);
  auto const fields = bytes_view{proof.fixed_fields}.first(chained_bytes);
  if (root != header.root || chain_digest(header.previous, root, fields) != header.chain) {
    return corrupt("A proof does not lead to its chain digest.", header.first);
  }
  return proven_chunk{header, chunk};
}

}  // namespace dualwrite
