// Letters about alert rules, with a mail server that fails and an engine that crashes.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdlib>
#include <random>

#include "engine/decide/alert_backtest.h"
#include "engine/delivery/mail_channel.h"
#include "engine/delivery/notifier.h"
#include "tests/simulation/customers.h"

namespace dualwrite::simulation {
namespace {

using projections::map_state;

// Takes its time before and after it accepts a letter, and fails as often as it is told to.
class post_office final : public engine::mail_port {
 public:
  post_office(virtual_clock& time, std::uint64_t seed) : time_(time), chance_(seed) {}

  [[nodiscard]] engine::async<std::string> send(engine::mail const& letter) override {
    auto const there = time_.now() + travel();
    DW_CO_CHECK(co_await time_.sleep_until(there));
    if (fails()) co_return error{error_code::mail_failed, "451 later"};
    letters.emplace_back(letter.to, letter.id);
    auto const back = time_.now() + travel();
    DW_CO_CHECK(co_await time_.sleep_until(back));
    if (fails()) {
      ++unheard;
      co_return error{error_code::mail_failed, "the connection broke"};
    }
    co_return std::string("250 OK");
  }

  std::uint32_t failing_percent = 0;
  std::vector<std::pair<std::string, std::string>> letters;  // recipient and id, as accepted
  std::size_t unheard = 0;  // accepted, and the sender does not know

 private:
  bool fails() { return chance_() % 100 < failing_percent; }
  duration travel() { return duration(static_cast<duration::rep>(chance_() % 2'000)); }

  virtual_clock& time_;
  std::mt19937_64 chance_;
};

// A rule that fires at every error and pauses the map; "ann" and "bob" are told.
struct told : customers {
  explicit told(std::uint64_t seed = 1) : office(here.time, seed) {
    here.right.table("customer").rule = [](row_values const& r) -> std::optional<engine::refusal> {
      if (r[1].as_string().starts_with("bad")) return engine::refusal{"check", "no bad names"};
      return std::nullopt;
    };
    start();
    id = rule_id{submit(engine::create_alert_rule{link, terms()}).value};
    open_office();
  }
  ~told() { clerk.reset(); }

  static alert_terms terms() {
    alert_terms out;
    out.name = "any error";
    out.classes = {fault_class::application};
    out.within_us = 15 * 60'000'000;
    out.action = alert_action::pause;
    out.notify = "ann@x, bob@x";
    out.at_once = true;
    return out;
  }

  void open_office() {
    clerk = std::make_unique<engine::notifier>(here.io().get_executor(),
                                               here.core().log(),
                                               here.time,
                                               message_channel::mail,
                                               letters,
                                               engine::notifier_settings{});
    auto work = [mine = clerk.get()]() -> boost::asio::awaitable<void> {
      (void)co_await mine->run();
    };
    boost::asio::co_spawn(here.io(), work, boost::asio::detached);
  }
  void crash() {
    clerk.reset();
    here.crash_and_restart(0);
    open_office();
  }

  projections::alert_row const& rule() const { return here.views().alerts.rules.at(id); }
  bool all_told() const { return here.views().notifications.due.empty(); }
  // How often the rule fired as far as the log goes: the alert windows may be ahead of it.
  bool has_fired(std::uint64_t times) {
    return here.core().log().is_at_rest() && rule().fired == times;
  }
  [[nodiscard]] bool fires(std::uint64_t turn) {
    auto const before = rule().fired;
    user(here.left, put(1, "bad " + std::to_string(turn)));
    return here.run_until([&] { return has_fired(before + 1); });
  }
  // The record that failed is given up, and the map goes on.
  [[nodiscard]] bool goes_on() {
    if (!here.run_until([&] { return state() == map_state::paused; })) return false;
    submit(engine::resume_map{map});
    if (!comes_to(map_state::running)) return false;
    std::vector<sequence> parked;
    auto const found = here.views().parked.rows.find({map, direction::left_to_right});
    if (found != here.views().parked.rows.end()) {
      for (auto const& [record, row] : found->second) parked.push_back(record);
    }
    if (!parked.empty()) submit(engine::delete_records{map, parked});
    return true;
  }
  std::set<std::pair<std::string, std::string>> distinct() const {
    return {office.letters.begin(), office.letters.end()};
  }

  post_office office;
  engine::mail_channel letters{office, "x"};
  std::unique_ptr<engine::notifier> clerk;
  rule_id id;
};

TEST(Mail, ACrashAtAnyStepLosesNoLetterAndFiresNothingTwice) {
  for (std::size_t at = 0; at < 200; ++at) {
    SCOPED_TRACE("crash after " + std::to_string(at) + " steps");
    told one;
    one.user(one.here.left, put(1, "bad"));
    one.here.run(at);
    one.crash();
    ASSERT_TRUE(one.here.run_until([&] { return one.has_fired(1) && one.all_told(); }));
    EXPECT_EQ(2u, one.distinct().size());
    EXPECT_LE(one.office.letters.size(), 3u) << "one letter was under way";
    EXPECT_EQ(1u, one.count(event_type::AlertFired));
    EXPECT_EQ(1u, one.count(event_type::PauseRequested));
    EXPECT_TRUE(one.comes_to(map_state::paused));
  }
}

TEST(Mail, AServerThatFailsGetsEveryLetterInTheEnd) {
  told one;
  one.office.failing_percent = 60;
  ASSERT_TRUE(one.fires(0));
  ASSERT_TRUE(one.here.run_until([&] { return one.all_told(); }));
  EXPECT_EQ(2u, one.distinct().size());
  EXPECT_EQ(one.office.letters.size() - one.office.unheard, 2u);
}

// One crossing whole, then once for each of its steps with a crash after that step: from the change
// that crosses to the last letter and the pause.
void crash_at_each_step_of_a_crossing(std::uint64_t seed) {
  told one(seed);
  std::uint64_t crossings = 0;
  auto const over = [&] {
    return one.has_fired(crossings) && one.all_told() && one.state() == map_state::paused;
  };
  auto const cross = [&] {
    ++crossings;
    one.user(one.here.left, put(1, "bad " + std::to_string(crossings)));
  };
  auto const begun = one.here.steps();
  cross();
  ASSERT_TRUE(one.here.run_until(over));
  auto const length = one.here.steps() - begun;
  ASSERT_GT(length, 5u);
  ASSERT_TRUE(one.goes_on());
  for (std::size_t at = 0; at <= length; ++at) {
    cross();
    one.here.run(at);
    one.crash();
    ASSERT_TRUE(one.here.run_until(over)) << "step " << at;
    ASSERT_TRUE(one.goes_on()) << "step " << at;
  }
  ASSERT_TRUE(one.here.run_until([&] { return one.all_told(); }, 100'000));
  EXPECT_EQ(crossings, one.count(event_type::AlertFired));
  EXPECT_EQ(crossings, one.count(event_type::PauseRequested));
  EXPECT_EQ(2 * (crossings + one.count(event_type::AlertResolved)), one.distinct().size());
}

// DW_STEP_CROSSINGS says how many.
TEST(Mail, ACrashAtEachStepOfACrossingFiresItOnce) {
  auto const* asked = std::getenv("DW_STEP_CROSSINGS");
  std::uint64_t const rounds = asked == nullptr ? 10 : std::strtoull(asked, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= rounds; ++seed)
    ASSERT_NO_FATAL_FAILURE(crash_at_each_step_of_a_crossing(seed)) << "seed " << seed;
}

// As many crossings as DW_CROSSINGS says, beside a server that fails and an engine that crashes.
TEST(Mail, EachCrossingFiresOnceAndAllAreTold) {
  auto const* asked = std::getenv("DW_CROSSINGS");
  std::uint64_t const crossings = asked == nullptr ? 300 : std::strtoull(asked, nullptr, 10);
  told one;
  one.office.failing_percent = 20;
  std::mt19937_64 chance(7);
  std::size_t crashes = 0;
  for (std::uint64_t turn = 0; turn < crossings; ++turn) {
    ASSERT_TRUE(one.fires(turn)) << turn;
    if (chance() % (crossings / 30 + 1) == 0) {
      one.here.run(chance() % 40);
      one.crash();
      ++crashes;
    }
    ASSERT_TRUE(one.goes_on()) << turn;
  }
  EXPECT_GT(crashes, 0u);
  ASSERT_TRUE(one.here.run_until([&] { return one.all_told(); }, 20'000 + 200 * crossings));
  EXPECT_EQ(crossings, one.count(event_type::AlertFired));
  EXPECT_EQ(crossings, one.count(event_type::PauseRequested));
  auto const resolved = one.count(event_type::AlertResolved);
  EXPECT_EQ(2 * (crossings + resolved), one.distinct().size());
  EXPECT_LE(one.office.letters.size(), one.distinct().size() + one.office.unheard + crashes);
  EXPECT_EQ(0u, one.here.views().notifications.given_up);
}

// What a rule would have done is what it did.
TEST(Mail, ABacktestGivesTheFiringsThatHappened) {
  for (std::uint32_t const threshold : {1u, 2u, 3u}) {
    told one;
    auto change = told::terms();
    change.count = threshold;
    change.within_us = 20'000;
    one.submit(engine::change_alert_rule{one.id, change});
    std::mt19937_64 chance(threshold);
    for (std::uint64_t turn = 0; turn < 40; ++turn) {
      one.user(one.here.left, put(static_cast<std::int64_t>(chance() % 5), "bad"));
      if (chance() % 3 == 0) one.here.run(chance() % 60);
      if (one.state() == map_state::paused) (void)one.here.submit(engine::resume_map{one.map});
    }
    one.here.run(300);
    engine::alert_backtest test(one.link, one.rule().terms);
    std::vector<sequence> fired;
    auto const cursor = one.here.log().read({sequence{1}, false, std::nullopt});
    while (true) {
      auto const stored = cursor->next();
      ASSERT_TRUE(stored);
      if (!*stored) break;
      auto const event = decode(**stored);
      ASSERT_TRUE(event);
      if (event->as<AlertFired>() != nullptr) fired.push_back(event->from.cause);
      test.fold(*event);
    }
    test.end();
    std::vector<sequence> tested;
    for (auto const& firing : test.firings()) tested.push_back(firing.at);
    EXPECT_EQ(fired, tested) << threshold << " errors";
    EXPECT_GT(fired.size(), 1u);
  }
}

}  // namespace
}  // namespace dualwrite::simulation
