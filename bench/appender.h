// The engine's way to the disk, to measure with: the sequencer with all its folds, the two threads
// that commit, and a new log in a folder; 20 links with 10 maps at work each.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "engine/decide/map_decider.h"
#include "engine/flow/nursery.h"
#include "engine/flow/sequencer.h"
#include "engine/runtime/commit_thread.h"
#include "engine/runtime/wall_clock.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite::bench {

struct working_map {
  link_id link;
  map_id map;
};

// Ends the program where the log fails.
class appender {
 public:
  static constexpr std::size_t links = 20;
  static constexpr std::size_t maps_of_a_link = 10;

  explicit appender(std::filesystem::path const& folder);
  ~appender();
  appender(appender const&) = delete;
  appender& operator=(appender const&) = delete;

  sequence submit(engine::command const& wish);
  // What make(0) to make(count - 1) give, by so many callers who wait each for what they submitted
  // to be durable.
  void append(std::size_t count,
              std::size_t callers,
              std::function<engine::drafts(std::size_t)> const& make);

  std::vector<working_map> const& maps() const { return maps_; }
  projections::views const& views() const { return sequencer_->views(); }

 private:
  // Runs it to its end.
  void run(std::vector<std::function<engine::async<void>()>> const& work);
  void define();

  boost::asio::io_context io_{1};
  engine::wall_clock time_;
  std::unique_ptr<rocks_event_log> log_;
  std::unique_ptr<engine::commit_thread> commits_;
  std::unique_ptr<engine::sequencer> sequencer_;
  engine::nursery appends_{io_.get_executor()};
  std::vector<working_map> maps_;
};

}  // namespace dualwrite::bench
