#include "events/hash_chain.h"

#include <memory>

#include <openssl/evp.h>

#include "events/assert.h"

namespace dualwrite {
namespace {

constexpr std::byte leaf_mark{0x00};
constexpr std::byte node_mark{0x01};
constexpr std::byte chain_mark{0x02};

// Fetching the algorithm for every digest costs more than the digest of a small event, so it is
// fetched once.
EVP_MD const* algorithm() {
  static EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  DW_ASSERT(fetched != nullptr);
  return fetched;
}

struct free_context {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

EVP_MD_CTX* context_of_thread() {
  thread_local std::unique_ptr<EVP_MD_CTX, free_context> const context{EVP_MD_CTX_new()};
  DW_ASSERT(context != nullptr);
  return context.get();
}

bytes_view one(std::byte const& mark) {
  return {&mark, 1};
}

// Replaces the nodes of one level by those of the next.
void climb(std::vector<digest>& level) {
  std::size_t const pairs = level.size() / 2;
  for (std::size_t i = 0; i < pairs; ++i) level[i] = node_digest(level[2 * i], level[2 * i + 1]);
  if (level.size() % 2 == 1) level[pairs] = level.back();
  level.resize((level.size() + 1) / 2);
}

}  // namespace

digest sha256(std::initializer_list<bytes_view> parts) {
  auto* const context = context_of_thread();
  digest out;
  unsigned length = 0;
  bool good = EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1;
  for (auto const part : parts) {
    good = good && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
  }
  good = good &&
         EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.data()), &length) == 1;
  DW_ASSERT(good && length == out.size());
  return out;
}

digest leaf_digest(bytes_view table_row, bytes_view stored) {
  return sha256({one(leaf_mark), table_row, stored});
}

digest node_digest(digest const& left, digest const& right) {
  return sha256({one(node_mark), left, right});
}

digest chain_digest(digest const& previous, digest const& root, bytes_view fields) {
  return sha256({one(chain_mark), previous, root, fields});
}

digest merkle_root(std::vector<digest> leaves) {
  DW_ASSERT(!leaves.empty());
  while (leaves.size() > 1) climb(leaves);
  return leaves.front();
}

std::vector<digest> merkle_path(std::vector<digest> leaves, std::size_t index) {
  DW_ASSERT(index < leaves.size());
  std::vector<digest> path;
  for (; leaves.size() > 1; climb(leaves), index /= 2) {
    std::size_t const sibling = index ^ 1u;
    if (sibling < leaves.size()) path.push_back(leaves[sibling]);
  }
  return path;
}

digest merkle_root_along(digest leaf,
                         std::size_t index,
                         std::size_t leaf_count,
                         std::span<digest const> path) {
  std::size_t used = 0;
  for (std::size_t width = leaf_count; width > 1; width = (width + 1) / 2, index /= 2) {
    if ((index ^ 1u) >= width) continue;
    if (used == path.size()) return {};
    auto const& sibling = path[used++];
    leaf = index % 2 == 1 ? node_digest(sibling, leaf) : node_digest(leaf, sibling);
  }
  return used == path.size() ? leaf : digest{};
}

std::string to_hex(digest const& of) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * of.size());
  for (auto const byte : of) {
    text.push_back(digits[std::to_integer<unsigned>(byte) >> 4]);
    text.push_back(digits[std::to_integer<unsigned>(byte) & 0x0f]);
  }
  return text;
}

}  // namespace dualwrite
