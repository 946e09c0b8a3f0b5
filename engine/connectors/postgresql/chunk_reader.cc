#include "engine/connectors/postgresql/chunk_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/connectors/postgresql/change_stream.h"
#include "engine/connectors/postgresql/postgresql_values.h"

namespace dualwrite::engine::postgresql {
namespace {

result<statement> select(table_facts const& of, chunk_request const& request) {
  statement out;
  std::vector<std::string> columns;
  for (auto const& column : of.schema.columns) columns.push_back(quoted_name(column.name));
  std::vector<std::string> key;
  std::vector<std::string> places;
  std::vector<std::string> conditions;
  for (std::size_t i = 0; i < request.key.size(); ++i) {
    key.push_back(columns[request.key[i]]);
    places.push_back(fmt::format("${}", i + 1));
    conditions.push_back(key.back() + " IS NOT NULL");
  }
  auto const& bound = request.only ? request.only : request.after;
  if (bound) {
    conditions.push_back(fmt::format(
        "({}) {} ({})", fmt::join(key, ", "), request.only ? "=" : ">", fmt::join(places, ", ")));
    for (auto const& one : *bound) {
      DW_TRY(auto text, to_text(one));
      out.with.push_back(std::move(text));
    }
  }
  out.sql = fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {}",
                        fmt::join(columns, ", "),
                        of.sql_name,
                        fmt::join(conditions, " AND "),
                        fmt::join(key, ", "),
                        request.limit);
  return out;
}

}  // namespace

// Nobody alters it under the lock, nor gives another table its name.
result<void> chunk_reader::lock(connection& guard, std::string const& table) {
  auto const take = [&](table_facts const& facts) {
    return guard.execute("LOCK TABLE " + facts.sql_name + " IN SHARE MODE");
  };
  auto const known = tables_.find(table);
  if (known != tables_.end()) {
    auto const before = std::move(known->second);
    tables_.erase(known);
    DW_CHECK(take(before.facts));
    DW_TRY(auto const shape, shape_of(guard, before.facts));
    if (shape == before.shape) {
      tables_.emplace(table, before);
      return {};
    }
  }
  known_table fresh;
  DW_TRY(fresh.facts, describe_table(guard, table));
  DW_CHECK(take(fresh.facts));
  DW_TRY(fresh.facts, describe_table(guard, table));
  DW_TRY(fresh.shape, shape_of(guard, fresh.facts));
  tables_.insert_or_assign(table, std::move(fresh));
  return {};
}

result<chunk> chunk_reader::read(connection& on, connection& guard, chunk_request const& request) {
  chunk out;
  DW_TRY(auto still, transaction::begin(guard));
  DW_CHECK(guard.execute("SET LOCAL lock_timeout = '1s'"));
  DW_CHECK(lock(guard, request.table));
  auto const& facts = tables_.at(request.table).facts;
  DW_TRY(auto const wanted, select(facts, request));
  DW_TRY(auto const snapshot,
         transaction::begin(on, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  DW_TRY(out.snapshot, head_of(on));
  DW_CHECK(still.commit());
  DW_TRY(auto const rows, on.query(wanted.sql, wanted.with));
  for (int row = 0; row < rows.count(); ++row) {
    row_values values;
    for (int i = 0; i < rows.columns(); ++i) {
      if (rows.is_null(row, i)) {
        values.push_back(value::null());
        continue;
      }
      DW_TRY(auto one,
             to_value(rows.text(row, i), facts.schema.columns[static_cast<std::size_t>(i)]));
      values.push_back(std::move(one));
    }
    out.rows.push_back(std::move(values));
  }
  return out;
}

}  // namespace dualwrite::engine::postgresql
