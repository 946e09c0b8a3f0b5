// What the sequencer appends while an append is at work, and what waits for it.
#include "engine/flow/sequencer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>

#include "events/store/memory_event_log.h"
#include "tests/simulation/virtual_clock.h"

namespace dualwrite::simulation {
namespace {

using engine::async;
using engine::bell;
using engine::drafts;

// A disk that takes its time: an append ends when the test says so.
class held_log final : public engine::durable_log {
 public:
  explicit held_log(boost::asio::any_io_executor executor) : executor_(executor) {}

  async<log_head> append(engine::shared_events events,
                         instant recorded_at,
                         sequence expected) override {
    auto const begun = log_.begin_append(*events, recorded_at, expected);
    if (!begun) co_return begun.error();
    auto const held = std::make_shared<bell>(executor_);
    at_work.push_back(held);
    DW_CO_CHECK(co_await held->wait());
    co_return log_.sync_next();
  }
  event_log const& log() const override { return log_; }
  void end_one() {
    auto const first = at_work.front();
    at_work.pop_front();
    first->ring();
  }

  std::deque<std::shared_ptr<bell>> at_work;

 private:
  boost::asio::any_io_executor executor_;
  memory_event_log log_{log_id{7}};
};

class Sequencer : public testing::Test {
 protected:
  Sequencer() {
    children.start([this] { return appender.run(children); });
  }
  ~Sequencer() override { children.abandon(); }

  void settle() {
    io.restart();
    io.poll();
  }
  static encoded_event about_records() {
    return draft({stream_kind::link, 1}, link_id{1}, AttemptFailed{});
  }
  static encoded_event about_a_map() {
    return draft({stream_kind::map, 2}, link_id{1}, CaughtUp{map_id{2}});
  }
  void submit(encoded_event fact) {
    children.start([this, fact]() -> async<void> {
      drafts facts;
      facts.push_back(fact);
      auto const at = co_await appender.append(std::move(facts));
      if (at) acknowledged.push_back(*at);
      co_return result<void>{};
    });
    settle();
  }
  // Says what the views had reached when it was decided.
  void command() {
    children.start([this]() -> async<void> {
      engine::decision wish = [this](projections::views const& state) -> result<drafts> {
        decided_on = state.checkpoint;
        drafts facts;
        facts.push_back(about_records());
        return facts;
      };
      auto const at = co_await appender.decide(std::move(wish));
      if (at) acknowledged.push_back(*at);
      co_return result<void>{};
    });
    settle();
  }
  std::size_t at_work() const { return disk.at_work.size(); }
  void end_one() {
    disk.end_one();
    settle();
  }

  boost::asio::io_context io;
  virtual_clock time;
  held_log disk{io.get_executor()};
  static engine::sequencer_limits ahead() {
    engine::sequencer_limits limits;
    limits.groups_at_work_max = 2;
    limits.built_ahead_bytes_min = 2 * about_records().bytes.size();
    return limits;
  }
  engine::sequencer appender{io.get_executor(), disk, time, {}, ahead(), {}};
  engine::nursery children{io.get_executor()};
  std::vector<sequence> acknowledged;
  std::optional<sequence> decided_on;
};

TEST_F(Sequencer, EnoughFactsAboutRecordsAreBuiltWhileTheGroupBeforeIsWritten) {
  submit(about_records());
  submit(about_records());
  EXPECT_EQ(1u, at_work());  // so few gain by waiting for more
  EXPECT_FALSE(appender.is_at_rest());
  submit(about_records());
  EXPECT_EQ(2u, at_work());
  EXPECT_TRUE(acknowledged.empty());
  for (int i = 0; i < 4; ++i) submit(about_records());
  EXPECT_EQ(2u, at_work());  // no more than the limit
  end_one();
  EXPECT_EQ((std::vector{sequence{1}}), acknowledged);
  EXPECT_EQ(sequence{1}, appender.views().checkpoint);
  EXPECT_EQ(2u, at_work());
  end_one();
  end_one();
  EXPECT_EQ(0u, at_work());
  EXPECT_TRUE(appender.is_at_rest());
  EXPECT_EQ(7u, acknowledged.size());
  EXPECT_TRUE(std::is_sorted(acknowledged.begin(), acknowledged.end()));
  EXPECT_EQ(disk.log().head().at, appender.views().checkpoint);
}

TEST_F(Sequencer, ACommandIsDecidedOnEverythingBeforeIt) {
  for (int i = 0; i < 3; ++i) submit(about_records());
  command();
  EXPECT_EQ(2u, at_work());
  EXPECT_FALSE(decided_on);
  end_one();
  EXPECT_FALSE(decided_on);
  end_one();
  EXPECT_EQ(sequence{3}, decided_on);
}

TEST_F(Sequencer, WhatFollowsACommandWaitsForIt) {
  command();
  for (int i = 0; i < 3; ++i) submit(about_records());
  EXPECT_EQ(1u, at_work());
  end_one();
  EXPECT_EQ(1u, at_work());
  EXPECT_EQ((std::vector{sequence{1}}), acknowledged);
}

TEST_F(Sequencer, WhatFollowsAFactAboutAMapWaitsForIt) {
  submit(about_a_map());
  for (int i = 0; i < 3; ++i) submit(about_records());
  EXPECT_EQ(1u, at_work());
  end_one();
  EXPECT_EQ(1u, at_work());
}

}  // namespace
}  // namespace dualwrite::simulation
