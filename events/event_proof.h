// What shows to somebody who trusts one chain digest that an event stands in the log before it.
//
// The chunk with the event and its path lead to its block's root and chain digest. Of each later
// block, the fields before its digests and its root lead from the chain digest before to its own:
//   chain = SHA-256(0x02 || chain of the block before || root || fields)
// The last one's chain digest is that of the head. docs/log-format.md says how a proof is written
// down; tests/proof/check_proof.py checks one and shares no code with this program.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "events/block.h"

namespace dualwrite {

inline constexpr std::size_t proof_links_max = 100'000;

struct chain_link {
  std::array<std::byte, 56> fields{};  // bytes 0 to 55 of the block
  digest root{};
};

struct event_proof {
  sequence at;
  chunk_proof chunk;
  std::vector<chain_link> links;
};

}  // namespace dualwrite
