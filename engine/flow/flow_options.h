// Limits and paces of the flow; each is a setting of the configuration's `engine` section.
#pragma once

#include <cstddef>
#include <cstdint>

#include "events/instant.h"

namespace dualwrite::engine {

struct flow_options {
  std::size_t batch_records_max = 1000;
  std::size_t capture_transactions_max = 256;
  std::size_t capture_bytes_max = 256 << 10;
  std::size_t chunk_rows = 4000;
  // A table is copied in at most so many ranges of keys, each of at least so many chunks.
  std::size_t copy_ranges_max = 12;
  std::size_t range_chunks_min = 4;
  std::size_t retry_records_max = 100;
  std::size_t ledger_writes_max = 100'000;
  std::uint32_t catch_up_lanes = 3;
  duration capture_patience = std::chrono::milliseconds(500);
  duration backoff_first = std::chrono::seconds(1);
  duration backoff_max = std::chrono::seconds(30);

  friend bool operator==(flow_options const&, flow_options const&) = default;
};

}  // namespace dualwrite::engine
