// Saves the views from time to time, so that a start has little to fold.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>

#include "engine/flow/sequencer.h"
#include "events/store/snapshot_file.h"

namespace dualwrite::engine {

// Guarantees: never in the way of the engine: what is saved while it works is folded beside it,
// from the last snapshot on; where it cannot be saved, the next start folds more.
// Lifetime: the log outlives it; run() is joined before it is destroyed.
// Threads: the engine strand; folding and writing on the pool.
class view_keeper {
 public:
  view_keeper(boost::asio::any_io_executor executor,
              boost::asio::thread_pool& pool,
              event_log const& log,
              std::filesystem::path file,
              digest program);

  // The views up to the end of the log.
  // Errors: those of reading the log.
  [[nodiscard]] result<projections::views> load();
  // Saves whenever so many events have come; a child of a nursery.
  [[nodiscard]] async<void> run(sequencer& appended);
  // `state` is of the log's end.
  void save(projections::views const& state);

 private:
  [[nodiscard]] result<sequence> fold_and_save() const;

  boost::asio::any_io_executor executor_;
  boost::asio::thread_pool& pool_;
  event_log const& log_;
  std::filesystem::path file_;
  digest program_;
  sequence saved_;
};

}  // namespace dualwrite::engine
