#include "engine/flow/table_watch.h"

#include <fmt/format.h>
#include <set>

#include "engine/decide/drift_decider.h"
#include "engine/mapping/columns_read.h"

namespace dualwrite::engine {
namespace {

async<void> tell(link_context& context, decision what) {
  auto const told = co_await context.log.decide(std::move(what));
  if (!told) co_return told.error();
  co_return result<void>{};
}

std::set<std::string> tables_at_work(link_context const& context, side of) {
  std::set<std::string> out;
  for (auto const& [map, row] : context.views().status.maps) {
    if (row.link != context.link || !row.captures()) continue;
    auto const definition = parse_definition(row.definition);
    if (definition) out.insert(definition->of(of).table);
  }
  return out;
}

}  // namespace

async<void> look_at_table(link_context& context, side of, std::string table) {
  DW_CO_TRY(auto const seen, co_await context.source(of).describe(std::move(table)));
  auto const link = context.link;
  auto const app = context.app(of);
  if (decide_observed(context.views(), link, app, seen).empty()) co_return result<void>{};
  decision what = [=](projections::views const& state) -> result<drafts> {
    return decide_observed(state, link, app, seen);
  };
  co_return co_await tell(context, std::move(what));
}

async<void> look_at_tables(link_context& context, side of) {
  for (auto const& table : tables_at_work(context, of)) {
    auto const looked = co_await look_at_table(context, of, table);
    if (looked) continue;
    if (looked.error().code != error_code::table_missing) co_return looked;
    auto const app = context.app(of);
    auto const name = context.views().status.apps.at(app);
    auto const why = fmt::format("{} has no table {} any more", name, table);
    decision what = [=](projections::views const& state) -> result<drafts> {
      return decide_gone(state, app, table, why);
    };
    DW_CO_CHECK(co_await tell(context, std::move(what)));
  }
  co_return result<void>{};
}

table_use use_of(map_definition const& definition, side of, table_role as) {
  auto const way = direction_from(of);
  table_use use;
  use.table = definition.of(of).table;
  use.captured = as == table_role::both && definition.writes(way);
  use.written = definition.writes(opposite(way));
  for (auto const& pair : definition.key)
    use.key.push_back(of == side::left ? pair.left : pair.right);
  if (!use.captured) return use;
  use.read = columns_read(definition, of);
  use.known_before = columns_known_before(definition, of);
  return use;
}

async<std::string> find_obstacles(link_context& context,
                                  map_definition const& definition,
                                  side of,
                                  table_role as) {
  auto use = use_of(definition, of, as);
  auto const table = use.table;
  DW_CO_TRY(auto const found, co_await context.source(of).find_obstacles(std::move(use)));
  std::string out;
  for (auto const& one : found)
    out +=
        fmt::format("{}{}: {} To fix it: {}", out.empty() ? "" : "\n", table, one.reason, one.fix);
  co_return out;
}

}  // namespace dualwrite::engine
