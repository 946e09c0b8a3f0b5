// What every log promises, on each of them.
#include <functional>
#include <map>
#include <thread>

#include <gmock/gmock.h>

#include "events/block.h"
#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

using namespace tests;

struct log_kind {
  char const* name;
  std::function<std::unique_ptr<log_under_test>()> make;
};

// An event as it was appended, with the place that it must have got.
struct expected_event {
  sequence at;
  instant recorded_at;
  encoded_event event;
};

class EventLog : public testing::TestWithParam<log_kind> {
 protected:
  event_log& log() { return made_->log(); }

  void append(std::vector<encoded_event> const& group) {
    now_ = now_ + duration{static_cast<std::int64_t>(dice_.below(3))};
    auto const before = log().head();
    auto const head = log().append(group, now_, before.at, epoch{1});
    ASSERT_TRUE(head) << to_string(head.error());
    auto at = before.at + 1;
    for (auto const& event : group) {
      written_.push_back({at, now_, event});
      at = at + event.span;
    }
    ASSERT_EQ(head->at, at - 1);
    ASSERT_EQ(*head, log().head());
  }

  void append_groups(int count) {
    for (int i = 0; i < count; ++i) append(random_group(dice_));
  }

  std::vector<stored_event> collect(read_request request,
                                    std::vector<std::vector<std::byte>>& bytes) {
    std::vector<stored_event> events;
    auto const cursor = log().read(request);
    while (true) {
      auto const event = cursor->next();
      EXPECT_TRUE(event) << to_string(event.error());
      if (!event || !*event) return events;
      bytes.emplace_back((*event)->bytes.begin(), (*event)->bytes.end());
      events.push_back(**event);
    }
  }

  void expect_read(read_request request) {
    std::vector<expected_event const*> expected;
    for (auto const& event : written_) {
      if (request.stream && event.event.stream != *request.stream) continue;
      bool const inside = request.backward ? !(event.at > request.from)
                                           : !(event.at + event.event.span - 1 < request.from);
      if (inside) expected.push_back(&event);
    }
    if (request.backward) std::ranges::reverse(expected);
    std::vector<std::vector<std::byte>> bytes;
    auto const events = collect(request, bytes);
    ASSERT_EQ(events.size(), expected.size()) << request.from.value << " " << request.backward;
    for (std::size_t i = 0; i < events.size(); ++i) {
      ASSERT_EQ(events[i].at, expected[i]->at);
      ASSERT_EQ(events[i].span, expected[i]->event.span);
      ASSERT_EQ(events[i].recorded_at, expected[i]->recorded_at);
      ASSERT_EQ(events[i].stream, expected[i]->event.stream);
      ASSERT_EQ(bytes[i], expected[i]->event.bytes);
    }
  }

  std::unique_ptr<log_under_test> made_ = GetParam().make();
  dice dice_{11};
  instant now_{1'700'000'000'000'000};
  std::vector<expected_event> written_;
};

TEST_P(EventLog, EmptyLogEndsBeforeTheFirstSequence) {
  EXPECT_EQ(log().head(), (log_head{test_log, {}, {}, {}}));
  expect_read({});
  expect_read({sequence{5}, true, {}});
  EXPECT_EQ(*log().first_at(instant{}), sequence{1});
  EXPECT_EQ(log().head_at(sequence{1}).error().code, error_code::sequence_not_found);
  EXPECT_TRUE(log().verify().ok);
}

TEST_P(EventLog, EveryEventIsReadBackFromEverywhereBothWays) {
  append_groups(60);
  expect_read({});
  expect_read({sequence{UINT64_MAX}, true, {}});
  for (int i = 0; i < 40; ++i) {
    sequence const from{dice_.below(log().head().at.value + 3)};
    expect_read({from, false, {}});
    expect_read({from, true, {}});
  }
}

TEST_P(EventLog, StreamsAreReadBackFromEverywhereBothWays) {
  append_groups(60);
  for (int i = 0; i < 80; ++i) {
    stream_id const stream{static_cast<stream_kind>(dice_.below(5)), dice_.below(5)};
    sequence const from{dice_.below(log().head().at.value + 3)};
    expect_read({from, false, stream});
    expect_read({from, true, stream});
  }
}

TEST_P(EventLog, ReopenedLogIsTheSame) {
  append_groups(20);
  auto const head = log().head();
  made_->reopen();
  EXPECT_EQ(log().head(), head);
  expect_read({});
  append_groups(5);
  made_->reopen();
  expect_read({});
  expect_read({sequence{1}, false, stream_id{stream_kind::map, 2}});
  EXPECT_TRUE(log().verify().ok) << log().verify().reason;
}

TEST_P(EventLog, CursorAtTheEndGoesOnWhenThereIsMore) {
  append_groups(3);
  auto const whole = log().read({});
  auto const stream = log().read({sequence{}, false, stream_id{stream_kind::rule, 900}});
  while (*whole->next()) continue;
  EXPECT_FALSE(*stream->next());
  encoded_event event{{stream_kind::rule, 900}, {}, 1, {std::byte{1}}};
  for (int i = 0; i < 3; ++i) {
    append({event});
    auto const next = whole->next();
    ASSERT_TRUE(next && *next);
    EXPECT_EQ((*next)->at, log().head().at);
    auto const in_stream = stream->next();
    ASSERT_TRUE(in_stream && *in_stream);
    EXPECT_EQ((*in_stream)->at, log().head().at);
    EXPECT_FALSE(*whole->next());
    EXPECT_FALSE(*stream->next());
  }
}

TEST_P(EventLog, AppendOnAnotherHeadIsRefusedAndChangesNothing) {
  append_groups(2);
  auto const head = log().head();
  encoded_event const event{{}, {}, 1, {std::byte{1}}};
  auto const refused = log().append({&event, 1}, now_, head.at - 1, epoch{1});
  EXPECT_EQ(refused.error().code, error_code::log_head_moved);
  EXPECT_EQ(refused.error().at, head.at);
  EXPECT_EQ(log().head(), head);
  append({event});
}

TEST_P(EventLog, TooLargeEventIsRefusedAndChangesNothing) {
  append_groups(1);
  auto const head = log().head();
  encoded_event const event{{}, {}, 1, std::vector<std::byte>(event_bytes_max + 1)};
  EXPECT_EQ(log().append({&event, 1}, now_, head.at, epoch{1}).error().code,
            error_code::event_too_large);
  EXPECT_EQ(log().head(), head);
  append_groups(1);
}

TEST_P(EventLog, FirstEventSinceATimeIsFound) {
  append_groups(80);
  for (int i = 0; i < 60; ++i) {
    instant const when =
        written_.front().recorded_at + duration{static_cast<std::int64_t>(dice_.below(100)) - 5};
    auto expected = log().head().at + 1;
    for (auto const& event : written_) {
      if (!(event.recorded_at < when)) {
        expected = event.at;
        break;
      }
    }
    auto const found = log().first_at(when);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, expected);
  }
}

TEST_P(EventLog, HeadAtASequenceIsTheEndOfItsBlock) {
  std::map<sequence, log_head> heads;
  for (int i = 0; i < 20; ++i) {
    append_groups(1);
    heads[log().head().at] = log().head();
  }
  for (int i = 0; i < 60; ++i) {
    sequence const at{1 + dice_.below(log().head().at.value)};
    auto const found = log().head_at(at);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, heads.lower_bound(at)->second);
  }
  EXPECT_EQ(log().head_at(log().head().at + 1).error().code, error_code::sequence_not_found);
}

TEST_P(EventLog, VerificationOfASoundLogSeesAllOfIt) {
  append_groups(50);
  auto const report = log().verify();
  EXPECT_TRUE(report.ok) << report.reason;
  EXPECT_EQ(report.events, log().head().at.value);
  EXPECT_EQ(report.head, log().head());
  for (int i = 0; i < 20; ++i) {
    sequence const from{1 + dice_.below(log().head().at.value)};
    auto const part = log().verify(from);
    EXPECT_TRUE(part.ok) << part.reason;
    EXPECT_GE(part.events, log().head().at.value - from.value + 1);
  }
}

TEST_P(EventLog, ReadersBesideTheWriterSeeAPrefix) {
  append_groups(1);
  std::atomic<bool> done{false};
  std::vector<std::jthread> readers;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      auto const cursor = log().read({});
      sequence next{1};
      while (true) {
        bool const last_round = done;
        auto const event = cursor->next();
        if (!event || (*event && (*event)->at != next)) {
          ++wrong;
          return;
        }
        if (*event) {
          next = (*event)->last() + 1;
        } else if (last_round) {
          if (next != log().head().at + 1) ++wrong;
          return;
        }
      }
    });
  }
  append_groups(60);
  done = true;
  readers.clear();
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds,
    EventLog,
    testing::Values(log_kind{"Memory", [] { return std::make_unique<memory_log_under_test>(); }},
                    log_kind{"Rocks", [] { return std::make_unique<rocks_log_under_test>(); }}),
    [](auto const& kind) { return kind.param.name; });

}  // namespace
}  // namespace dualwrite
