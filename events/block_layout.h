// Where the fields of a block are; events/block.h specifies them. For the files that write and read
// blocks only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "events/block.h"
#include "events/endian.h"

namespace dualwrite::block_layout {

inline constexpr char magic[8] = {'d', 'w', 'b', 'l', 'o', 'c', 'k', '\n'};

inline constexpr std::size_t at_format = 8;
inline constexpr std::size_t at_chunk_count = 12;
inline constexpr std::size_t at_log = 16;
inline constexpr std::size_t at_first = 24;
inline constexpr std::size_t at_last = 32;
inline constexpr std::size_t at_recorded = 40;
inline constexpr std::size_t at_length = 48;
inline constexpr std::size_t at_previous = 56;
inline constexpr std::size_t at_root = 88;
inline constexpr std::size_t at_chain = 120;
inline constexpr std::size_t fixed_bytes = 152;
// The chain digest covers the fields before the digests.
inline constexpr std::size_t chained_bytes = at_previous;

inline constexpr std::size_t row_bytes = 40;
inline constexpr std::size_t row_at_link = 8;
inline constexpr std::size_t row_at_last = 16;
inline constexpr std::size_t row_at_frames = 24;
inline constexpr std::size_t row_at_stored = 28;
inline constexpr std::size_t row_at_events = 32;
inline constexpr std::size_t row_at_codec = 36;

inline constexpr std::size_t frame_head_bytes = 24;
inline constexpr std::size_t frame_at_span = 4;
inline constexpr std::size_t frame_at_stream = 8;
inline constexpr std::size_t frame_at_kind = 16;

constexpr std::size_t padded(std::size_t length) {
  return (length + 7) & ~std::size_t{7};
}
constexpr std::size_t frame_bytes(std::size_t length) {
  return frame_head_bytes + padded(length);
}

// LZ4 cannot make more of a byte than this, so a longer claim is a lie and allocates nothing.
inline constexpr std::size_t lz4_ratio_max = 255;

}  // namespace dualwrite::block_layout
