// Saves the views from time to time, so that a start has little to fold, and folds them anew.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <mutex>

#include "engine/flow/sequencer.h"
#include "events/store/snapshot_file.h"

namespace dualwrite::engine {

// Guarantees: never in the way of the engine: what is saved while it works is folded beside it,
// from the last snapshot on; where it cannot be saved, the next start folds more.
// Lifetime: the log outlives it; run() and rebuild() are joined before it is destroyed.
// Threads: the engine strand; folding and writing on the pool.
class view_keeper {
 public:
  view_keeper(boost::asio::any_io_executor executor,
              boost::asio::thread_pool& pool,
              event_log const& log,
              std::filesystem::path data_dir,
              digest program);

  // The views up to the end of the log. Of other programs it leaves the newest snapshot: it may
  // have been made for the next start, or be what a way back begins with.
  // Errors: those of reading the log.
  [[nodiscard]] result<projections::views> load();
  // Saves whenever so many events have come; a child of a nursery.
  [[nodiscard]] async<void> run(sequencer& appended);
  // `state` is of the log's end.
  void save(projections::views const& state);
  // Folds these views from the log's beginning while those that are there serve, and puts them in
  // their place between two events. Says which were in another state.
  // Errors: those of reading the log, `stopped`; the views are as they were then.
  [[nodiscard]] async<projections::view_set> rebuild(projections::view_set which,
                                                     sequencer& appended);

 private:
  [[nodiscard]] result<sequence> fold_and_save();
  void forget_saved();

  boost::asio::any_io_executor executor_;
  boost::asio::thread_pool& pool_;
  event_log const& log_;
  std::filesystem::path file_;
  digest program_;
  sequence saved_;
  std::mutex file_at_work_;  // on the pool a snapshot may be made of one that is to be forgotten
};

// Where a program's snapshot is.
[[nodiscard]] std::filesystem::path snapshot_path(std::filesystem::path const& data_dir,
                                                  digest const& program);

// Folds the log and saves the views at `to`, for this program's next start.
// Errors: those of reading the log; `folder_refused`.
[[nodiscard]] result<sequence> save_views_of(event_log const& log,
                                             std::filesystem::path const& to,
                                             digest const& program);

}  // namespace dualwrite::engine
