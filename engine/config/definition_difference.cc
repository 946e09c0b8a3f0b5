#include "engine/config/definition_difference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dualwrite::engine {
namespace {

struct places {
  std::vector<std::string> found{};

  template <class T>
  void compare(std::string_view place, T const& one, T const& other) {
    if (!(one == other)) found.emplace_back(place);
  }
};

void compare_side(places& into, std::string_view name, map_side const& one, map_side const& other) {
  into.compare(fmt::format("{}.table", name), one.table, other.table);
  into.compare(fmt::format("{}.filter", name), one.filter, other.filter);
  into.compare(fmt::format("{}.soft_delete", name), one.soft_delete, other.soft_delete);
}

void compare_column(places& into,
                    std::string const& place,
                    column_pair const& one,
                    column_pair const& other) {
  into.compare(place + ": direction", one.only, other.only);
  into.compare(place + ": value_map", one.value_map, other.value_map);
  into.compare(place + ": default", one.default_value, other.default_value);
  into.compare(place + ": expression", one.expression, other.expression);
  into.compare(place + ": conflict", one.conflict, other.conflict);
}

// Pairs are the same where they name the same columns; one may stand twice, once for each way.
void compare_columns(places& into,
                     std::vector<column_pair> const& known,
                     std::vector<column_pair> const& wanted) {
  auto const name = [](column_pair const& pair) {
    return fmt::format("column {}/{}", pair.left, pair.right);
  };
  std::vector<column_pair const*> rest;
  for (auto const& pair : wanted) rest.push_back(&pair);
  auto const before = into.found.size();
  for (auto const& pair : known) {
    auto const same = std::find_if(rest.begin(), rest.end(), [&](auto const* other) {
      return other->left == pair.left && other->right == pair.right;
    });
    if (same == rest.end()) {
      into.found.push_back(name(pair) + " goes");
      continue;
    }
    compare_column(into, name(pair), pair, **same);
    rest.erase(same);
  }
  for (auto const* pair : rest) into.found.push_back(name(*pair) + " comes");
  if (into.found.size() == before) into.compare("the order of columns", known, wanted);
}

// A map that is gone has no name, and is in no file.
void compare_maps(places& into,
                  projections::views const& state,
                  std::vector<map_id> const& known,
                  std::vector<std::string> const& wanted) {
  std::vector<std::string> names;
  for (auto const id : known) {
    auto const* row = state.status.find(id);
    names.push_back(row == nullptr ? std::string() : row->name);
  }
  into.compare("maps", names, wanted);
}

}  // namespace

std::vector<std::string> difference(std::string_view definition, map_definition const& wanted) {
  auto const parsed = parse_definition(definition);
  if (!parsed) return {"what the log has cannot be read"};
  auto const& known = *parsed;
  places into;
  compare_side(into, "left", known.left, wanted.left);
  compare_side(into, "right", known.right, wanted.right);
  into.compare("key", known.key, wanted.key);
  compare_columns(into, known.columns, wanted.columns);
  into.compare("conflict", known.conflict, wanted.conflict);
  into.compare("deletes", known.deletes, wanted.deletes);
  into.compare("delete_guard", known.delete_guard, wanted.delete_guard);
  into.compare("errors.keep", known.errors_kept, wanted.errors_kept);
  into.compare("errors.unit", known.park_whole_transaction, wanted.park_whole_transaction);
  into.compare("errors.export", known.errors_export, wanted.errors_export);
  into.compare("queue", known.queue, wanted.queue);
  into.compare("master", known.master, wanted.master);
  return std::move(into.found);
}

std::vector<std::string> difference(projections::views const& state,
                                    projections::alert_row const& rule,
                                    alert_config const& wanted) {
  auto const& known = rule.terms;
  auto const& terms = wanted.terms;
  places into;
  into.compare("when", known.subject, terms.subject);
  into.compare("when.errors", known.classes, terms.classes);
  into.compare("when.count", known.count, terms.count);
  into.compare("when.within", known.within_us, terms.within_us);
  compare_maps(into, state, known.maps, wanted.maps);
  into.compare("direction", known.ways, terms.ways);
  into.compare("per", known.per_map, terms.per_map);
  into.compare("notify", known.notify, terms.notify);
  into.compare("webhooks", known.webhooks, terms.webhooks);
  into.compare("then", known.action, terms.action);
  into.compare("resume", known.resume_after_us, terms.resume_after_us);
  into.compare("cooldown", known.cooldown_us, terms.cooldown_us);
  into.compare("apply", known.at_once, terms.at_once);
  into.compare("enabled", known.disabled, terms.disabled);
  return std::move(into.found);
}

std::vector<std::string> difference(projections::views const& state,
                                    projections::plan_row const& plan,
                                    maintenance_config const& wanted) {
  auto const& known = plan.terms;
  auto const& terms = wanted.terms;
  places into;
  into.compare("pause_at", known.pause_at, terms.pause_at);
  into.compare("resume_at", known.resume_at, terms.resume_at);
  into.compare("zone", known.zone, terms.zone);
  into.compare("repeat", known.repeat, terms.repeat);
  compare_maps(into, state, known.maps, wanted.maps);
  into.compare("notify", known.notify, terms.notify);
  into.compare("webhooks", known.webhooks, terms.webhooks);
  into.compare("announce", known.announce_us, terms.announce_us);
  return std::move(into.found);
}

}  // namespace dualwrite::engine
