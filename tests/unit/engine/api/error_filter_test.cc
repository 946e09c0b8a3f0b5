// One filter for lists, counts, groups and actions.
#include "engine/api/error_filter.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/api/error_advice.h"
#include "events/row_image.h"
#include "tests/support/story.h"

namespace dualwrite::engine {
namespace {

using projections::map_way;
using said_values = std::map<std::string, std::string>;

constexpr fault_class kinds[] = {fault_class::application, fault_class::mapping};
constexpr std::string_view codes[] = {"CHECK", "TRIGGER", "23505"};
constexpr std::string_view texts[] = {"no e-mail address", "too long", "100 % wrong"};
constexpr park_state states[] = {
    park_state::failed, park_state::pending, park_state::waiting, park_state::dependency};

class ErrorFilter : public testing::Test, protected story {
 protected:
  ErrorFilter() { begin(); }

  void fill(std::uint64_t count) {
    auto const first = capture(static_cast<std::uint32_t>(count));
    std::mt19937_64 chance(7);
    for (std::uint64_t i = 0; i < count; ++i) {
      RecordParked parked;
      parked.map = map;
      parked.way = static_cast<direction>(chance() % 2);
      parked.record = first + i;
      parked.state = states[chance() % 4];
      bool const waits = parked.state == park_state::waiting;
      parked.kind = waits ? fault_class::none : kinds[chance() % 2];
      parked.code = codes[chance() % 3];
      parked.text = texts[chance() % 3];
      auto const key = encode_key(row_values{value::of_int64(static_cast<std::int64_t>(i % 977))});
      parked.key = blob{key};
      of_map(parked);
    }
  }
  error_filter filter_of(said_values const& said) {
    auto made = error_filter::from(views, [&](std::string_view name) {
      auto const found = said.find(std::string(name));
      return found == said.end() ? std::string() : found->second;
    });
    EXPECT_TRUE(made) << to_string(made ? error{} : made.error());
    return made ? *made : error_filter{};
  }
  std::set<sequence> matching(said_values const& said) {
    auto const found = filter_of(said).matching(views);
    EXPECT_TRUE(found);
    std::set<sequence> out;
    for (auto const& one : *found) out.insert(one.name.record);
    return out;
  }
};

struct wish {
  said_values said{};
  std::function<bool(map_way const&, sequence, projections::parked_row const&)> holds{};
};

// Half of them say it by fields, half by SQL; what they mean is written down beside it.
wish random_wish(std::mt19937_64& chance) {
  auto const kind = kinds[chance() % 2];
  auto const code = codes[chance() % 3];
  auto const way = static_cast<direction>(chance() % 2);
  auto const key = static_cast<std::int64_t>(chance() % 977);
  auto const way_name = way == direction::left_to_right ? "left_to_right" : "right_to_left";
  wish out;
  if (chance() % 2 == 0) {
    out.said = {{"class", std::string(dualwrite::name_of(kind))},
                {"code", std::string(code)},
                {"direction", way_name},
                {"text", "%"}};
    out.holds = [=](map_way const& of, sequence, projections::parked_row const& row) {
      return row.kind == kind && row.code == code && of.second == way && row.text == "100 % wrong";
    };
    return out;
  }
  out.said = {{"waiting", "1"},
              {"filter",
               "(\"key\" = '" + std::to_string(key) + "' or code = '" + std::string(code) +
                   "') and direction = '" + way_name + "' and state in ('failed', 'waiting')"}};
  out.holds = [=](map_way const& of, sequence, projections::parked_row const& row) {
    bool const chosen = row.key == encode_key(row_values{value::of_int64(key)}) || row.code == code;
    bool const in_state = row.state == park_state::failed || row.state == park_state::waiting;
    return chosen && in_state && of.second == way;
  };
  return out;
}

TEST_F(ErrorFilter, FindsExactlyWhatItSays) {
  fill(100'000);
  std::mt19937_64 chance(11);
  for (int round = 0; round < 8; ++round) {
    auto const asked = random_wish(chance);
    std::set<sequence> expected;
    for (auto const& [of, rows] : views.parked.rows) {
      for (auto const& [record, row] : rows) {
        if (asked.holds(of, record, row)) expected.insert(record);
      }
    }
    ASSERT_FALSE(expected.empty());
    EXPECT_EQ(expected, matching(asked.said)) << "round " << round;
  }
}

TEST_F(ErrorFilter, HidesWhatOnlyWaitsAndWhatEndedUntilItIsAskedFor) {
  auto const first = capture(3);
  park(first, "a");
  RecordParked behind;
  behind.map = map;
  behind.record = first + 1;
  behind.state = park_state::waiting;
  behind.key = blob{"a"};
  of_map(behind);
  park(first + 2, "b");
  of_map(RetrySucceeded{map, direction::left_to_right, first + 2, {}});
  EXPECT_EQ(std::set<sequence>{first}, matching({}));
  EXPECT_EQ((std::set<sequence>{first, first + 1}), matching({{"waiting", "1"}}));
  EXPECT_EQ((std::set<sequence>{first, first + 2}), matching({{"ended", "true"}}));
  EXPECT_EQ(std::set<sequence>{first + 2}, matching({{"state", "completed"}}));
  EXPECT_EQ("settled", listed_state(views, {map, direction::left_to_right, first + 9}));
}

TEST_F(ErrorFilter, SaysWhatIsWrongWithItself) {
  auto const problem = [&](std::string const& name, std::string const& text) {
    auto const made = error_filter::from(
        views, [&](std::string_view asked) { return asked == name ? text : std::string(); });
    return made ? error_code::ok : made.error().code;
  };
  EXPECT_EQ(error_code::expression_invalid, problem("filter", "atempts > 1"));
  EXPECT_EQ(error_code::expression_invalid, problem("filter", "attempts"));
  EXPECT_EQ(error_code::request_invalid, problem("direction", "left"));
  EXPECT_EQ(error_code::unknown_map, problem("map", "custmers"));
  EXPECT_EQ(error_code::unknown_link, problem("link", "erp"));
}

TEST(ErrorAdvice, TakesOutOfATextWhatDiffersFromRowToRow) {
  EXPECT_EQ("row ? of 'x", normalised("row 4711 of 'x"));
  EXPECT_EQ(normalised("key (id)=(12) exists"), normalised("key (id)=(9999) exists"));
  EXPECT_EQ(normalised("value 'Ann' is \"bad\""), normalised("value 'Bob O' is \"worse\""));
  EXPECT_NE(normalised("no e-mail address"), normalised("no postal address"));
  EXPECT_EQ("an e-mail address", normalised("an e-mail address"));
  EXPECT_EQ(normalised("id 3f2504e0-4f89-11d3 is gone"),
            normalised("id 0c5c17fc-7d0a-4b2b is gone"));
}

TEST(ErrorAdvice, HasACauseAndAFixForEveryClass) {
  for (int kind = 0; kind <= static_cast<int>(fault_class::dependency); ++kind) {
    projections::parked_row row;
    row.kind = static_cast<fault_class>(kind);
    EXPECT_FALSE(advice_for(row).cause.empty()) << kind;
    EXPECT_FALSE(advice_for(row).fix.empty()) << kind;
  }
  projections::parked_row row;
  row.kind = fault_class::application;
  auto const general = advice_for(row).cause;
  row.code = "23505";
  EXPECT_NE(general, advice_for(row).cause);
}

}  // namespace
}  // namespace dualwrite::engine
