// Blocks: the events of one commit group as the log stores them.
//
// A block is fixed fields, a table of chunks, and the stored chunks one after the other, nothing
// else. Integers are little-endian, unused bytes zero.
//
//   byte  size  fixed fields (152 bytes)
//      0     8  magic "dwblock\n"
//      8     2  format, 1
//     10     2  unused
//     12     4  number of chunks, at least 1
//     16     8  log id
//     24     8  sequence of the first event
//     32     8  last sequence
//     40     8  recorded at, microseconds since 1970 UTC, signed
//     48     8  length of the whole block
//     56    32  chain digest of the block before; zeros in the first block
//     88    32  root of the Merkle tree over the chunks
//    120    32  chain digest of this block
//
//   byte  size  one row of the chunk table (40 bytes)
//      0     8  sequence of the chunk's first event
//      8     8  link whose events it holds, zero for none
//     16     8  last sequence of the chunk
//     24     4  length of the events' frames
//     28     4  stored length
//     32     4  number of events
//     36     1  codec: 0 as is, 1 LZ4 block
//     37     3  unused
//
//   byte  size  one event's frame, in a decompressed chunk; frames begin at multiples of 8
//      0     4  length of the event's bytes
//      4     4  span: sequences it takes, at least 1
//      8     8  stream id
//     16     1  stream kind
//     17     7  unused
//     24        the event's bytes, and zeros up to a multiple of 8
//
// A chunk's leaf digest covers its table row and its stored bytes, the root covers the leaves, and
// the chain digest covers the chain digest before, the root and bytes 0 to 55
// (events/hash_chain.h). So a block is checked before it is decompressed, and no byte of it goes
// unchecked. Chunks are dense: each begins where the one before ends.
//
// Damage: block_view::open() and chunk_reader::load() refuse it with `log_corrupt`, or with
// `log_newer_format` where the magic holds and the format is a later one. Nothing is repaired. What
// they allocate is bounded by the length of what they read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "events/hash_chain.h"
#include "events/result.h"
#include "events/stored_event.h"

namespace dualwrite {

inline constexpr std::uint16_t block_format = 1;
// A chunk with more than one event has at most this many bytes of frames.
inline constexpr std::size_t chunk_bytes_max = 64 * 1024;
// A row change that PostgreSQL sends is of 1 GiB at most, one that SQLite keeps of less.
inline constexpr std::size_t event_bytes_max = 1088 * 1024 * 1024;
inline constexpr std::size_t block_bytes_max = 1280 * 1024 * 1024;

enum class chunk_codec : std::uint8_t { as_is = 0, lz4 = 1 };  // never renumber

struct block_header {
  log_id log;
  sequence first;
  sequence last;
  instant recorded_at;
  digest previous{};
  digest root{};
  digest chain{};

  friend bool operator==(block_header const&, block_header const&) = default;
};

struct chunk_header {
  sequence first;
  sequence last;
  link_id link;
  std::uint32_t frame_bytes = 0;
  std::uint32_t stored_bytes = 0;
  std::uint32_t event_count = 0;
  chunk_codec codec = chunk_codec::as_is;
};

struct encoded_block {
  block_header header;
  std::vector<std::byte> bytes;
};

// What goes before a block: the log, its next sequence and the chain up to there.
struct block_place {
  log_id log;
  sequence first;
  digest previous{};
};

// Runs task(0) to task(count - 1), in any order and on any threads, and returns when all are done.
using task_runner =
    std::function<void(std::size_t count, std::function<void(std::size_t)> const& task)>;

inline void run_in_order(std::size_t count, std::function<void(std::size_t)> const& task) {
  for (std::size_t i = 0; i < count; ++i) task(i);
}

// The bytes do not depend on `run`, which compresses and hashes the chunks.
// Errors: `event_too_large` where an event or the whole group is larger than a reader takes.
[[nodiscard]] result<encoded_block> encode_block(block_place const& place,
                                                 instant recorded_at,
                                                 std::span<encoded_event const> events,
                                                 task_runner const& run = run_in_order);

// A block whose digests hold.
//
// Errors: open() gives `log_corrupt` or `log_newer_format`.
// Lifetime: a view; the bytes outlive it.
// Threads: immutable.
class block_view {
 public:
  [[nodiscard]] static result<block_view> open(bytes_view bytes);

  block_header const& header() const { return header_; }
  std::span<chunk_header const> chunks() const { return chunks_; }
  bytes_view table_row(std::size_t chunk) const;
  bytes_view stored(std::size_t chunk) const;
  // Bytes 0 to 151.
  bytes_view fixed_fields() const;
  // The leaves of the Merkle tree, computed from the bytes.
  [[nodiscard]] std::vector<digest> leaves() const;

 private:
  explicit block_view(bytes_view bytes) : bytes_(bytes) {}
  [[nodiscard]] result<void> read_header();
  [[nodiscard]] result<void> read_table(std::uint32_t count);
  [[nodiscard]] error damaged(char const* why) const;

  bytes_view bytes_;
  block_header header_;
  std::vector<chunk_header> chunks_;
  std::vector<std::size_t> begins_;  // where each stored chunk begins
};

// The events of one chunk at a time.
//
// Errors: load() gives `log_corrupt`; there are no events then.
// Lifetime: events and their bytes live until the next load(); the block is not needed after it.
// Threads: one at a time.
class chunk_reader {
 public:
  [[nodiscard]] result<void> load(block_view const& block, std::size_t chunk);
  // The same for a chunk that came without its block.
  [[nodiscard]] result<void> load(chunk_header const& header,
                                  bytes_view stored,
                                  instant recorded_at);
  std::span<stored_event const> events() const { return events_; }

 private:
  std::unique_ptr<std::byte[]> frames_;
  std::size_t capacity_ = 0;
  std::vector<stored_event> events_;
};

// Shows without the rest of its block that a chunk belongs to a log whose chain digest is known.
struct chunk_proof {
  std::vector<std::byte> fixed_fields;
  std::vector<std::byte> table_row;
  std::vector<std::byte> stored;
  std::uint32_t chunk = 0;
  std::vector<digest> path;
};

struct proven_chunk {
  block_header block;
  chunk_header chunk;
};

[[nodiscard]] chunk_proof prove_chunk(block_view const& block, std::uint32_t chunk);

// The headers that the proof speaks for. It says nothing about which log the chain belongs to:
// compare `block.chain`.
// Errors: `log_corrupt`, `log_newer_format`.
[[nodiscard]] result<proven_chunk> check_proof(chunk_proof const& proof);

}  // namespace dualwrite
