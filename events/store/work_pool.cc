#include "events/store/work_pool.h"

namespace dualwrite {

work_pool::work_pool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { work_until_stopped(stop); });
  }
}

work_pool::~work_pool() = default;

void work_pool::run(std::size_t count, std::function<void(std::size_t)> const& task) {
  if (count < 2 || threads_.empty()) {
    for (std::size_t i = 0; i < count; ++i) task(i);
    return;
  }
  std::unique_lock lock{guard_};
  ++round_;
  count_ = count;
  task_ = &task;
  next_ = 0;
  lock.unlock();
  changed_.notify_all();
  take_tasks(task, count);
  lock.lock();
  // A thread that wakes up late finds no task of this round.
  task_ = nullptr;
  changed_.wait(lock, [this] { return working_ == 0; });
}

void work_pool::work_until_stopped(std::stop_token stop) {
  std::uint64_t seen = 0;
  std::unique_lock lock{guard_};
  while (changed_.wait(lock, stop, [&] { return task_ != nullptr && round_ != seen; })) {
    seen = round_;
    ++working_;
    auto const& task = *task_;
    auto const count = count_;
    lock.unlock();
    take_tasks(task, count);
    lock.lock();
    if (--working_ == 0) changed_.notify_all();
  }
}

void work_pool::take_tasks(std::function<void(std::size_t)> const& task, std::size_t count) {
  for (auto i = next_++; i < count; i = next_++) task(i);
}

}  // namespace dualwrite
