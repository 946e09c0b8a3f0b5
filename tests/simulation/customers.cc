#include "tests/simulation/customers.h"

#include <gtest/gtest.h>

#include "replay/rebuild.h"

namespace dualwrite::simulation {

table_schema customer_table() {
  table_schema schema;
  schema.table = "customer";
  schema.columns.resize(2);
  schema.columns[0].name = "id";
  schema.columns[0].type = value_type::int64;
  schema.columns[0].nullable = false;
  schema.columns[1].name = "name";
  schema.key = {0};
  return schema;
}

engine::map_definition customer_map(engine::conflict_policy conflict) {
  engine::map_definition definition;
  definition.name = "customers";
  definition.left.table = definition.right.table = "customer";
  definition.key = {{"id", "id"}};
  engine::column_pair name;
  name.left = name.right = "name";
  definition.columns = {name};
  definition.conflict = conflict;
  return definition;
}

row_values customer(std::int64_t id, std::string name) {
  return {value::of_int64(id), value::of_text(std::move(name))};
}
engine::row_change put(std::int64_t id, std::string name) {
  return {"customer", operation::update, customer(id, std::move(name))};
}
engine::row_change gone(std::int64_t id) {
  return {"customer", operation::remove, customer(id, {})};
}

customers::customers(engine::engine_settings settings) : here(settings) {
  here.left.add_table(customer_table());
  here.right.add_table(customer_table());
}

sequence customers::submit(engine::command wish) {
  auto const made = here.submit(std::move(wish));
  EXPECT_TRUE(made) << to_string(made ? error{} : made.error());
  return made ? *made : sequence{};
}

void customers::define(engine::conflict_policy conflict) {
  definition = customer_map(conflict);
  auto const left = app_id{submit(engine::register_app{"left", "memory"}).value};
  auto const right = app_id{submit(engine::register_app{"right", "memory"}).value};
  link = link_id{submit(engine::create_link{"erp-crm", left, right}).value};
  auto const text = engine::print_definition(definition);
  map = map_id{submit(engine::create_map{link, definition.name, text}).value};
}

void customers::start() {
  define();
  submit(engine::run_map{map});
  ASSERT_TRUE(comes_to(projections::map_state::running)) << to_string(here.failure());
}

bool customers::comes_to(projections::map_state wanted) {
  return here.run_until([&] { return state() == wanted; });
}

void customers::user(engine::memory_app& app, engine::row_change change) {
  ASSERT_TRUE(app.commit({std::move(change)}));
}

std::map<row_values, row_values> const& customers::rows(engine::memory_app& app) {
  return app.table("customer").rows;
}
bool customers::are_equal() {
  return rows(here.left) == rows(here.right);
}
bool customers::become_equal() {
  return here.run_until([&] { return are_equal(); });
}

std::size_t customers::count(event_type type) const {
  std::size_t out = 0;
  auto const cursor = here.log().read({sequence{1}, false, std::nullopt});
  while (true) {
    auto const stored = cursor->next();
    if (!stored || !*stored) return out;
    auto const event = decode(**stored);
    out += event && static_cast<event_type>(event->body.index()) == type ? 1 : 0;
  }
}

std::int64_t customers::queued() const {
  std::int64_t out = 0;
  for (auto const& [of, sums] : here.views().conservation.sums) out += sums.queued();
  return out;
}

void customers::expect_conserved() {
  EXPECT_EQ(0, queued());
  for (auto const& [of, sums] : here.views().conservation.sums)
    EXPECT_EQ(here.views().parked.count(of), sums.parked);
  auto const rebuilt = replay::rebuild(here.log());
  ASSERT_TRUE(rebuilt);
  EXPECT_EQ(projections::save(here.views()), projections::save(*rebuilt));
}

}  // namespace dualwrite::simulation
