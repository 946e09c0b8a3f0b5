#include "engine/connectors/postgresql/chunk_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/connectors/postgresql/change_stream.h"
#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/table_writers.h"

namespace dualwrite::engine::postgresql {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds dear_age_max{60};
constexpr int age_by_opening = 20;  // so that what it costs to open one is a small part
// Rows may be much larger than those before them.
constexpr std::size_t fetched_max = 500;
constexpr double sampled_pages = 1000;
constexpr int quiet_tries = 3;
constexpr std::chrono::milliseconds writer_wait_max{500};
constexpr char const* begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

// The columns as rows are put in order by: where the server's own order of a type is another than
// ours, by its bytes.
template <class Request>
std::string order_of_key(table_facts const& of, Request const& request) {
  std::vector<std::string> parts;
  for (auto const column : request.key) {
    auto name = quoted_name(of.schema.columns[column].name);
    bool const is_ordered = of.forms[column].is_ordered && !request.by_text.contains(column);
    parts.push_back(is_ordered ? name : name + "::text COLLATE \"C\"");
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string all_columns(table_facts const& of) {
  std::vector<std::string> columns;
  for (auto const& column : of.schema.columns) columns.push_back(quoted_name(column.name));
  return fmt::format("{}", fmt::join(columns, ", "));
}

result<void> add_bound(std::vector<std::string>& conditions,
                       statement& into,
                       std::string_view key,
                       std::string_view compare,
                       std::optional<row_values> const& bound) {
  if (!bound) return {};
  std::vector<std::string> places;
  for (auto const& one : *bound) {
    DW_TRY(auto text, to_text(one));
    into.with.push_back(std::move(text));
    places.push_back(fmt::format("${}", into.with.size()));
  }
  conditions.push_back(fmt::format("({}) {} ({})", key, compare, fmt::join(places, ", ")));
  return {};
}

result<statement> select(table_facts const& of, chunk_request const& request) {
  statement out;
  std::vector<std::string> names;
  std::vector<std::string> conditions;
  for (auto const column : request.key) {
    names.push_back(quoted_name(of.schema.columns[column].name));
    conditions.push_back(names.back() + " IS NOT NULL");
  }
  auto const order = order_of_key(of, request);
  if (request.only) {
    auto const key = fmt::format("{}", fmt::join(names, ", "));
    DW_CHECK(add_bound(conditions, out, key, "=", request.only));
  } else {
    DW_CHECK(add_bound(conditions, out, order, ">", request.after));
    DW_CHECK(add_bound(conditions, out, order, "<=", request.until));
  }
  out.sql = fmt::format(
      "DECLARE dualwrite_chunks NO SCROLL CURSOR FOR SELECT {} FROM {} WHERE {} ORDER BY {}",
      all_columns(of),
      of.sql_name,
      fmt::join(conditions, " AND "),
      order);
  return out;
}

std::size_t add_rows(std::vector<row_values>& to, answer const& rows, table_schema const& schema) {
  std::size_t bytes = 0;
  for (int row = 0; row < rows.count(); ++row) {
    row_values values;
    values.reserve(schema.columns.size());
    for (int i = 0; i < rows.columns(); ++i) {
      if (rows.is_null(row, i)) {
        values.push_back(value::null());
        continue;
      }
      auto const text = rows.text(row, i);
      bytes += text.size();
      values.push_back(read_value(text, schema.columns[static_cast<std::size_t>(i)]));
    }
    to.push_back(std::move(values));
  }
  return bytes;
}

// Nothing can be read behind a key that cannot be read itself. The server sorts such keys, which
// are beyond what we keep of their type, beside each other.
bool ends_readable(std::vector<row_values> const& rows,
                   std::vector<std::size_t> const& key,
                   table_schema const& schema) {
  return rows.empty() || std::none_of(key.begin(), key.end(), [&](std::size_t column) {
           return rows.back()[column].type() == value_type::opaque &&
                  schema.columns[column].type != value_type::opaque;
         });
}

// How much of a table a sample takes that is large enough to know the others by.
result<double> sampled_percent(connection& on, table_facts const& of) {
  DW_TRY(
      auto const pages,
      on.query("SELECT coalesce(sum(pg_relation_size(relid)), pg_relation_size($1::oid))::bigint "
               "/ current_setting('block_size')::bigint FROM pg_partition_tree($1::oid)",
               {std::to_string(of.object)}));
  auto const all = static_cast<double>(pages.integer(0, 0));
  return all <= sampled_pages ? 100 : 100 * sampled_pages / all;
}

std::string sample_of(double percent) {
  return percent < 100 ? fmt::format(" TABLESAMPLE SYSTEM ({:.6f})", percent) : std::string();
}

bool is_same_range(chunk_request const& one, chunk_request const& other) {
  return one.copy == other.copy && one.table == other.table && one.key == other.key &&
         one.by_text == other.by_text && one.after == other.after && one.until == other.until &&
         one.only == other.only;
}

struct placed_snapshot {
  transaction in;
  source_position at;
};

// The transactions that a session sees as ended.
result<std::string> seen_by(connection& on) {
  DW_TRY(auto const now, on.query("SELECT pg_current_snapshot()"));
  return std::string(now.text(0, 0));
}

// Nothing where somebody is in the way each time.
result<std::optional<placed_snapshot>> begin_quietly(connection& on,
                                                     connection& guard,
                                                     table_facts const& of) {
  for (int i = 0; i < quiet_tries; ++i) {
    DW_TRY(auto const before, seen_by(guard));
    DW_TRY(auto const position, head_of(guard));
    DW_TRY(auto snapshot, transaction::begin(on, begin_snapshot));
    DW_TRY(auto const seen, seen_by(on));
    if (seen != before) continue;
    DW_TRY(auto const writers, writers_of(guard, of.object));
    if (!writers.empty()) continue;
    DW_TRY(auto const after, seen_by(guard));
    if (after == seen) return placed_snapshot{std::move(snapshot), position};
  }
  return std::nullopt;
}

// Who writes to it waits for a moment.
result<placed_snapshot> begin_alone(connection& on, connection& guard, table_facts const& of) {
  DW_TRY(auto const writers, writers_of(guard, of.object));
  DW_TRY(auto const left, await_end(guard, writers, writer_wait_max));
  if (left)
    return error{error_code::app_busy, *left + " writes to " + of.schema.table + " all the time"};
  DW_CHECK(guard.execute("LOCK TABLE " + of.sql_name + " IN SHARE MODE"));
  DW_TRY(auto snapshot, transaction::begin(on, begin_snapshot));
  DW_TRY(auto const position, head_of(on));
  return placed_snapshot{std::move(snapshot), position};
}

result<placed_snapshot> begin_placed(connection& on, connection& guard, table_facts const& of) {
  DW_TRY(auto quiet, begin_quietly(on, guard, of));
  if (quiet) return std::move(*quiet);
  return begin_alone(on, guard, of);
}

}  // namespace

// Nobody alters it meanwhile, nor gives another table its name.
result<void> chunk_reader::hold(connection& guard, std::string const& table) {
  auto const take = [&](table_facts const& facts) {
    return guard.execute("LOCK TABLE " + facts.sql_name + " IN ACCESS SHARE MODE");
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

bool chunk_reader::goes_on(chunk_request const& request) const {
  return cursor_ && request.copy != 0 && is_same_range(cursor_->next, request) &&
         steady_clock::now() < cursor_->until;
}

result<chunk> chunk_reader::read(connection& on, connection& guard, chunk_request const& request) {
  if (goes_on(request)) return go_on(on, request.limit);
  cursor_.reset();
  auto const begun = steady_clock::now();
  DW_CHECK(open(on, guard, request));
  auto first = go_on(on, request.limit);
  if (cursor_) {
    steady_clock::duration const dear = age_by_opening * (steady_clock::now() - begun);
    cursor_->until = begun + std::max<steady_clock::duration>(
                                 age_, std::min<steady_clock::duration>(dear, dear_age_max));
  }
  if (request.copy == 0) cursor_.reset();
  return first;
}

result<void> chunk_reader::open(connection& on, connection& guard, chunk_request const& request) {
  DW_TRY(auto still, transaction::begin(guard));
  DW_CHECK(guard.execute(fmt::format("SET LOCAL lock_timeout = {}", writer_wait_max.count())));
  DW_CHECK(hold(guard, request.table));
  auto const& facts = tables_.at(request.table).facts;
  DW_TRY(auto const wanted, select(facts, request));
  DW_TRY(auto begun, begin_placed(on, guard, facts));
  DW_CHECK(still.commit());
  // The first rows are wanted soon, and only a part of them by this cursor. Where a policy hides
  // some of them the server refuses, rather than to give the others.
  DW_CHECK(
      on.execute("SET LOCAL cursor_tuple_fraction = 0.001; SET LOCAL row_security = off; "
                 "SET LOCAL idle_in_transaction_session_timeout = '10s'"));
  DW_TRY(auto const declared, on.query(wanted.sql, wanted.with));
  cursor_.emplace(open_cursor{std::move(begun.in), request, facts.schema, begun.at, {}});
  return {};
}

// As many rows as are wanted, but fewer where they are large.
result<chunk> chunk_reader::go_on(connection& on, std::size_t limit) {
  auto& from = *cursor_;
  chunk out;
  out.snapshot = from.snapshot;
  out.form = fingerprint(from.schema);
  out.last = false;
  std::size_t bytes = 0;
  auto const is_full = [&] { return out.rows.size() >= limit || bytes >= copied_bytes_max; };
  while (!out.last && !(is_full() && ends_readable(out.rows, from.next.key, from.schema))) {
    auto const fitting =
        is_full() || from.row_bytes == 0 ? 1 : (copied_bytes_max - bytes) / from.row_bytes;
    auto const room = is_full() ? 1 : std::min(fetched_max, limit - out.rows.size());
    auto const wanted = std::clamp<std::size_t>(fitting, 1, room);
    auto const rows = on.query(fmt::format("FETCH {} FROM dualwrite_chunks", wanted));
    if (!rows) {
      cursor_.reset();
      return rows.error();
    }
    auto const got = add_rows(out.rows, *rows, from.schema);
    bytes += got;
    auto const count = static_cast<std::size_t>(rows->count());
    if (count > 0) from.row_bytes = std::max<std::size_t>(got / count, 1);
    out.last = count < wanted;
  }
  if (out.last) {
    cursor_.reset();
    return out;
  }
  row_values key;
  for (auto const column : from.next.key) key.push_back(out.rows.back()[column]);
  from.next.after = std::move(key);
  return out;
}

result<std::vector<row_values>> split_table(connection& on, split_request const& wish) {
  DW_TRY(auto const facts, describe_table(on, wish.table));
  DW_TRY(auto const percent, sampled_percent(on, facts));
  std::vector<std::string> names;
  std::vector<std::string> conditions;
  for (auto const column : wish.key) {
    names.push_back(quoted_name(facts.schema.columns[column].name));
    conditions.push_back(names.back() + " IS NOT NULL");
  }
  auto const key = fmt::format("{}", fmt::join(names, ", "));
  DW_TRY(
      auto const ends,
      on.query(fmt::format("SELECT {0} FROM (SELECT {0}, row_number() OVER (ORDER BY {1}) AS "
                           "\"dualwrite row\", count(*) OVER () / {2} AS \"dualwrite part\" "
                           "FROM {3}{4} WHERE {5}) s WHERE "
                           "\"dualwrite part\" > 0 AND \"dualwrite row\" % \"dualwrite part\" = 0 "
                           "ORDER BY \"dualwrite row\" LIMIT {6}",
                           key,
                           order_of_key(facts, wish),
                           wish.parts,
                           facts.sql_name,
                           sample_of(percent),
                           fmt::join(conditions, " AND "),
                           wish.parts - 1)));
  std::vector<row_values> out;
  for (int row = 0; row < ends.count(); ++row) {
    row_values one;
    for (std::size_t i = 0; i < wish.key.size(); ++i) {
      auto const& column = facts.schema.columns[wish.key[i]];
      DW_TRY(auto part, to_value(ends.text(row, static_cast<int>(i)), column));
      one.push_back(std::move(part));
    }
    out.push_back(std::move(one));
  }
  return out;
}

result<std::uint64_t> about_how_many(connection& on, std::string const& table) {
  DW_TRY(auto const facts, describe_table(on, table));
  DW_TRY(auto const percent, sampled_percent(on, facts));
  DW_TRY(auto const counted,
         on.query(fmt::format("SELECT count(*) FROM {}{}", facts.sql_name, sample_of(percent))));
  return static_cast<std::uint64_t>(static_cast<double>(counted.integer(0, 0)) * 100 / percent);
}

}  // namespace dualwrite::engine::postgresql
