#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/config/reconcile.h"

namespace dualwrite::engine {
namespace {

constexpr std::array<std::string_view, 9> action_names{
    "create", "change", "rename", "adopt", "release", "delete", "differs", "unmanaged", "refused"};
constexpr std::array<std::string_view, 5> thing_names{"app", "link", "map", "rule", "plan"};

}  // namespace

std::string_view name_of(plan_action action) {
  return action_names[static_cast<std::size_t>(action)];
}
std::string_view name_of(plan_thing thing) {
  return thing_names[static_cast<std::size_t>(thing)];
}

std::string format_plan(std::vector<plan_step> const& steps) {
  std::string out;
  auto const into = std::back_inserter(out);
  for (auto const& step : steps) {
    fmt::format_to(into, "{:<10}{:<5}{}", name_of(step.action), name_of(step.thing), step.name);
    if (!step.target.empty()) fmt::format_to(into, " to {}", step.target);
    if (!step.detail.empty()) fmt::format_to(into, ": {}", step.detail);
    out.push_back('\n');
  }
  auto const acting =
      std::count_if(steps.begin(), steps.end(), [](auto const& one) { return one.acts(); });
  auto const count = [&](plan_action action) {
    return std::count_if(
        steps.begin(), steps.end(), [&](auto const& one) { return one.action == action; });
  };
  fmt::format_to(
      into, "{}", acting == 0 ? std::string("Nothing to do") : fmt::format("{} to do", acting));
  if (auto const differing = count(plan_action::differs))
    fmt::format_to(into, ", {} left as it is", differing);
  if (auto const refused = count(plan_action::refused))
    fmt::format_to(into, ", {} refused", refused);
  out += ".\n";
  return out;
}

}  // namespace dualwrite::engine
