#include "engine/runtime/commit_thread.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

namespace dualwrite::engine {

namespace asio = boost::asio;

namespace {

constexpr std::size_t small_block_bytes = 16U << 10U;

}  // namespace

commit_thread::commit_thread(rocks_event_log& log) : log_(log), encoding_(1), writing_(1) {}

commit_thread::~commit_thread() {
  encoding_.join();
  writing_.join();
}

// From thread to thread without the strand between, which may be busy: the disk does not wait for
// it. An append that was cancelled is made all the same, as the log is dense.
async<log_head> commit_thread::append(shared_events events,
                                      instant recorded_at,
                                      sequence expected) {
  // The embedded log is kept single by its folder's lock; the epoch is for a log that is
  // replicated.
  auto initiate = [this, group = std::move(events), recorded_at, expected](auto handler) mutable {
    auto guard = asio::make_work_guard(asio::get_associated_executor(handler));
    auto answer = [handler = std::move(handler), guard](result<log_head> out) mutable {
      auto const home = guard.get_executor();
      auto tell = [handler = std::move(handler), out = std::move(out)]() mutable {
        std::move(handler)(std::move(out));
      };
      asio::post(home, std::move(tell));
    };
    auto encode = [this,
                   group = std::move(group),
                   recorded_at,
                   expected,
                   answer = std::move(answer)]() mutable {
      auto begun = log_.begin_append(*group, recorded_at, expected);
      bool const is_small = begun && begun->block.bytes.size() <= small_block_bytes;
      auto write = [this, begun = std::move(begun), answer = std::move(answer)]() mutable {
        answer(begun ? log_.finish_append(*begun) : result<log_head>(begun.error()));
        --unwritten_;
      };
      // A small one that has nothing before it is written here: to wake another thread costs more.
      if (++unwritten_ == 1 && is_small) return write();
      asio::post(writing_, std::move(write));
    };
    asio::post(encoding_, std::move(encode));
  };
  return asio::async_initiate<asio::use_awaitable_t<> const, void(result<log_head>)>(
      std::move(initiate), asio::use_awaitable);
}

}  // namespace dualwrite::engine
