#include "events/block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/block_layout.h"
#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

using tests::dice;
using tests::random_group;

block_place place() {
  return {log_id{7}, sequence{41}, sha256({})};
}

encoded_block encoded(std::vector<encoded_event> const& events) {
  auto block = encode_block(place(), instant{1'000'000}, events);
  EXPECT_TRUE(block);
  return std::move(*block);
}

encoded_event event_of(std::size_t length, link_id link = {}, std::uint32_t span = 1) {
  return {{stream_kind::map, 3}, link, span, std::vector<std::byte>(length, std::byte{5})};
}

// The block's digests made right again, as someone would who may write to the disk.
void reseal(std::vector<std::byte>& bytes) {
  using namespace block_layout;
  auto const count = load_little<std::uint32_t>(bytes.data() + at_chunk_count);
  std::vector<digest> leaves;
  auto* stored = bytes.data() + fixed_bytes + count * row_bytes;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto const* row = bytes.data() + fixed_bytes + i * row_bytes;
    auto const length = load_little<std::uint32_t>(row + row_at_stored);
    leaves.push_back(leaf_digest({row, row_bytes}, {stored, length}));
    stored += length;
  }
  auto const root = merkle_root(std::move(leaves));
  auto const previous = load_little<digest>(bytes.data() + at_previous);
  store_little(bytes.data() + at_root, root);
  store_little(bytes.data() + at_chain,
               chain_digest(previous, root, {bytes.data(), chained_bytes}));
}

TEST(Block, AnyGroupComesBackAsItWas) {
  dice dice{1};
  for (int round = 0; round < 200; ++round) {
    auto const events = random_group(dice);
    auto const made = encoded(events);
    auto const block = block_view::open(made.bytes);
    ASSERT_TRUE(block) << to_string(block.error());
    EXPECT_EQ(block->header(), made.header);
    EXPECT_EQ(block->header().first, sequence{41});

    chunk_reader reader;
    std::size_t i = 0;
    sequence at{41};
    for (std::size_t chunk = 0; chunk < block->chunks().size(); ++chunk) {
      auto const loaded = reader.load(*block, chunk);
      ASSERT_TRUE(loaded) << to_string(loaded.error());
      for (auto const& event : reader.events()) {
        ASSERT_EQ(event.at, at);
        ASSERT_EQ(event.span, events[i].span);
        ASSERT_EQ(event.stream, events[i].stream);
        ASSERT_EQ(event.recorded_at, instant{1'000'000});
        ASSERT_TRUE(std::ranges::equal(event.bytes, events[i].bytes));
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(event.bytes.data()) % 8, 0u);
        ASSERT_EQ(block->chunks()[chunk].link, events[i].link);
        at = at + events[i++].span;
      }
    }
    EXPECT_EQ(i, events.size());
    EXPECT_EQ(block->header().last, at - 1);
  }
}

TEST(Block, ChunksAreBoundedAndOfOneLink) {
  std::vector<encoded_event> events;
  for (int i = 0; i < 600; ++i) events.push_back(event_of(232));
  events.push_back(event_of(200'000));
  events.push_back(event_of(10, link_id{1}));
  events.push_back(event_of(10, link_id{2}));
  events.push_back(event_of(10, link_id{1}));
  auto const made = encoded(events);
  auto const block = block_view::open(made.bytes);
  ASSERT_TRUE(block);
  std::vector<std::uint32_t> counts;
  for (auto const& chunk : block->chunks()) counts.push_back(chunk.event_count);
  EXPECT_THAT(counts, testing::ElementsAre(256, 256, 88, 1, 1, 1, 1));
  EXPECT_LT(made.bytes.size(), 10'000u);
}

TEST(Block, WhatDoesNotCompressIsStoredAsItIs) {
  dice dice{3};
  std::vector<encoded_event> events{event_of(0)};
  for (int i = 0; i < 4096; ++i) events[0].bytes.push_back(static_cast<std::byte>(dice.below(256)));
  auto const made = encoded(events);
  auto const block = block_view::open(made.bytes);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->chunks()[0].codec, chunk_codec::as_is);
  EXPECT_EQ(made.bytes.size(), 152u + 40 + 24 + 4096);
}

TEST(Block, EveryFlippedByteIsDetected) {
  dice dice{2};
  for (int round = 0; round < 6; ++round) {
    auto bytes = encoded(random_group(dice)).bytes;
    std::size_t const step = 1 + bytes.size() / 3000;
    for (std::size_t at = 0; at < bytes.size(); at += at < 400 ? 1 : step) {
      auto const flip = static_cast<std::byte>(1 + dice.below(255));
      bytes[at] ^= flip;
      auto const block = block_view::open(bytes);
      ASSERT_FALSE(block) << at;
      bool const named =
          block.error().code == error_code::log_corrupt ||
          (block.error().code == error_code::log_newer_format && (at == 8 || at == 9));
      ASSERT_TRUE(named) << at << " " << to_string(block.error());
      bytes[at] ^= flip;
    }
    ASSERT_TRUE(block_view::open(bytes));
  }
}

TEST(Block, EveryTruncationAndExtensionIsDetected) {
  dice dice{4};
  for (int round = 0; round < 6; ++round) {
    auto bytes = encoded(random_group(dice)).bytes;
    std::size_t const step = 1 + bytes.size() / 1000;
    for (std::size_t length = 0; length < bytes.size(); length += step) {
      ASSERT_FALSE(block_view::open(bytes_view{bytes}.first(length))) << length;
    }
    bytes.push_back(std::byte{});
    EXPECT_FALSE(block_view::open(bytes));
  }
}

TEST(Block, NewerFormatIsNamed) {
  auto bytes = encoded({event_of(10)}).bytes;
  store_little(bytes.data() + block_layout::at_format, std::uint16_t{2});
  reseal(bytes);
  EXPECT_EQ(block_view::open(bytes).error().code, error_code::log_newer_format);
}

// Resealed bytes pass the digests, so only the bounds stand between a liar and the reader's memory.
TEST(Block, SealedLiesAreRefusedWithoutCrash) {
  dice dice{5};
  for (int round = 0; round < 20'000; ++round) {
    std::vector<encoded_event> events;
    for (std::uint64_t i = 0, n = 1 + dice.below(3); i < n; ++i) {
      events.push_back(
          event_of(dice.below(40), link_id{i}, static_cast<std::uint32_t>(1 + dice.below(3))));
    }
    auto bytes = encoded(events).bytes;
    for (std::uint64_t i = 0, n = 1 + dice.below(4); i < n; ++i) {
      auto const at = 16 + dice.below(bytes.size() - 16);
      bytes[at] = static_cast<std::byte>(dice.one_in(3) ? 255 : dice.below(256));
    }
    using namespace block_layout;
    std::size_t need = fixed_bytes + events.size() * row_bytes;
    for (std::size_t i = 0; i < events.size(); ++i) {
      need +=
          load_little<std::uint32_t>(bytes.data() + fixed_bytes + i * row_bytes + row_at_stored);
    }
    if (need <= bytes.size()) reseal(bytes);
    auto const block = block_view::open(bytes);
    if (!block) continue;
    chunk_reader reader;
    for (std::size_t i = 0; i < block->chunks().size(); ++i) {
      bool const loaded{reader.load(*block, i)};
      EXPECT_EQ(loaded, !reader.events().empty());
    }
  }
}

TEST(Block, ArbitraryBytesAreRefused) {
  dice dice{6};
  for (int round = 0; round < 5000; ++round) {
    auto bytes = tests::random_bytes(dice, dice.below(600));
    if (bytes.size() > 10 && dice.one_in(2)) std::memcpy(bytes.data(), "dwblock\n\1\0", 10);
    EXPECT_FALSE(block_view::open(bytes));
  }
}

TEST(Block, TooLargeEventIsRefused) {
  auto const refused = encode_block(place(), instant{}, std::vector{event_of(event_bytes_max + 1)});
  EXPECT_EQ(refused.error().code, error_code::event_too_large);
}

TEST(Block, ChunkIsProvenWithoutTheOthers) {
  dice dice{7};
  for (int round = 0; round < 30; ++round) {
    auto const made = encoded(random_group(dice));
    auto const block = block_view::open(made.bytes);
    ASSERT_TRUE(block);
    for (std::uint32_t i = 0; i < block->chunks().size(); ++i) {
      auto proof = prove_chunk(*block, i);
      auto const proven = check_proof(proof);
      ASSERT_TRUE(proven) << to_string(proven.error());
      EXPECT_EQ(proven->block, made.header);
      chunk_reader reader;
      ASSERT_TRUE(reader.load(proven->chunk, proof.stored, proven->block.recorded_at));
      EXPECT_EQ(reader.events().size(), block->chunks()[i].event_count);

      proof.stored[dice.below(proof.stored.size())] ^= std::byte{1};
      EXPECT_EQ(check_proof(proof).error().code, error_code::log_corrupt);
    }
  }
}

TEST(Block, ProofForAnotherPlaceIsRefused) {
  auto const made =
      encoded({event_of(9, link_id{1}), event_of(9, link_id{2}), event_of(9, link_id{3})});
  auto const block = block_view::open(made.bytes);
  ASSERT_TRUE(block);
  auto proof = prove_chunk(*block, 1);
  proof.chunk = 0;
  EXPECT_FALSE(check_proof(proof));
  proof.chunk = 3;
  EXPECT_FALSE(check_proof(proof));
  proof.chunk = 1;
  proof.path.clear();
  EXPECT_FALSE(check_proof(proof));
}

}  // namespace
}  // namespace dualwrite
