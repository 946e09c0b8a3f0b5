// The engine: views brought up to the log's end, the sequencer, and a runner for each link.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/decide/map_decider.h"
#include "engine/flow/alert_watch.h"
#include "engine/flow/clash_watch.h"
#include "engine/flow/link_runner.h"
#include "engine/flow/maintenance_watch.h"
#include "engine/flow/queue_watch.h"
#include "engine/flow/resume_watch.h"
#include "engine/flow/retention_watch.h"

namespace dualwrite::engine {

struct app_ports {
  source_app* source = nullptr;
  target_app* target = nullptr;
};

struct engine_settings {
  flow_options flow;
  flow_faults faults;
  sequencer_limits groups;
  sequencer_faults commit_faults;
  error_archive* archive = nullptr;  // of errors that are purged
};

// Guarantees: what it does after a start is what it would have gone on with.
// Errors: failure() tells why it ended by itself; the process then ends and is started again.
// Lifetime: the ports outlive it. stop() is awaited, or abandon() called, before it is destroyed.
// Threads: the engine strand.
class engine {
 public:
  engine(boost::asio::any_io_executor executor,
         durable_log& log,
         clock& time,
         time_zones const& zones,
         std::map<std::string, app_ports> apps,
         engine_settings settings,
         projections::views views);
  ~engine();

  void start();
  [[nodiscard]] async<void> stop();
  void abandon();

  // Ends the runners; join() tells when the last has ended, and why where it was not asked for.
  void cancel();
  [[nodiscard]] async<void> join();

  // A command with an id that was used in the last day is not taken again: it gets the outcome of
  // the first.
  // Errors: those of decide(); what a command is refused for is in the log too, with its author.
  [[nodiscard]] async<sequence> submit(command wish, std::string actor, std::string id);
  [[nodiscard]] async<sequence> submit(command wish, std::string actor);

  // A table as its app describes it now.
  // Errors: `unknown_link`, `unknown_app`, those of source_app.
  [[nodiscard]] async<table_schema> describe(link_id link, side of, std::string table);
  // The same of what keeps a table from being used, and of the tables that it refers to.
  [[nodiscard]] async<std::vector<obstacle>> find_obstacles(link_id link, side of, table_use use);
  [[nodiscard]] async<std::vector<std::string>> referred_tables(link_id link,
                                                                side of,
                                                                std::string table);

  // Nothing where it is not known: the app keeps no log of its own, or does not answer.
  [[nodiscard]] async<std::optional<source_lag>> lag(app_id app);
  // As target_app has it; empty also where that is not known.
  [[nodiscard]] async<std::string> waits_for(app_id app);

  // For facts of the server itself, and for what looks at the log beside the runners.
  sequencer& log() { return sequencer_; }

  projections::views const& views() const { return sequencer_.views(); }
  error const& failure() const { return children_.failure(); }
  bool is_stopping() const { return children_.stopping(); }

 private:
  // Nothing where it does not answer.
  app_ports const* at_hand(app_id app) const;
  [[nodiscard]] async<void> run_links();
  void start_link(link_id link);
  result<sequence> first_outcome(std::string const& id) const;
  result<source_app*> source_of_link(link_id link, side of) const;

  boost::asio::any_io_executor executor_;
  clock& time_;
  std::map<std::string, app_ports> apps_;
  engine_settings settings_;
  sequencer sequencer_;
  alert_watch alerts_;
  resume_watch resumes_;
  maintenance_watch maintenance_;
  queue_watch queues_;
  clash_watch clashes_;
  retention_watch retention_;
  bell wake_;
  std::map<link_id, std::unique_ptr<link_runner>> links_;
  nursery children_;
};

}  // namespace dualwrite::engine
