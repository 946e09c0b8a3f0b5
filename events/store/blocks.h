// What both logs are made of: blocks in order of sequence, and one posting per stream and block.
// The cursor, the searches and the verification are written once, over this.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "events/block.h"
#include "events/result.h"
#include "events/stored_event.h"

namespace dualwrite {

// A line of the stream index: the stream has events in `block` (named by its first sequence), from
// `first` on.
struct posting {
  stream_id stream;
  sequence first;
  sequence block;

  friend auto operator<=>(posting const&, posting const&) = default;
};

// The postings of a block that begins at `block`, ordered.
[[nodiscard]] std::vector<posting> postings_of(sequence block,
                                               std::span<encoded_event const> events);

// Leaves the first posting of each stream, ordered by stream. All are of one block, in the block's
// order.
void keep_first_of_stream(std::vector<posting>& postings);

enum class scan_kind : std::uint8_t {
  single,      // a few blocks
  sequential,  // many: reads ahead, and leaves the cache to others
};

// One reader's place among the blocks of a log. It sees what was durable when it was last asked.
//
// Errors: `log_corrupt` where the storage below finds damage.
// Lifetime: outlived by its log; the bytes of a block live until the next call for a block.
// Threads: one at a time.
class block_walk {
 public:
  virtual ~block_walk() = default;
  // The block with the greatest first sequence at or below `at`.
  [[nodiscard]] virtual result<std::optional<bytes_view>> block_at_or_before(sequence at) = 0;
  // The block with the least first sequence at or above `at`.
  [[nodiscard]] virtual result<std::optional<bytes_view>> block_at_or_after(sequence at) = 0;
  // The same for the postings of one stream, by their first sequence.
  [[nodiscard]] virtual result<std::optional<posting>> posting_at_or_before(stream_id stream,
                                                                            sequence at) = 0;
  [[nodiscard]] virtual result<std::optional<posting>> posting_at_or_after(stream_id stream,
                                                                           sequence at) = 0;
  // How many postings name blocks from `first` to `last`.
  [[nodiscard]] virtual result<std::uint64_t> posting_count(sequence first, sequence last) = 0;
};

// Where walks come from, and how far they may go: beyond the head nothing is durable yet.
class block_source {
 public:
  virtual ~block_source() = default;
  [[nodiscard]] virtual std::unique_ptr<block_walk> walk(scan_kind kind) const = 0;
  [[nodiscard]] virtual sequence durable_head() const = 0;
};

}  // namespace dualwrite
