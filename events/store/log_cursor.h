// The event cursor of both logs.
#pragma once

#include <memory>
#include <optional>

#include "events/store/blocks.h"
#include "events/store/event_log.h"

namespace dualwrite {

// Guarantees: events come in order and once; forward over the whole log, the chain from block to
// block is checked. Errors, lifetime, threads: those of event_cursor; `source` outlives it.
class log_cursor final : public event_cursor {
 public:
  log_cursor(block_source const& source, read_request request);
  [[nodiscard]] result<std::optional<stored_event>> next() override;

 private:
  [[nodiscard]] std::optional<stored_event> next_in_chunk();
  [[nodiscard]] result<bool> load_chunk();
  [[nodiscard]] result<bool> load_block();
  [[nodiscard]] result<std::optional<bytes_view>> find_block();
  [[nodiscard]] result<std::optional<bytes_view>> find_block_of_index();
  [[nodiscard]] result<std::optional<bytes_view>> find_block_of_log();
  [[nodiscard]] bool skips(chunk_header const& chunk) const;
  [[nodiscard]] bool skips(stored_event const& event) const;

  block_source const& source_;
  read_request request_;
  std::optional<stream_id> index_;  // what leads to the blocks, where not all are read
  std::unique_ptr<block_walk> walk_;
  sequence next_;  // the least, or backward the greatest, sequence that was not given yet
  bool ended_ = false;
  std::optional<block_header> before_;
  std::optional<block_view> block_;
  std::size_t chunks_done_ = 0;
  chunk_reader chunk_;
  std::size_t events_done_ = 0;
};

}  // namespace dualwrite
