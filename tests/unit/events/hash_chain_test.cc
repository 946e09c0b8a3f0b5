#include "events/hash_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dualwrite {
namespace {

bytes_view bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

std::vector<digest> leaves(std::size_t count) {
  std::vector<digest> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(sha256({bytes_of(std::to_string(i))}));
  return out;
}

// The definition of RFC 6962, which splits at the largest power of two below the count.
digest recursive_root(std::span<digest const> of) {
  if (of.size() == 1) return of[0];
  std::size_t half = 1;
  while (half * 2 < of.size()) half *= 2;
  return node_digest(recursive_root(of.first(half)), recursive_root(of.subspan(half)));
}

TEST(HashChain, DigestIsThatOfTheStandard) {
  EXPECT_EQ(to_hex(sha256({bytes_of("a"), bytes_of("bc")})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HashChain, LeafNodeAndChainNeverMeet) {
  digest const zeros{};
  auto const leaf = leaf_digest(zeros, zeros);
  auto const node = node_digest(zeros, zeros);
  EXPECT_NE(leaf, node);
  EXPECT_NE(node, chain_digest(zeros, zeros, {}));
}

TEST(HashChain, TreeHasTheShapeOfRfc6962) {
  for (std::size_t count = 1; count < 40; ++count) {
    EXPECT_EQ(merkle_root(leaves(count)), recursive_root(leaves(count))) << count;
  }
}

TEST(HashChain, EveryPathLeadsToTheRootAndNoOther) {
  for (std::size_t count = 1; count < 20; ++count) {
    auto const all = leaves(count);
    auto const root = merkle_root(all);
    for (std::size_t i = 0; i < count; ++i) {
      auto path = merkle_path(all, i);
      EXPECT_EQ(merkle_root_along(all[i], i, count, path), root);
      EXPECT_NE(merkle_root_along(sha256({}), i, count, path), root);
      EXPECT_NE(merkle_root_along(all[i], i ^ 1u, count + 2, path), root);
      path.push_back(digest{});
      EXPECT_EQ(merkle_root_along(all[i], i, count, path), digest{});
      path.resize(path.size() - 1);
      if (path.empty()) continue;
      path.pop_back();
      EXPECT_EQ(merkle_root_along(all[i], i, count, path), digest{});
    }
  }
}

}  // namespace
}  // namespace dualwrite
