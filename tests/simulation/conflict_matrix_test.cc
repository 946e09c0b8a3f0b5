// Both apps change a row without having seen each other's change, or give one value that must be
// unique to two rows: whatever each did, whoever comes first, and wherever the engine crashes, both
// sides end with the row that the policy chooses. The changes are made by the apps' own users.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <cstdlib>

#include "engine/decide/conflict_inbox.h"
#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

using engine::conflict_policy;

// What a user does to the row; all but an insert find one there.
enum class deed : std::uint8_t { insert, update, remove };

struct clash {
  deed left, right;
  // Each side does it to a row of its own, and gives it the value that the other side gives to the
  // other row: the apps take it only once.
  bool of_value = false;
};
constexpr clash clashes[] = {
    {deed::insert, deed::insert},
    {deed::update, deed::update},
    {deed::update, deed::remove},
    {deed::remove, deed::update},
    {deed::remove, deed::remove},
    {deed::insert, deed::insert, true},
    {deed::update, deed::update, true},
    {deed::insert, deed::update, true},
    {deed::update, deed::insert, true},
};
// Where somebody has to decide, they keep what this side has.
struct choice {
  conflict_policy policy;
  side keep = side::left;
};
constexpr choice choices[] = {
    {conflict_policy::left_wins},
    {conflict_policy::right_wins},
    {conflict_policy::newest_wins},
    {conflict_policy::manual, side::left},
    {conflict_policy::manual, side::right},
};

// Whose change is made first, and whose is captured first.
struct order {
  side made_first, comes_first;
};
constexpr order orders[] = {
    {side::left, side::left},
    {side::left, side::right},
    {side::right, side::left},
    {side::right, side::right},
};

engine::engine_settings quick() {
  auto out = small_steps();
  out.flow.backoff_first = std::chrono::milliseconds(1);
  out.flow.backoff_max = std::chrono::milliseconds(4);
  return out;
}

struct duel : refusing {
  duel(clash what, choice choose, order when)
      : refusing(quick()), what_(what), choice_(choose), when_(when) {
    if (what.of_value) {
      for (auto* one : {&here.left, &here.right}) one->table("customer").unique = {{1}};
    }
    define(choose.policy);
    submit(engine::run_map{map});
    EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
    for (auto const of : {side::left, side::right}) {
      if (deed_of(of) != deed::insert) before_[id_of(of)] = "before " + text_of(of);
    }
    for (auto const& [id, text] : before_) user(here.left, put(id, text));
    EXPECT_TRUE(become_equal());
    EXPECT_TRUE(here.run_until([&] { return queued() == 0; }));
    here.run(50);  // until both sides have read past it
    captured_before_ = count(event_type::RecordsCaptured);
  }

  // Neither app is reached while the users are at work.
  void clash_at_once() {
    auto const soon = here.time.now() + std::chrono::milliseconds(20);
    port(when_.comes_first).stay_away_until(soon);
    port(opposite_of(when_.comes_first)).stay_away_until(soon + std::chrono::milliseconds(20));
    act(when_.made_first);
    auto const later = here.time.now() + std::chrono::milliseconds(3);
    ASSERT_TRUE(here.run_until([&] { return here.time.now() >= later; }));
    act(opposite_of(when_.made_first));
  }
  bool is_at_rest() {
    bool const done = queued() == 0 && are_equal() && state() == map_state::running && !is_asked();
    return done && here.views().conflicts.resolutions.empty() && is_captured() && !is_parked();
  }
  bool is_asked() const { return !engine::open_conflicts(here.views()).empty(); }
  void advance(std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i) {
      here.run(1);
      if (is_asked()) decide();
    }
  }
  void decide() {
    auto const one = engine::open_conflicts(here.views()).front();
    auto const decided = here.submit(engine::resolve_conflict{one.id, choice_.keep, one.newest});
    // It may have ended before the decision's turn has come.
    EXPECT_TRUE(decided || decided.error().code == error_code::unknown_record)
        << to_string(decided.error());
  }
  // Whoever is asked decides, but not for ever.
  static constexpr int asks_max = 4;
  bool comes_to_rest() {
    for (int asks = 0; here.run_until([&] { return is_at_rest() || is_asked(); }); ++asks) {
      if (is_at_rest()) return true;
      if (asks == asks_max) return false;
      decide();
    }
    return false;
  }
  void expect_the_winner() {
    here.run(100);
    EXPECT_EQ(wanted(), rows(here.left));
    EXPECT_EQ(wanted(), rows(here.right));
    // After a crash it may be found again from the other side, with the same end.
    bool const agree = what_.left == deed::remove && what_.right == deed::remove;
    EXPECT_EQ(agree, count(event_type::ConflictDetected) == 0);
    expect_whole();
  }
  std::string name() const {
    return fmt::format("deeds {}/{}{}, policy {}, keep {}, made first {}, comes first {}",
                       static_cast<int>(what_.left),
                       static_cast<int>(what_.right),
                       what_.of_value ? " of one value" : "",
                       static_cast<int>(choice_.policy),
                       static_cast<int>(choice_.keep),
                       static_cast<int>(when_.made_first),
                       static_cast<int>(when_.comes_first));
  }

 private:
  static side opposite_of(side one) { return one == side::left ? side::right : side::left; }
  faulty_app& port(side of) { return of == side::left ? here.left_port : here.right_port; }
  engine::memory_app& app(side of) { return of == side::left ? here.left : here.right; }
  deed deed_of(side of) const { return of == side::left ? what_.left : what_.right; }
  static std::string text_of(side of) { return of == side::left ? "left" : "right"; }
  std::int64_t id_of(side of) const { return what_.of_value && of == side::right ? 2 : 1; }
  std::string wish_of(side of) const { return what_.of_value ? "the same" : text_of(of); }

  void act(side of) {
    if (deed_of(of) == deed::remove) return user(app(of), gone(id_of(of)));
    user(app(of), put(id_of(of), wish_of(of)));
  }
  side winner() const {
    switch (choice_.policy) {
      case conflict_policy::left_wins:
        return side::left;
      case conflict_policy::right_wins:
        return side::right;
      case conflict_policy::manual:
        return choice_.keep;
      case conflict_policy::newest_wins:
        break;
    }
    return opposite_of(when_.made_first);
  }
  std::map<row_values, row_values> wanted() const {
    auto texts = before_;
    texts[id_of(winner())] = wish_of(winner());
    if (deed_of(winner()) == deed::remove) texts.clear();
    std::map<row_values, row_values> out;
    for (auto const& [id, text] : texts) out[{value::of_int64(id)}] = customer(id, text);
    return out;
  }
  bool is_captured() const { return count(event_type::RecordsCaptured) == captured_before_ + 2; }
  bool is_parked() const {
    auto const& parked = here.views().parked;
    return parked.count(way()) + parked.count({map, direction::right_to_left}) != 0;
  }

  clash what_;
  choice choice_;
  order when_;
  std::map<std::int64_t, std::string> before_;  // on both sides
  std::size_t captured_before_ = 0;
};

void each_duel(std::function<void(clash, choice, order)> const& run) {
  for (auto const& what : clashes) {
    for (auto const choose : choices) {
      for (auto const& when : orders) run(what, choose, when);
    }
  }
}

TEST(ConflictMatrix, BothSidesEndWithTheRowThatThePolicyChooses) {
  each_duel([](clash what, choice choose, order when) {
    duel one(what, choose, when);
    SCOPED_TRACE(one.name());
    one.clash_at_once();
    EXPECT_TRUE(one.comes_to_rest()) << to_string(one.here.failure());
    one.expect_the_winner();
  });
}

// DW_CRASH_EVERY=1: at each step. Otherwise each duel begins at another step.
TEST(ConflictMatrix, ACrashAtAnyStepChoosesNoOther) {
  auto const* const asked = std::getenv("DW_CRASH_EVERY");
  std::size_t const every = asked == nullptr ? 9 : std::stoull(asked);
  std::size_t first = 0;
  each_duel([&](clash what, choice choose, order when) {
    bool is_over = false;
    auto steps = first++ % every;
    for (; !is_over && !testing::Test::HasFailure(); steps += every) {
      duel one(what, choose, when);
      SCOPED_TRACE(fmt::format("{}, crash after {} steps", one.name(), steps));
      one.clash_at_once();
      one.advance(steps);
      is_over = one.is_at_rest();
      one.here.crash_and_restart(steps * 37 % 400);
      EXPECT_TRUE(one.comes_to_rest()) << to_string(one.here.failure());
      one.expect_the_winner();
    }
  });
}

}  // namespace
}  // namespace dualwrite::simulation
