#include "engine/connectors/postgresql/hand_over.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/refusal.h"
#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {
namespace {

constexpr char const* before_all = "SAVEPOINT dualwrite_hand_over";
constexpr char const* keep_all = "RELEASE dualwrite_hand_over";
constexpr char const* drop_all = "ROLLBACK TO dualwrite_hand_over; RELEASE dualwrite_hand_over";
constexpr char const* before_change = "SAVEPOINT dualwrite_change";
constexpr char const* keep_change = "RELEASE dualwrite_change";
constexpr char const* drop_change = "ROLLBACK TO dualwrite_change; RELEASE dualwrite_change";

bool has(std::vector<std::size_t> const& columns, std::size_t column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

}  // namespace

result<results_by_place> hand_over::write(std::size_t at, write_result const& refused) {
  under_way_ = {at};
  if (refused.code != unique_violation || !refused.taken_by || !giver(*refused.taken_by))
    return results_by_place{};
  DW_CHECK(on_.execute(before_all));
  DW_TRY(bool const done, write_all(refused));
  DW_CHECK(on_.execute(done ? keep_all : drop_all));
  return done ? std::move(written_) : results_by_place{};
}

result<bool> hand_over::write_all(write_result why) {
  while (!under_way_.empty()) {
    DW_TRY(bool const may, make_way(why));
    if (!may) return false;
    while (!under_way_.empty()) {
      auto const at = under_way_.back();
      auto wish = batch_.writes[at];
      if (auto const moved = moved_.find(at); moved != moved_.end()) wish.old_key = moved->second;
      DW_TRY(why, write_(wish));
      if (why.effect == write_effect::refused) break;
      written_.emplace(at, why);
      under_way_.pop_back();
    }
  }
  return check_deferred();
}

result<bool> hand_over::make_way(write_result const& refused) {
  if (refused.code != unique_violation || !refused.taken_by) return false;
  auto const constraint = on_.failure().constraint;
  for (auto const at : under_way_) {
    if (key_of(at) == refused.taken_by->values) return let_go(at, constraint);
  }
  auto const next = giver(*refused.taken_by);
  if (next) under_way_.push_back(*next);
  return next.has_value();
}

// The first write of a row behind the one that all this is for, if it may be written before.
std::optional<std::size_t> hand_over::giver(referenced_row const& row) {
  for (auto const at : batch_.writes_of(row)) {
    if (at <= under_way_.front() || written_.contains(at)) continue;
    auto const& wish = batch_.writes[at];
    bool const waits = wish.behind && *wish.behind >= batch_.next();
    if (waits || wish.kind == write_kind::insert_if_absent || batch_.known(at)) return std::nullopt;
    return at;
  }
  return std::nullopt;
}

result<bool> hand_over::let_go(std::size_t at, std::string const& constraint) {
  auto const& wish = batch_.writes[at];
  if (wish.kind != write_kind::upsert && wish.kind != write_kind::update) return false;
  DW_TRY(auto const rule, rule_of(constraint));
  auto const is_key = [&](std::size_t column) { return has(wish.key_columns, column); };
  bool const is_of_key = std::any_of(rule.columns.begin(), rule.columns.end(), is_key);
  // Of two rows with the same key the wrong one could be written.
  bool const can_wait = rule.can_wait && !is_of_key;
  auto const tries = tries_[{at, constraint}]++;
  if (can_wait && tries == 0) {
    DW_CHECK(on_.execute("SET CONSTRAINTS " + rule.name + " DEFERRED"));
    deferred_.insert(rule.name);
    return true;
  }
  if (tries > (can_wait ? 1 : 0)) return false;
  // A row that is captured comes back as it is left, but under each key that it had.
  DW_TRY(bool const keeps_key, is_captured());
  std::vector<std::pair<std::size_t, std::string>> ways;
  for (auto const column : rule.columns) {
    if (!is_key(column) && of_.schema.columns[column].nullable) ways.emplace_back(column, "NULL");
  }
  for (auto const column : rule.columns) {
    if (!is_key(column) || !keeps_key) ways.emplace_back(column, own_value(column));
  }
  for (auto const& [column, to] : ways) {
    if (to.empty() || !has(wish.columns, column)) continue;
    DW_TRY(bool const changed, change(at, column, to));
    if (changed) return true;
  }
  return false;
}

result<bool> hand_over::change(std::size_t at, std::size_t column, std::string const& to) {
  auto const& columns = batch_.writes[at].key_columns;
  std::vector<std::string> names;
  for (auto const one : columns) names.push_back(name_of(of_.schema, one));
  parameters with;
  DW_CHECK(add_values(with, key_of(at)));
  DW_CHECK(on_.execute(before_change));
  auto const done = on_.query(fmt::format("UPDATE {} SET {} = {} WHERE {} RETURNING {}",
                                          of_.sql_name,
                                          name_of(of_.schema, column),
                                          to,
                                          key_condition(of_.schema, columns, 1),
                                          fmt::join(names, ", ")),
                              with);
  if (!done && !is_of_the_row(done.error())) return done.error();
  bool const changed = done && done->count() == 1;
  DW_CHECK(on_.execute(changed ? keep_change : drop_change));
  if (!changed) return false;
  row_values key;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto const text = done->text(0, static_cast<int>(i));
    DW_TRY(auto one, to_value(text, of_.schema.columns[columns[i]]));
    key.push_back(std::move(one));
  }
  if (key != key_of(at)) moved_[at] = std::move(key);
  return true;
}

result<bool> hand_over::check_deferred() {
  for (auto const& name : deferred_) {
    auto const checked = on_.execute("SET CONSTRAINTS " + name + " IMMEDIATE");
    if (!checked && !is_of_the_row(checked.error())) return checked.error();
    if (!checked) return false;
  }
  return true;
}

result<bool> hand_over::is_captured() const {
  DW_TRY(auto const found,
         on_.query("SELECT EXISTS(SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = "
                   "c.relnamespace JOIN pg_publication_tables p ON p.schemaname = n.nspname AND "
                   "p.tablename = c.relname WHERE c.oid = $1::oid)",
                   {std::to_string(of_.object)}));
  return found.is_true(0, 0);
}

result<hand_over::unique_rule> hand_over::rule_of(std::string const& constraint) const {
  unique_rule out;
  DW_TRY(auto const rows,
         on_.query("SELECT a.attname, NOT i.indimmediate, format('%I.%I', n.nspname, c.relname) "
                   "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                   "JOIN pg_namespace n ON n.oid = c.relnamespace "
                   "CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place) "
                   "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
                   "WHERE i.indrelid = $1::oid AND c.relname = $2 AND k.place <= i.indnkeyatts "
                   "ORDER BY k.place",
                   {std::to_string(of_.object), constraint}));
  for (int i = 0; i < rows.count(); ++i) {
    out.can_wait = rows.is_true(i, 1);
    out.name = rows.text(i, 2);
    if (auto const column = of_.schema.column_named(rows.text(i, 0)))
      out.columns.push_back(*column);
  }
  return out;
}

std::string hand_over::own_value(std::size_t column) const {
  auto const& schema = of_.schema.columns[column];
  switch (schema.type) {
    case value_type::int64:
    case value_type::decimal:
    case value_type::float64:
      return fmt::format(
          "(SELECT min(o.{0}) - 1 FROM {1} AS o)", name_of(of_.schema, column), of_.sql_name);
    case value_type::uuid:
      return "gen_random_uuid()";
    case value_type::text:
      return schema.length_max == 0
                 ? std::string("gen_random_uuid()::text")
                 : fmt::format("left(gen_random_uuid()::text, {})", schema.length_max);
    default:
      return {};
  }
}

row_values const& hand_over::key_of(std::size_t at) const {
  if (auto const moved = moved_.find(at); moved != moved_.end()) return moved->second;
  auto const& wish = batch_.writes[at];
  return wish.old_key ? *wish.old_key : wish.key;
}

}  // namespace dualwrite::engine::postgresql
