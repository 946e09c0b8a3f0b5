// What the runners of one link share: its apps, its maps, the log, the time, and the ledger of what
// was handed out.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "engine/decide/delivery_decider.h"
#include "engine/decide/reference_circle.h"
#include "engine/flow/bell.h"
#include "engine/flow/definition_memo.h"
#include "engine/flow/flow_options.h"
#include "engine/flow/sequencer.h"
#include "engine/mapping/compiled_map.h"
#include "engine/ports/source_app.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine {

// Deliberate faults, each a mutation that the simulator must catch. All off in production.
struct flow_faults {
  delivery_faults delivery;
  bool echo_by_tag_alone = false;
  bool position_without_outcome = false;
  bool resume_seam_off_by_one = false;
};

// The compiled definitions of a link's maps, by version.
class map_catalogue {
 public:
  // Compiles the definition as the views have it, against the newest schemas; kept until version or
  // schemas change. Where it does not fit them any more the map is about to pause: until it does,
  // what is in hand goes by the schemas that it did fit.
  // Errors: `invalid_definition` with every problem in the detail; `unknown_map`.
  [[nodiscard]] result<std::shared_ptr<compiled_map const>> get(projections::views const& views,
                                                                map_id map);
  // The same, but nothing where it does not fit the newest schemas.
  [[nodiscard]] std::shared_ptr<compiled_map const> fitting(projections::views const& views,
                                                            map_id map);

 private:
  struct entry {
    std::uint32_t version = 0;
    schema_id left, right;  // the newest
    std::string left_table, right_table;
    std::shared_ptr<compiled_map const> compiled;  // perhaps against earlier schemas
    std::optional<error> misfit;                   // why it does not fit the newest
  };
  [[nodiscard]] static result<void> look(projections::views const& views,
                                         projections::map_row const& row,
                                         entry& kept);
  std::map<map_id, entry> entries_;
};

// Lifetime: outlives the runners of its link.
// Threads: the engine strand.
struct link_context {
  link_context(link_id id,
               projections::link_row const& row,
               sequencer& to,
               clock& clock,
               boost::asio::any_io_executor strand,
               flow_options settings,
               flow_faults mutations);

  link_id link;
  std::array<app_id, 2> apps;
  std::array<source_app*, 2> sources{};
  std::array<target_app*, 2> targets{};
  sequencer& log;
  clock& time;
  boost::asio::any_io_executor executor;
  flow_options options;
  flow_faults faults;
  key_ledger ledger;
  mutable map_catalogue maps;
  // Maps that catch-up lanes work on just now, by direction, once for each lane; the ranges that
  // they copy; and how far they have found nothing more to do.
  std::multiset<projections::map_way> at_work;
  std::set<std::pair<projections::map_way, std::size_t>> ranges_at_work;
  std::set<projections::map_way> in_doubt;
  std::map<projections::map_way, sequence> caught_up;
  // The requests whose tables were looked at, and may be captured for them.
  std::map<map_id, sequence> looked_at;
  // Maps that are about to be copied, when those that they refer to have been.
  std::set<map_id> held_back;
  // Up to where each direction's main lane has read with nothing left unsettled.
  std::array<sequence, 2> main_read;
  std::array<reference_circles, 2> circles;  // of parked rows, by direction
  // Raised twice when another app begins to be captured on a side, before that is in the log and
  // behind it: what was read from the side before, or while it is odd, may be of the former one.
  std::array<std::uint64_t, 2> openings{};
  // The keys of copied chunks, for some that were asked about.
  std::map<sequence, std::set<std::string>> chunk_keys;

  projections::views const& views() const { return log.views(); }
  source_app& source(side of) { return *sources[static_cast<std::size_t>(of)]; }
  target_app& target(side of) { return *targets[static_cast<std::size_t>(of)]; }
  std::uint64_t& opening_of(side of) { return openings[static_cast<std::size_t>(of)]; }
  app_id app(side of) const { return apps[static_cast<std::size_t>(of)]; }
  // Whether the app is known not to answer: only its breaker asks it for anything.
  bool is_away(side of) const { return views().outages.away.contains(app(of)); }
  reference_circles& circles_of(direction way) { return circles[static_cast<std::size_t>(way)]; }
  reference_circles const& circles_of(direction way) const {
    return circles[static_cast<std::size_t>(way)];
  }
  sequence& main_read_of(direction way) { return main_read[static_cast<std::size_t>(way)]; }

  // Up to where the map's records are settled, parked or waiting. Where its lane has only read past
  // others since then that is not in the log.
  [[nodiscard]] sequence position(map_id map, direction way) const;
  // The maps of this link that deliver this way.
  [[nodiscard]] bool is_mine(map_id map) const;
  // Whether the ledger has room for more writes of this direction. At its cap a lane waits until
  // its writes have come back, and for the other direction to read past them, unless that one is at
  // its cap as well.
  [[nodiscard]] bool may_hand(direction way) const;
  // Whether what is written this way is captured again on the target's side.
  [[nodiscard]] bool comes_back(direction way) const;
  // Whether it is, or a map that could let it be is there already.
  [[nodiscard]] bool may_come_back(direction way) const;

 private:
  struct ways_written {
    std::array<bool, 2> ways;
  };
  mutable definition_memo<ways_written> written_;
};

// Waits longer after each failure in a row, up to the limit.
[[nodiscard]] duration backoff(flow_options const& options, std::uint32_t failures);

// Whether an app says that a table is not what we take it for.
[[nodiscard]] bool is_drift(error_code code);

// Whether it is nothing that may heal, nor be mended while the engine works.
[[nodiscard]] bool ends_engine(error_code code);

// Whether a source says that changes are lost.
[[nodiscard]] bool is_loss(error_code code);

// Of an app that could not be read or written to.
[[nodiscard]] fault_class fault_of(error const& why);

}  // namespace dualwrite::engine
