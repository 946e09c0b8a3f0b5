#include "engine/decide/map_transitions.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;

struct transition {
  map_state from;
  map_action action;
};

constexpr transition transitions[] = {
    {map_state::idle, map_action::run},           {map_state::idle, map_action::edit},
    {map_state::holding, map_action::run},        {map_state::holding, map_action::edit},
    {map_state::holding, map_action::rerun},      {map_state::holding, map_action::retry},
    {map_state::holding, map_action::erase},      {map_state::holding, map_action::stop},
    {map_state::initializing, map_action::pause}, {map_state::initializing, map_action::stop},
    {map_state::initializing, map_action::erase}, {map_state::running, map_action::pause},
    {map_state::running, map_action::stop},       {map_state::running, map_action::edit},
    {map_state::running, map_action::retry},      {map_state::running, map_action::erase},
    {map_state::paused, map_action::resume},      {map_state::paused, map_action::stop},
    {map_state::paused, map_action::edit},        {map_state::paused, map_action::erase},
    {map_state::resuming, map_action::pause},     {map_state::resuming, map_action::stop},
    {map_state::resuming, map_action::retry},     {map_state::resuming, map_action::erase},
};

constexpr map_action all_actions[] = {map_action::run,
                                      map_action::rerun,
                                      map_action::pause,
                                      map_action::resume,
                                      map_action::stop,
                                      map_action::edit,
                                      map_action::retry,
                                      map_action::erase};

// While an action is at work only a stop may overtake it, and a pause may interrupt a run that
// already works.
bool may_overtake(projections::map_row const& map, map_action action) {
  if (!map.pending || action == map_action::erase || action == map_action::retry) return true;
  if (action == map_action::stop) return map.pending_kind != event_type::StopRequested;
  return action == map_action::pause && map.pending_kind == event_type::RunRequested;
}

}  // namespace

std::string_view name_of(map_action action) {
  switch (action) {
    case map_action::run:
      return "run";
    case map_action::rerun:
      return "rerun";
    case map_action::pause:
      return "pause";
    case map_action::resume:
      return "resume";
    case map_action::stop:
      return "stop";
    case map_action::edit:
      return "edit";
    case map_action::retry:
      return "retry";
    case map_action::erase:
      return "delete";
  }
  return "unknown";
}

bool is_allowed(projections::map_row const& map, map_action action) {
  for (auto const& one : transitions) {
    if (one.from == map.state && one.action == action) return may_overtake(map, action);
  }
  return false;
}

std::vector<map_action> allowed_actions(projections::map_row const& map) {
  std::vector<map_action> allowed;
  for (auto const action : all_actions) {
    if (is_allowed(map, action)) allowed.push_back(action);
  }
  return allowed;
}

}  // namespace dualwrite::engine
