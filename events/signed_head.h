// Heads that were given out: whoever keeps one can tell later whether a log, or a copy of it, still
// holds everything up to there.
//
// What is signed is this text, with the numbers in decimal and the digest in hexadecimal, each line
// ended by a line feed:
//   dualwrite-head-1
//   log <log id>
//   sequence <last sequence of a block>
//   recorded-at <microseconds since 1970 UTC>
//   chain <chain digest of that block>
// The signature is Ed25519 (RFC 8032).
#pragma once

#include <array>
#include <string>

#include "events/hash_chain.h"
#include "events/ids.h"
#include "events/instant.h"

namespace dualwrite {

using public_key = std::array<std::byte, 32>;
using signature = std::array<std::byte, 64>;

struct signed_head {
  log_id log;
  sequence at;
  instant recorded_at;
  digest chain{};
  public_key key{};
  dualwrite::signature signature{};

  friend bool operator==(signed_head const&, signed_head const&) = default;
};

[[nodiscard]] std::string signed_text(signed_head const& head);
// Whether the signature is that of the key in it. Whose key that is, it cannot say.
[[nodiscard]] bool is_signed(signed_head const& head);

}  // namespace dualwrite
