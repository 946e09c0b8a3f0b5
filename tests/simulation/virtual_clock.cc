#include "tests/simulation/virtual_clock.h"

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace dualwrite::simulation {

engine::async<void> virtual_clock::sleep_until(instant when) {
  auto const place = std::pair{std::max(when, now_), ++asked_};
  auto begin = [this, place](auto done) {
    // The kept handler has a slot of its own.
    auto const& kept = waiting_.emplace(place, std::move(done)).first->second;
    auto slot = boost::asio::get_associated_cancellation_slot(kept);
    if (slot.is_connected()) {
      slot.assign([this, place](boost::asio::cancellation_type) {
        auto waiter = waiting_.extract(place);
        if (!waiter.empty()) std::move(waiter.mapped())();
      });
    }
  };
  co_await boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void()>(
      begin, boost::asio::use_awaitable);
  co_return result<void>{};
}

bool virtual_clock::advance() {
  if (waiting_.empty()) return false;
  auto waiter = waiting_.extract(waiting_.begin());
  now_ = std::max(now_, waiter.key().first);
  std::move(waiter.mapped())();
  return true;
}

}  // namespace dualwrite::simulation
