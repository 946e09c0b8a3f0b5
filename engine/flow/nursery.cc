#include "engine/flow/nursery.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <utility>

#include "engine/flow/bell.h"
#include "events/assert.h"

namespace dualwrite::engine {

namespace {

// A cancelled coroutine that did not wait for anything at that moment is unwound at its next wait.
// Anything else that gets this far is a bug or a lack of memory: the process cannot trust its state
// any more.
error why_thrown(std::exception_ptr const& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (boost::system::system_error const& why) {
    if (why.code() == boost::asio::error::operation_aborted) return error{error_code::stopped};
    throw;
  }
}

}  // namespace

struct nursery::state {
  explicit state(boost::asio::any_io_executor executor) : empty(std::move(executor)) {}
  bell empty;
};

nursery::nursery(boost::asio::any_io_executor executor)
    : executor_(executor), state_(std::make_unique<state>(executor)) {}

nursery::~nursery() {
  DW_ASSERT(abandoned_ || children_.empty());
}

void nursery::start(std::function<async<void>()> child) {
  auto signal = std::make_shared<boost::asio::cancellation_signal>();
  children_.push_back(signal);
  // The closure is kept alive by the coroutine that calls it.
  auto body = [run = std::move(child)]() -> async<void> { co_return co_await run(); };
  auto done = [this, signal](std::exception_ptr thrown, result<void> how) {
    ended(signal, thrown ? result<void>(why_thrown(thrown)) : how);
  };
  boost::asio::co_spawn(executor_,
                        std::move(body),
                        boost::asio::bind_cancellation_slot(signal->slot(), std::move(done)));
  if (stopping_) signal->emit(boost::asio::cancellation_type::terminal);
}

void nursery::ended(std::shared_ptr<boost::asio::cancellation_signal> const& signal,
                    result<void> const& how) {
  children_.remove(signal);
  if (!how && how.error().code != error_code::stopped && failure_.code == error_code::ok) {
    failure_ = how.error();
    cancel();
  }
  if (children_.empty()) state_->empty.ring();
}

void nursery::cancel() {
  stopping_ = true;
  auto const children = children_;
  for (auto const& child : children) child->emit(boost::asio::cancellation_type::terminal);
}

async<void> nursery::join() {
  while (!children_.empty()) DW_CO_CHECK(co_await state_->empty.wait());
  if (failure_.code != error_code::ok) co_return failure_;
  co_return result<void>{};
}

}  // namespace dualwrite::engine
