// Proofs and signed heads, on both logs.
#include <functional>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include <sys/stat.h>

#include "events/store/head_key.h"
#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

using namespace tests;

class EventProof : public testing::TestWithParam<bool> {
 protected:
  event_log& log() { return made_->log(); }

  // The same for two logs that are the same.
  static instant now(event_log const& of) {
    return instant{static_cast<std::int64_t>(of.head().at.value)};
  }

  void append_groups(event_log& to, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(to.append(random_group(dice_), now(to), to.head().at, epoch{}));
    }
  }

  std::unique_ptr<log_under_test> made_ =
      GetParam() ? std::unique_ptr<log_under_test>(std::make_unique<rocks_log_under_test>())
                 : std::make_unique<memory_log_under_test>();
  dice dice_{23};
};

// The chain digest to which the proof leads; it trusts nothing in it but what it computes.
digest digest_of(event_proof const& proof) {
  auto const proven = check_proof(proof.chunk);
  EXPECT_TRUE(proven);
  if (!proven) return {};
  EXPECT_FALSE(proof.at < proven->chunk.first || proof.at > proven->chunk.last);
  auto chain = proven->block.chain;
  for (auto const& link : proof.links) chain = chain_digest(chain, link.root, link.fields);
  return chain;
}

TEST_P(EventProof, LeadsFromEveryEventToEveryHeadBehindIt) {
  append_groups(log(), 40);
  auto const head = log().head().at.value;
  for (int i = 0; i < 200; ++i) {
    sequence const at{1 + dice_.below(head)};
    sequence const to{at.value + dice_.below(head - at.value + 1)};
    auto const proof = log().prove(at, to);
    ASSERT_TRUE(proof) << to_string(proof.error());
    EXPECT_EQ(log().head_at(to)->chain, digest_of(*proof));
  }
}

TEST_P(EventProof, OfWhatIsNotThereIsRefused) {
  append_groups(log(), 3);
  auto const head = log().head().at;
  EXPECT_EQ(error_code::sequence_not_found, log().prove(sequence{}, head).error().code);
  EXPECT_EQ(error_code::sequence_not_found, log().prove(head + 1, head).error().code);
  EXPECT_EQ(error_code::sequence_not_found, log().prove(head, head + 1).error().code);
}

TEST_P(EventProof, AHeadThatWasGivenOutIsHeldByItsLogAndWhatFollows) {
  temporary_folder folder;
  auto const key = std::move(*head_key::in(folder.path()));
  EXPECT_TRUE(check_signed_head(key->sign(log().head()), log()));
  append_groups(log(), 5);
  auto const given = key->sign(log().head());
  EXPECT_TRUE(check_signed_head(given, log()));
  append_groups(log(), 5);
  EXPECT_TRUE(check_signed_head(given, log()));
  EXPECT_TRUE(verify_with_head(log(), sequence{1}, given)->ok);
}

TEST_P(EventProof, ALogThatWasSetBackOrWentOnOtherwiseIsToldApart) {
  temporary_folder folder;
  auto const key = std::move(*head_key::in(folder.path()));
  append_groups(log(), 5);
  auto const common = key->sign(log().head());
  auto const event = encoded_event{{}, {}, 1, {std::byte{1}}};
  auto const other = encoded_event{{}, {}, 1, {std::byte{2}}};
  memory_event_log copy{test_log};
  dice_ = dice{23};
  append_groups(copy, 5);
  EXPECT_TRUE(check_signed_head(common, copy));

  ASSERT_TRUE(log().append({&event, 1}, now(log()), log().head().at, epoch{}));
  auto const given = key->sign(log().head());
  auto const back = verify_with_head(copy, sequence{1}, given);
  EXPECT_EQ(error_code::log_set_back, check_signed_head(given, copy).error().code);
  EXPECT_FALSE(back->ok);
  EXPECT_EQ(copy.head().at + 1, back->first_bad);

  ASSERT_TRUE(copy.append({&other, 1}, now(copy), copy.head().at, epoch{}));
  EXPECT_EQ(error_code::log_forked, check_signed_head(given, copy).error().code);
  EXPECT_FALSE(verify_with_head(copy, sequence{1}, given)->ok);
}

TEST_P(EventProof, AHeadInsideABlockIsNoHead) {
  temporary_folder folder;
  auto const key = std::move(*head_key::in(folder.path()));
  std::vector<encoded_event> const group(2, encoded_event{{}, {}, 1, {std::byte{1}}});
  ASSERT_TRUE(log().append(group, instant{9}, {}, epoch{}));
  auto head = log().head();
  head.at = sequence{1};
  EXPECT_EQ(error_code::log_forked, check_signed_head(key->sign(head), log()).error().code);
}

TEST_P(EventProof, AHeadOfAnotherLogSaysNothing) {
  temporary_folder folder;
  auto const key = std::move(*head_key::in(folder.path()));
  auto const given = key->sign({log_id{78}, {}, {}, {}});
  EXPECT_EQ(error_code::head_of_another_log, verify_with_head(log(), {}, given).error().code);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EventProof, testing::Bool(), [](auto const& kind) {
  return kind.param ? "Rocks" : "Memory";
});

TEST(SignedHead, EveryChangedBitBreaksTheSignature) {
  temporary_folder folder;
  auto const key = std::move(*head_key::in(folder.path()));
  auto const given = key->sign({log_id{7}, sequence{42}, sha256({}), instant{5}});
  ASSERT_TRUE(is_signed(given));
  auto const breaks = [&](auto&& change) {
    auto changed = given;
    change(changed);
    return !is_signed(changed);
  };
  EXPECT_TRUE(breaks([](auto& head) { head.log = log_id{8}; }));
  EXPECT_TRUE(breaks([](auto& head) { head.at = head.at + 1; }));
  EXPECT_TRUE(breaks([](auto& head) { head.recorded_at.us = 6; }));
  for (std::size_t bit = 0; bit < 256; ++bit) {
    auto const flip = static_cast<std::byte>(1u << bit % 8);
    EXPECT_TRUE(breaks([&](auto& head) { head.chain[bit / 8] ^= flip; }));
    EXPECT_TRUE(breaks([&](auto& head) { head.key[bit / 8] ^= flip; }));
    EXPECT_TRUE(breaks([&](auto& head) { head.signature[bit / 8] ^= flip; }));
    EXPECT_TRUE(breaks([&](auto& head) { head.signature[32 + bit / 8] ^= flip; }));
  }
}

TEST(HeadKey, StaysTheSameAndIsForItsOwner) {
  temporary_folder folder;
  log_head const head{log_id{7}, sequence{42}, {}, {}};
  auto const first = (*head_key::in(folder.path()))->sign(head);
  EXPECT_EQ(first, (*head_key::in(folder.path()))->sign(head));
  struct stat found {};
  ASSERT_EQ(0, ::stat((folder.path() / "signing.key").c_str(), &found));
  EXPECT_EQ(0600u, found.st_mode & 0777u);
}

TEST(HeadKey, WhatIsNoKeyIsRefusedAndLeftAlone) {
  temporary_folder folder;
  std::ofstream(folder.path() / "signing.key") << "no key";
  EXPECT_EQ(error_code::folder_refused, head_key::in(folder.path()).error().code);
  EXPECT_EQ(6u, std::filesystem::file_size(folder.path() / "signing.key"));
}

}  // namespace
}  // namespace dualwrite
