// Waiting for a socket: what ends it.
#include "engine/connectors/postgresql/readable.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

namespace dualwrite::engine::postgresql {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class Readable : public testing::Test {
 protected:
  Readable() { EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data())); }
  ~Readable() override {
    for (auto const end : ends) ::close(end);
  }

  void wait_until(steady_clock::time_point until) {
    auto wait = [this, until]() -> boost::asio::awaitable<void> {
      shared_socket of(ends[0]);
      auto waiting = readable(io.get_executor(), std::move(of), until);
      how = co_await std::move(waiting);
    };
    boost::asio::co_spawn(
        io, wait, boost::asio::bind_cancellation_slot(stop.slot(), boost::asio::detached));
    io.poll();
  }

  std::array<int, 2> ends{};
  boost::asio::io_context io{1};
  boost::asio::cancellation_signal stop;
  std::optional<result<void>> how;
};

TEST_F(Readable, EndsWhenSomethingComes) {
  wait_until(steady_clock::now() + 1h);
  EXPECT_FALSE(how);
  EXPECT_EQ(1, write(ends[1], "x", 1));
  io.run();
  EXPECT_TRUE(how && *how);
}

TEST_F(Readable, SeesWhatCameBefore) {
  EXPECT_EQ(1, write(ends[1], "x", 1));
  wait_until(steady_clock::now() + 1h);
  io.run();
  EXPECT_TRUE(how && *how);
}

TEST_F(Readable, EndsWhenTheOtherEndIsClosed) {
  wait_until(steady_clock::now() + 1h);
  EXPECT_EQ(0, shutdown(ends[1], SHUT_RDWR));
  io.run();
  EXPECT_TRUE(how && *how);
}

TEST_F(Readable, EndsWhenTheSocketIsClosedMeanwhileAndTheOtherEndToo) {
  wait_until(steady_clock::now() + 1h);
  ::close(ends[0]);
  ::close(ends[1]);
  io.run();
  EXPECT_TRUE(how && *how);
  EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()));
}

TEST_F(Readable, EndsWhenItsTimeIsOver) {
  wait_until(steady_clock::now());
  io.run();
  EXPECT_TRUE(how && *how);
}

TEST_F(Readable, EndsAtOnceWhenItIsCancelled) {
  wait_until(steady_clock::now() + 1h);
  stop.emit(boost::asio::cancellation_type::terminal);
  io.run();
  ASSERT_TRUE(how);
  EXPECT_EQ(error_code::stopped, how->error().code);
}

TEST_F(Readable, ASocketThatIsNoneIsNoConnection) {
  ::close(std::exchange(ends[0], -1));
  wait_until(steady_clock::now() + 1h);
  ASSERT_TRUE(how);
  EXPECT_EQ(error_code::app_unreachable, how->error().code);
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
