// Proofs and signed heads as JSON: what a client keeps in files. Bytes are hexadecimal, numbers of
// 64 bits are texts. docs/log-format.md has the members.
#pragma once

#include <boost/json/object.hpp>

#include "events/event_proof.h"
#include "events/result.h"
#include "events/signed_head.h"

namespace dualwrite::engine {

[[nodiscard]] boost::json::object signed_head_json(signed_head const& head);
// Errors: `head_malformed`.
[[nodiscard]] result<signed_head> parse_signed_head(boost::json::value const& json);

// `head` is that of the block to which the proof leads.
[[nodiscard]] boost::json::object proof_json(event_proof const& proof, signed_head const& head);

}  // namespace dualwrite::engine
