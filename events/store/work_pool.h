// Threads that share out the chunks of a block.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dualwrite {

// Guarantees: run() returns when every task was done, some of them by the caller itself.
// Lifetime: its threads end with it.
// Threads: run() from one at a time.
class work_pool {
 public:
  // `threads` besides the caller's own.
  explicit work_pool(unsigned threads);
  work_pool(work_pool const&) = delete;
  work_pool& operator=(work_pool const&) = delete;
  ~work_pool();

  // Tasks do not throw.
  void run(std::size_t count, std::function<void(std::size_t)> const& task);

 private:
  void work_until_stopped(std::stop_token stop);
  void take_tasks(std::function<void(std::size_t)> const& task, std::size_t count);

  std::mutex guard_;
  std::condition_variable_any changed_;
  std::uint64_t round_ = 0;
  std::size_t count_ = 0;
  std::function<void(std::size_t)> const* task_ = nullptr;  // of the round under way
  std::atomic<std::size_t> next_{0};
  unsigned working_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace dualwrite
