#include "engine/mapping/expression_text.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/random_values.h"

namespace dualwrite::engine {
namespace {

TEST(ExpressionText, BytesThatAreNotUtf8StayAsTheyAre) {
  test::random_values random(30);
  for (int round = 0; round < 5000; ++round) {
    auto const text = random.bytes(12);
    EXPECT_EQ(trim_text(text, "", trim_end::both), text);
    EXPECT_EQ(substring(text, 1, 100), text);
    EXPECT_EQ(to_upper(to_lower(to_upper(text))), to_upper(text));
    EXPECT_EQ(to_upper(text).size(), text.size());
    EXPECT_TRUE(matches_like(text, "%", ""));
    EXPECT_EQ(replace_all(text, text, text), text);
    auto const at = random.number(-15, 15);
    auto const head = substring(text, 1, std::max<std::int64_t>(at - 1, 0));
    if (at > 0) {
      EXPECT_EQ(std::string(head) + std::string(substring(text, at, 100)), text);
    }
  }
}

// The plain recursive meaning of LIKE on ASCII, to compare with.
bool plain_like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '%') {
    return plain_like(text, pattern.substr(1)) ||
           (!text.empty() && plain_like(text.substr(1), pattern));
  }
  return !text.empty() && (pattern.front() == '_' || pattern.front() == text.front()) &&
         plain_like(text.substr(1), pattern.substr(1));
}

TEST(ExpressionText, LikeAgreesWithItsPlainMeaning) {
  test::random_values random(31);
  auto const drawn = [&](std::string_view letters) {
    std::string made;
    for (auto size = random.number(0, 7); size > 0; --size) {
      made.push_back(letters[static_cast<std::size_t>(
          random.number(0, static_cast<std::int64_t>(letters.size()) - 1))]);
    }
    return made;
  };
  for (int round = 0; round < 20000; ++round) {
    auto const text = drawn("ab");
    auto const pattern = drawn("ab%_");
    EXPECT_EQ(matches_like(text, pattern, ""), plain_like(text, pattern)) << text << " " << pattern;
  }
}

TEST(ExpressionText, CaseOfLettersIsTheSameEverywhere) {
  EXPECT_EQ(to_upper("àéîõüÿçøđžőαβγάабвёї"), "ÀÉÎÕÜŸÇØĐŽŐΑΒΓΆАБВЁЇ");
  EXPECT_EQ(to_lower("ÀÉÎÕÜŸÇØĐŽŐΑΒΓΆАБВЁЇ"), "àéîõüÿçøđžőαβγάабвёї");
  EXPECT_EQ(to_upper("ß÷×ı日本"), "ß÷×ı日本");
  EXPECT_EQ(to_lower("İ×"), "İ×");
}

}  // namespace
}  // namespace dualwrite::engine
