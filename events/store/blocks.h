// What both logs are made of: blocks in order of sequence, and one posting per block, stream and
// correlation.
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

// In the index, the events that name one correlation are found as if they were a stream of this
// kind with its sequence as id.
inline constexpr stream_kind correlation_kind{0xff};

// A line of the index: the stream has events in `block` (named by its first sequence), from `first`
// on.
struct posting {
  stream_id stream;
  sequence first;
  sequence block;

  friend auto operator<=>(posting const&, posting const&) = default;
};

// Gathers the postings of one block.
class posting_list {
 public:
  explicit posting_list(sequence block) : block_(block) {}

  // In the order of the block.
  void add(stream_id stream, sequence at, bytes_view event);
  // One for each stream and correlation, ordered.
  [[nodiscard]] std::vector<posting> take();

 private:
  sequence block_;
  std::optional<stream_id> stream_;  // of the event before
  sequence correlation_;
  std::vector<posting> postings_;
};

[[nodiscard]] std::vector<posting> postings_of(sequence block,
                                               std::span<encoded_event const> events);
[[nodiscard]] result<std::vector<posting>> postings_of(block_view const& block,
                                                       chunk_reader& reader);

// The log that the block's log was forked from, where it begins with the event that says so.
[[nodiscard]] log_id former_log(block_view const& block);

// Whether `after` may stand behind `before` in one log: dense, on its chain, not earlier; under
// another log's id only where that was forked from this one.
// Errors: `log_corrupt`.
[[nodiscard]] result<void> check_order(block_header const& before,
                                       block_header const& after,
                                       log_id former_of_after);
[[nodiscard]] result<void> check_order(block_header const& before, block_view const& after);

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
