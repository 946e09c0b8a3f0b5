// Waits for what comes over a socket of another library's.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <utility>

#include "engine/ports/async.h"

namespace dualwrite::engine::postgresql {

// A descriptor of our own for a socket, which may be closed meanwhile.
class shared_socket {
 public:
  shared_socket() = default;
  // Of none where `of` is none.
  explicit shared_socket(int of);
  shared_socket(shared_socket&& other) noexcept : own_(other.release()) {}
  shared_socket& operator=(shared_socket&& other) noexcept {
    std::swap(own_, other.own_);
    return *this;
  }
  ~shared_socket();

  // Gives it away; -1 where there is none.
  [[nodiscard]] int release() { return std::exchange(own_, -1); }

 private:
  int own_ = -1;
};

// Until the socket has something to read, or was closed by its other end, but no longer than
// `until`.
// Errors: `stopped` where the waiting coroutine was cancelled; `app_unreachable` without a socket.
[[nodiscard]] async<void> readable(boost::asio::any_io_executor on,
                                   shared_socket socket,
                                   std::chrono::steady_clock::time_point until);

}  // namespace dualwrite::engine::postgresql
