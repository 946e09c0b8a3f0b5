// Tamper evidence: SHA-256, a Merkle tree over the chunks of a block, and the chain that binds a
// block to the one before.
//
//   leaf  = SHA-256(0x00 || chunk table row || stored chunk)
//   node  = SHA-256(0x01 || left || right)
//   chain = SHA-256(0x02 || chain of the block before || root || the block's fixed fields)
// The tree has the shape of RFC 6962: a lone node at the end of a level moves up unchanged. The
// first byte keeps a leaf from ever passing for a node or a link of the chain.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "events/stored_event.h"

namespace dualwrite {

using digest = std::array<std::byte, 32>;  // SHA-256

// The digest of the parts, one after the other.
// Threads: any; each thread keeps one context of its own.
[[nodiscard]] digest sha256(std::initializer_list<bytes_view> parts);

[[nodiscard]] digest leaf_digest(bytes_view table_row, bytes_view stored);
[[nodiscard]] digest node_digest(digest const& left, digest const& right);
[[nodiscard]] digest chain_digest(digest const& previous, digest const& root, bytes_view fields);

// The root over at least one leaf.
[[nodiscard]] digest merkle_root(std::vector<digest> leaves);

// What merkle_root_along() needs beside leaf `index`: its siblings from the leaf up.
[[nodiscard]] std::vector<digest> merkle_path(std::vector<digest> leaves, std::size_t index);

// The root that a leaf and its path lead to; a path of the wrong length leads to a digest of zeros,
// which is no root.
[[nodiscard]] digest merkle_root_along(digest leaf,
                                       std::size_t index,
                                       std::size_t leaf_count,
                                       std::span<digest const> path);

[[nodiscard]] std::string to_hex(digest const& of);

}  // namespace dualwrite
