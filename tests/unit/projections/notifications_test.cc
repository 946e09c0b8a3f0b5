// What is owed to whom about alert rules. An event comes a second after the one before.
#include <gmock/gmock.h>

#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t second_us = 1'000'000;

class Outbox : public testing::Test, protected story {
 protected:
  Outbox() { begin(); }
  rule_id rule(std::string_view notify, std::uint64_t cooldown_us = 0) {
    AlertRuleCreated created;
    created.link = link;
    created.name = "too many";
    created.classes = {fault_class::application};
    created.count = 1;
    created.within_us = second_us;
    created.notify = notify;
    created.cooldown_us = cooldown_us;
    return rule_id{of_link(created).value};
  }
  std::vector<std::string> owed(message_kind kind) const {
    std::vector<std::string> out;
    for (auto const& [to, row] : views.notifications.due) {
      if (row.kind == kind) out.push_back(std::to_string(to.first.value) + " " + to.second);
    }
    return out;
  }
  static std::string about(sequence event, std::string const& recipient) {
    return std::to_string(event.value) + " " + recipient;
  }
  void sent(rule_id id, sequence event, std::string_view recipient) {
    of_link(NotificationSent{id, event, recipient, 1, "250 OK"});
  }
};

TEST_F(Outbox, AFiringIsOwedToEachRecipientOnce) {
  auto const id = rule("ann@x, bob@x,cy@x");
  auto const fired = of_link(AlertFired{id, 1, {}});
  EXPECT_THAT(owed(message_kind::fired),
              ElementsAre(about(fired, "ann@x"), about(fired, "bob@x"), about(fired, "cy@x")));
  sent(id, fired, "bob@x");
  EXPECT_THAT(owed(message_kind::fired), ElementsAre(about(fired, "ann@x"), about(fired, "cy@x")));
  EXPECT_EQ(1u, views.notifications.sent);
  sent(id, fired, "bob@x");
  EXPECT_EQ(1u, views.notifications.sent);
}

TEST_F(Outbox, AFailureIsTriedAgainUntilItIsGivenUp) {
  auto const id = rule("ann@x");
  auto const fired = of_link(AlertFired{id, 1, {}});
  instant const later{77 * 1'000'000};
  of_link(NotificationFailed{id, fired, "ann@x", 1, false, "mail_failed", "451 later", later});
  auto const& row = views.notifications.due.at({fired, "ann@x"});
  EXPECT_EQ(1u, row.attempts);
  EXPECT_EQ(later, row.next_at);
  EXPECT_EQ("451 later", row.reply);
  EXPECT_NE(instant{}, views.notifications.failing_since);
  of_link(NotificationFailed{id, fired, "ann@x", 2, true, "mail_refused", "550 no", {}});
  EXPECT_TRUE(views.notifications.due.empty());
  EXPECT_EQ(1u, views.notifications.given_up);
  EXPECT_EQ(instant{}, views.notifications.failing_since) << "nothing waits any more";
}

TEST_F(Outbox, AResolutionFollowsOnlyWhatPeopleWereToldOf) {
  auto const id = rule("ann@x");
  of_link(AlertMuted{id, instant{1'000'000'000'000}});
  of_link(AlertFired{id, 1, {}});
  of_link(AlertMuted{id, {}});
  of_link(AlertResolved{id, {}});
  EXPECT_TRUE(views.notifications.due.empty());

  auto const fired = of_link(AlertFired{id, 1, {}});
  auto const again = of_link(AlertFired{id, 1, {}});
  auto const clear = of_link(AlertResolved{id, fired});
  EXPECT_THAT(owed(message_kind::resolved), ElementsAre(about(clear, "ann@x")));
  EXPECT_EQ(sequence{}, views.notifications.due.at({fired, "ann@x"}).thread);
  EXPECT_EQ(fired, views.notifications.due.at({again, "ann@x"}).thread);
  EXPECT_EQ(fired, views.notifications.due.at({clear, "ann@x"}).thread);
}

TEST_F(Outbox, ARuleThatCoolsDownOwesNothing) {
  auto const id = rule("ann@x", 3 * second_us);
  auto const first = of_link(AlertFired{id, 1, {}});
  of_link(AlertFired{id, 1, {}});
  of_link(AlertFired{id, 1, {}});
  auto const later = of_link(AlertFired{id, 1, {}});
  EXPECT_THAT(owed(message_kind::fired), ElementsAre(about(first, "ann@x"), about(later, "ann@x")));
}

TEST_F(Outbox, ATestIsOwedWhateverElseIsSo) {
  auto const id = rule("ann@x", 3600 * second_us);
  of_link(AlertMuted{id, instant{1'000'000'000'000}});
  auto const test = of_link(AlertTested{id});
  EXPECT_THAT(owed(message_kind::test), ElementsAre(about(test, "ann@x")));
}

TEST_F(Outbox, WhatIsOwedStaysOwedWhenItsRuleGoes) {
  auto const id = rule("ann@x");
  of_link(AlertFired{id, 1, {}});
  of_link(AlertRuleDeleted{id});
  EXPECT_EQ("too many", views.notifications.due.begin()->second.rule_name);
  of_link(AlertTested{id});
  EXPECT_EQ(1u, views.notifications.due.size());
}

}  // namespace
}  // namespace dualwrite::projections
