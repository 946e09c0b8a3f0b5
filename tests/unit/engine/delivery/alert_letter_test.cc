// What letters say, and that nothing that apps or admins wrote can change what they are.
#include <gmock/gmock.h>

#include "engine/delivery/alert_letter.h"
#include "engine/delivery/smtp_mail.h"

namespace dualwrite::engine {
namespace {

using projections::message_kind;
using testing::HasSubstr;
using testing::Not;

letter_facts some_facts() {
  letter_facts out;
  out.topic = "too many";
  out.link = "erp-crm";
  out.condition = "10 application errors within 15m";
  out.count = 10;
  out.action = alert_action::pause;
  out.maps = {{"customers", 3}};
  out.groups = {{"customers", fault_class::application, "CHECK", "no bad names", 10, sequence{42}}};
  return out;
}

TEST(Letter, SaysWhatWhyAndWhatToDo) {
  auto const made = compose(some_facts());
  EXPECT_EQ("[dualwrite] erp-crm: too many", made.subject);
  for (auto const* body : {&made.text, &made.html}) {
    EXPECT_THAT(*body, HasSubstr("10 application errors within 15m"));
    EXPECT_THAT(*body, HasSubstr("10 × map customers: application CHECK: no bad names (event 42)"));
    EXPECT_THAT(*body, HasSubstr("3 records queued now"));
    EXPECT_THAT(*body, HasSubstr("dualwrite map resume erp-crm/customers"));
  }
}

TEST(Letter, OfAStopSaysThatTheQueueIsGone) {
  auto facts = some_facts();
  facts.action = alert_action::stop;
  EXPECT_THAT(compose(facts).text, HasSubstr("what it had queued is given up"));
  EXPECT_THAT(compose(facts).text, HasSubstr("dualwrite map run erp-crm/customers"));
}

TEST(Letter, WhatAnAppSaidIsShownAndDoesNothing) {
  auto facts = some_facts();
  facts.groups[0].text = "<script>alert('x')</script>\r\nBcc: eve@example.com";
  auto const made = compose(facts);
  EXPECT_THAT(made.html, Not(HasSubstr("<script>")));
  EXPECT_THAT(made.html, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(made.text, Not(HasSubstr("\r\nBcc")));
}

TEST(Letter, ALongTextIsCutBetweenCharacters) {
  auto facts = some_facts();
  facts.groups[0].text.clear();
  for (int i = 0; i < 1'000; ++i) facts.groups[0].text += "ü";
  auto const made = compose(facts);
  EXPECT_LT(made.text.size(), 1'500u);
  EXPECT_THAT(made.text, HasSubstr("ü…"));
}

TEST(Letter, EachKindHasASubjectOfItsOwn) {
  auto facts = some_facts();
  facts.kind = message_kind::resolved;
  EXPECT_THAT(compose(facts).subject, HasSubstr("Clear"));
  facts.kind = message_kind::test;
  EXPECT_THAT(compose(facts).subject, HasSubstr("Test"));
  facts.kind = message_kind::announced;
  EXPECT_THAT(compose(facts).subject, HasSubstr("Planned"));
  facts.kind = message_kind::begun;
  EXPECT_THAT(compose(facts).subject, HasSubstr("Begins"));
  facts.kind = message_kind::ended;
  EXPECT_THAT(compose(facts).subject, HasSubstr("Over"));
}

TEST(Letter, OfAStateSaysWhatWasMeasured) {
  auto facts = some_facts();
  facts.subject = alert_subject::queue;
  facts.condition = "5000 records are queued";
  facts.measured = 5'100;
  EXPECT_THAT(compose(facts).text, HasSubstr("Seen: 5100 records at"));
  facts.subject = alert_subject::lag;
  EXPECT_THAT(compose(facts).text, HasSubstr("Seen: since "));
}

TEST(Letter, OfARuleThatResumesByItselfSaysWhen) {
  auto facts = some_facts();
  facts.resumes_after = std::chrono::minutes(10);
  EXPECT_THAT(compose(facts).text, HasSubstr("10m from now the apps are asked"));
}

TEST(HeaderText, PlainTextIsAsItIs) {
  EXPECT_EQ("[dualwrite] a: b", header_text("[dualwrite] a: b"));
}

TEST(HeaderText, AnythingElseIsEncodedInWholeCharacters) {
  EXPECT_EQ("=?utf-8?B?w7w=?=", header_text("ü"));
  std::string text = "x";
  for (int i = 0; i < 100; ++i) text += "ü";
  auto const made = header_text(text);
  for (auto const c : made) EXPECT_TRUE(c >= ' ' && c <= '~');
  for (std::size_t at = 0; at < made.size();) {
    auto const end = std::min(made.find(' ', at), made.size());
    EXPECT_LE(end - at, 75u);
    at = end + 1;
  }
}

TEST(HeaderText, ALineEndAddsNoHeader) {
  EXPECT_THAT(header_text("a\r\nBcc: eve@example.com"), Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace dualwrite::engine
