// Time that moves only when nothing else can happen.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <map>
#include <utility>

#include "engine/ports/clock.h"

namespace dualwrite::simulation {

// Guarantees: the same calls in the same order give the same times; who waits for the same instant
// is woken in the order of asking.
// Threads: one.
class virtual_clock final : public engine::clock {
 public:
  [[nodiscard]] instant now() const override { return now_; }
  [[nodiscard]] engine::async<void> sleep_until(instant when) override;
  // Wakes the one who waits for the nearest instant. False where nobody waits.
  bool advance();
  // Forgets everybody who waits: their engine has crashed.
  void forget() { waiting_.clear(); }

 private:
  using handler = boost::asio::any_completion_handler<void()>;
  std::map<std::pair<instant, std::uint64_t>, handler> waiting_;
  instant now_{1'700'000'000'000'000};
  std::uint64_t asked_ = 0;
};

}  // namespace dualwrite::simulation
