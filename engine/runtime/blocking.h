// Work that blocks, away from the strand.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/ports/async.h"

namespace dualwrite::engine {

// Calls `work` on the pool and goes on, with what it gave, where the coroutine was.
// Guarantees: not cancelled once begun, so that what it did is known.
// Lifetime: the pool is joined before the executor of the coroutine goes; `work` owns what it
// needs, or its parent outlives it.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work>> blocking(boost::asio::thread_pool& pool,
                                                            Work work) {
  auto given = std::make_shared<std::optional<std::invoke_result_t<Work>>>();
  auto task = std::make_shared<Work>(std::move(work));
  auto strand = co_await boost::asio::this_coro::executor;
  auto begin = [&pool, given, task, strand](auto done) {
    auto outside = [given,
                    task,
                    strand,
                    guard = boost::asio::make_work_guard(strand),
                    ready = std::move(done)]() mutable {
      given->emplace((*task)());
      boost::asio::post(strand, [ready = std::move(ready)]() mutable { std::move(ready)(); });
    };
    boost::asio::post(pool, std::move(outside));
  };
  co_await boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void()>(
      begin, boost::asio::use_awaitable);
  co_return std::move(**given);
}

}  // namespace dualwrite::engine
