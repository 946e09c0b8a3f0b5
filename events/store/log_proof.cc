#include "events/store/log_proof.h"

#include <algorithm>

#include <fmt/format.h>

namespace dualwrite {
namespace {

chain_link link_of(block_view const& block) {
  chain_link link;
  auto const fields = block.fixed_fields().first(link.fields.size());
  std::copy(fields.begin(), fields.end(), link.fields.begin());
  link.root = block.header().root;
  return link;
}

std::uint32_t chunk_with(block_view const& block, sequence at) {
  auto const chunks = block.chunks();
  auto const holds = [&](chunk_header const& chunk) { return !(chunk.last < at); };
  return static_cast<std::uint32_t>(std::ranges::find_if(chunks, holds) - chunks.begin());
}

}  // namespace

result<event_proof> prove_event(block_source const& source, sequence at, sequence to) {
  auto const head = source.durable_head();
  for (auto const asked : {at, to}) {
    if (!asked || asked > head) return error{error_code::sequence_not_found, {}, asked};
  }
  auto const walk = source.walk(scan_kind::single);
  DW_TRY(auto const holding, walk->block_at_or_before(at));
  if (!holding) return error{error_code::sequence_not_found, {}, at};
  DW_TRY(auto const block, block_view::open(*holding));
  event_proof proof{at, prove_chunk(block, chunk_with(block, at)), {}};
  auto last = block.header();
  while (last.last < to) {
    if (proof.links.size() == proof_links_max) {
      return error{
          error_code::proof_too_long,
          fmt::format("Behind {} blocks the log is at {}: choose a head at or before that.",
                      proof_links_max,
                      last.last.value),
          at};
    }
    DW_TRY(auto const bytes, walk->block_at_or_after(last.last + 1));
    if (!bytes) return error{error_code::log_corrupt, "A block is missing.", last.last + 1};
    DW_TRY(auto const next, block_view::open(*bytes));
    if (next.header().previous != last.chain) {
      return error{error_code::log_corrupt, "A block does not follow the chain.", last.last + 1};
    }
    proof.links.push_back(link_of(next));
    last = next.header();
  }
  return proof;
}

}  // namespace dualwrite
