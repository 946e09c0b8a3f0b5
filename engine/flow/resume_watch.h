// Asks apps whether they answer again, for alert rules that resume by themselves what they paused.
#pragma once

#include <functional>

#include "engine/decide/resume_decider.h"
#include "engine/flow/sequencer.h"
#include "events/table_schema.h"

namespace dualwrite::engine {

// Errors: run() ends with an error only where the engine must stop; an app that does not answer is
// no such error.
// Lifetime: outlived by what `describe` refers to.
// Threads: the engine strand.
class resume_watch {
 public:
  // A table as its app describes it now.
  using describer = std::function<async<table_schema>(link_id, side, std::string)>;

  resume_watch(boost::asio::any_io_executor executor,
               sequencer& log,
               clock& time,
               describer describe);
  ~resume_watch();
  [[nodiscard]] async<void> run();

 private:
  [[nodiscard]] async<void> probe(resume_due due);
  [[nodiscard]] async<probe_answer> ask(std::vector<map_id> maps);

  sequencer& log_;
  clock& time_;
  describer describe_;
  bell wake_;
};

}  // namespace dualwrite::engine
