// Runs a call that blocks on a pool, and goes on where the coroutine was.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "engine/ports/async.h"

namespace dualwrite::engine {

// `call` runs once, on `worker`, even if the waiting coroutine is cancelled meanwhile.
// Lifetime: what `call` refers to outlives the worker.
template <class T, class Call>
[[nodiscard]] async<T> blocking(boost::asio::any_io_executor worker, Call call) {
  auto initiate = [worker, call = std::move(call)](auto handler) mutable {
    auto const home = boost::asio::get_associated_executor(handler);
    auto guard = boost::asio::make_work_guard(home);
    auto work =
        [call = std::move(call), handler = std::move(handler), guard = std::move(guard)]() mutable {
          result<T> out = call();
          auto const back = guard.get_executor();
          auto answer = [handler = std::move(handler), out = std::move(out)]() mutable {
            std::move(handler)(std::move(out));
          };
          boost::asio::post(back, std::move(answer));
        };
    boost::asio::post(worker, std::move(work));
  };
  return boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void(result<T>)>(
      std::move(initiate), boost::asio::use_awaitable);
}

}  // namespace dualwrite::engine
