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
      if (row.kind == kind) out.push_back(about(to.about, to.recipient));
    }
    return out;
  }
  static message_address to(sequence event, std::string const& recipient) {
    return {event, message_channel::mail, recipient};
  }
  // For good where there is no next attempt.
  void failed(rule_id id,
              sequence event,
              std::string_view recipient,
              std::string_view reply,
              instant next) {
    NotificationFailed made;
    made.rule = id;
    made.about = event;
    made.recipient = recipient;
    made.attempt = 1;
    made.given_up = next == instant{};
    made.reply = reply;
    made.next_at = next;
    of_link(made);
  }
  sequence fire(rule_id id, sequence incident = {}, std::uint32_t asked = 0) {
    AlertFired fired;
    fired.rule = id;
    fired.count = 1;
    fired.version = 1;
    fired.incident = incident;
    fired.asked = asked;
    return of_link(fired);
  }
  static std::string about(sequence event, std::string const& recipient) {
    return std::to_string(event.value) + " " + recipient;
  }
  void sent(rule_id id, sequence event, std::string_view recipient) {
    of_link(NotificationSent{id, event, recipient, 1, "250 OK", message_channel::mail});
  }
};

TEST_F(Outbox, AFiringIsOwedToEachRecipientOnce) {
  auto const id = rule("ann@x, bob@x,cy@x");
  auto const fired = fire(id);
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
  auto const fired = fire(id);
  instant const later{77 * 1'000'000};
  failed(id, fired, "ann@x", "451 later", later);
  auto const& row = views.notifications.due.at(to(fired, "ann@x"));
  EXPECT_EQ(1u, row.attempts);
  EXPECT_EQ(later, row.next_at);
  EXPECT_EQ("451 later", row.reply);
  EXPECT_TRUE(views.notifications.channels.contains({message_channel::mail, ""}));
  failed(id, fired, "ann@x", "550 no", {});
  EXPECT_TRUE(views.notifications.due.empty());
  EXPECT_EQ(1u, views.notifications.given_up);
  EXPECT_TRUE(views.notifications.channels.empty()) << "nothing waits any more";
}

TEST_F(Outbox, AResolutionFollowsOnlyWhatPeopleWereToldOf) {
  auto const id = rule("ann@x");
  of_link(AlertMuted{id, instant{1'000'000'000'000}});
  fire(id);
  of_link(AlertMuted{id, {}});
  of_link(AlertResolved{id, {}});
  EXPECT_TRUE(views.notifications.due.empty());

  auto const fired = fire(id);
  auto const again = fire(id, fired);
  auto const clear = of_link(AlertResolved{id, fired});
  EXPECT_THAT(owed(message_kind::resolved), ElementsAre(about(clear, "ann@x")));
  EXPECT_EQ(sequence{}, views.notifications.due.at(to(fired, "ann@x")).thread);
  EXPECT_EQ(fired, views.notifications.due.at(to(again, "ann@x")).thread);
  EXPECT_EQ(fired, views.notifications.due.at(to(clear, "ann@x")).thread);
}

TEST_F(Outbox, ARuleThatCoolsDownOwesNothing) {
  auto const id = rule("ann@x", 3 * second_us);
  auto const first = fire(id);
  fire(id);
  fire(id);
  auto const later = fire(id);
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
  fire(id);
  of_link(AlertRuleDeleted{id});
  EXPECT_EQ("too many", views.notifications.due.begin()->second.topic);
  of_link(AlertTested{id});
  EXPECT_EQ(1u, views.notifications.due.size());
}

TEST_F(Outbox, AWebHookIsARecipientOfItsOwn) {
  AlertRuleCreated created;
  created.link = link;
  created.name = "too many";
  created.notify = "ann@x";
  created.webhooks = "on-call, ann@x";
  rule_id const id{of_link(created).value};
  auto const fired = fire(id);
  EXPECT_EQ(3u, views.notifications.due.size());
  NotificationSent sent;
  sent.rule = id;
  sent.about = fired;
  sent.recipient = "ann@x";
  sent.channel = message_channel::webhook;
  of_link(sent);
  EXPECT_TRUE(views.notifications.due.contains(to(fired, "ann@x"))) << "the mail is still owed";
  EXPECT_EQ(2u, views.notifications.due.size());
}

// A rule with an action fires on while its maps rest and the app stays away: nobody is told again.
TEST_F(Outbox, AFiringThatDidNothingMoreIsNoNews) {
  AlertRuleCreated created;
  created.link = link;
  created.name = "away";
  created.notify = "ann@x";
  created.action = alert_action::pause;
  rule_id const id{of_link(created).value};
  auto const first = fire(id, {}, 2);
  fire(id, first, 0);
  EXPECT_EQ(1u, views.notifications.due.size());
  fire(id, first, 1);
  EXPECT_EQ(2u, views.notifications.due.size()) << "another map was paused";
}

TEST_F(Outbox, WhatMaintenanceBringsAboutIsExpected) {
  auto const id = rule("ann@x");
  MaintenancePlanned planned;
  planned.link = link;
  planned.name = "update";
  planned.notify = "bob@x";
  plan_id const plan{of_link(planned).value};
  auto const begun = of_link(MaintenanceBegun{plan, instant{1}, instant{2}});
  EXPECT_THAT(owed(message_kind::begun), ElementsAre(about(begun, "bob@x")));
  fire(id);
  EXPECT_THAT(owed(message_kind::fired), ElementsAre());
  auto const acting = fire(id, {}, 1);
  EXPECT_THAT(owed(message_kind::fired), ElementsAre(about(acting, "ann@x")));
  of_link(MaintenanceEnded{plan, begun});
  EXPECT_EQ(begun, views.notifications.due.rbegin()->second.thread);
  auto const after = fire(id);
  EXPECT_THAT(owed(message_kind::fired),
              ElementsAre(about(acting, "ann@x"), about(after, "ann@x")));
}

TEST_F(Outbox, AChannelThatFailedIsOneUntilItTakesAMessage) {
  auto const id = rule("ann@x, bob@x");
  auto const fired = fire(id);
  failed(id, fired, "ann@x", "421", instant{77'000'000});
  channel_name const mail{message_channel::mail, ""};
  EXPECT_NE(instant{}, views.notifications.channels.at(mail).failing_since);
  of_link(ChannelFailed{message_channel::mail, "", {}, "mail_failed", "421"});
  EXPECT_TRUE(views.notifications.channels.at(mail).failed);
  sent(id, fired, "bob@x");
  EXPECT_TRUE(views.notifications.channels.empty());
}

}  // namespace
}  // namespace dualwrite::projections
