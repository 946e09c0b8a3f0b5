// An event as bytes: on its way into the log, and as the log gives it back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "events/ids.h"
#include "events/instant.h"

namespace dualwrite {

using bytes_view = std::span<std::byte const>;

enum class stream_kind : std::uint8_t {
  system = 0,
  link = 1,
  map = 2,
  rule = 3,
  access = 4,
  plan = 5
};  // never renumber

// A stream is named by kind and id; an id of zero stands for the only stream of its kind.
struct stream_id {
  stream_kind kind = stream_kind::system;
  std::uint64_t id = 0;

  friend constexpr auto operator<=>(stream_id, stream_id) = default;
};

// An encoded event that has no sequence yet. `span` is how many sequences it takes: one, or the
// number of sync records in it. Events of different links never share a compressed chunk: `link`
// says whose it is, zero for none.
struct encoded_event {
  stream_id stream;
  link_id link;
  std::uint32_t span = 1;
  std::vector<std::byte> bytes;
};

// An event of the log. `bytes` belong to the cursor or block that gave it and live as long as that
// says.
struct stored_event {
  sequence at;
  std::uint32_t span = 1;
  instant recorded_at;
  stream_id stream;
  bytes_view bytes;

  sequence last() const { return at + (span - 1); }
};

}  // namespace dualwrite
