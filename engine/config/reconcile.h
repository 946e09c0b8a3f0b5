// What has to happen so that the log's definitions are those of the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/config/server_config.h"
#include "engine/decide/map_decider.h"
#include "projections/views.h"

namespace dualwrite::engine {

enum class plan_action : std::uint8_t {
  create,
  change,
  rename,
  adopt,      // made by hand until now; the file manages it from here on
  release,    // the file names it no more; it stays, and is changed by hand from here on
  remove,     // prune: the same, but it goes
  differs,    // a map at work takes the file's definition only by `config apply`
  unmanaged,  // the file does not name it
  refused,    // cannot be: see the detail
};
[[nodiscard]] std::string_view name_of(plan_action action);

enum class plan_thing : std::uint8_t { app, link, map, rule, plan };
[[nodiscard]] std::string_view name_of(plan_thing thing);

struct plan_step {
  plan_action action = plan_action::create;
  plan_thing thing = plan_thing::app;
  // "erp", "erp-crm", "erp-crm/customers": the name that it has when the step's turn comes.
  std::string name{};
  std::string detail{};  // what differs, why not
  std::string target{};  // rename: the new name, without the link

  // Whether something is done; else it is only told.
  bool acts() const { return action < plan_action::differs; }
  friend bool operator==(plan_step const&, plan_step const&) = default;
};

struct reconcile_wish {
  // A changed definition takes effect even where its map is at work: `config apply`.
  bool apply = false;
  // What a file made and this one does not name is deleted.
  bool prune = false;
};

// The steps in the order in which they are possible.
[[nodiscard]] std::vector<plan_step> reconcile(projections::views const& state,
                                               server_config const& config,
                                               reconcile_wish wish);

// The events of a step, when its turn has come: to be called as the sequencer's decision, since a
// step names what the steps before it made. A step that does not act has none.
// Errors: those of decide().
[[nodiscard]] result<drafts> decide_step(projections::views const& state,
                                         server_config const& config,
                                         plan_step const& step,
                                         origin const& from);

// "create    map  erp-crm/customers" and the like, one to a line, and how many are to be done.
[[nodiscard]] std::string format_plan(std::vector<plan_step> const& steps);

}  // namespace dualwrite::engine
