#include "engine/connectors/sqlite/sqlite_chunks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/connectors/sqlite/change_log.h"
#include "engine/connectors/sqlite/sqlite_schema.h"
#include "engine/connectors/sqlite/sqlite_values.h"

namespace dualwrite::engine::sqlite {
namespace {

constexpr std::size_t whole_bytes_max = std::size_t{256} << 20;

std::string text_of(value const& number) {
  return std::to_string(number.as_int64());
}

// Whether a bound that is made of the value is this one for the database, too.
bool is_as_written(stored const& one, value const& is, column_schema const& column) {
  if (is.type() != column.type) return false;
  auto const written = to_stored(is, column);
  if (!written) return false;
  // What is bound to a numeric column as a text is compared as a number.
  if (column.type == value_type::decimal) return one.is != stored::kind::text;
  return written->is == one.is && written->integer == one.integer && written->bytes == one.bytes;
}

bool is_same_key(value const& found, value const& wanted) {
  bool const is_number = found.type() == value_type::int64 && wanted.type() == value_type::text;
  return is_number ? text_of(found) == wanted.as_string() : found == wanted;
}

struct chunk_query {
  chunk_query(table_schema const& table, chunk_request const& wish) : schema(table), request(wish) {
    for (auto const& column : schema.columns) columns.push_back(quoted_name(column.name));
    for (auto const column : request.key) {
      bool const by_text = request.by_text.contains(column);
      auto const& name = columns[column];
      key.push_back((by_text ? "CAST(" + name + " AS TEXT)" : name) + " COLLATE BINARY");
      conditions.push_back(name + " IS NOT NULL");
    }
  }

  result<void> bound(std::string_view compare, std::optional<row_values> const& by) {
    if (!by) return {};
    std::vector<std::string> places;
    for (std::size_t i = 0; i < request.key.size(); ++i) {
      auto const column = request.key[i];
      DW_TRY(auto one, to_stored((*by)[i], schema.columns[column]));
      if (request.by_text.contains(column)) {
        one.is = stored::kind::text;
        one.bytes = text_of((*by)[i]);
      }
      bounds.push_back(std::move(one));
      places.push_back(fmt::format("?{}", bounds.size()));
    }
    conditions.push_back(
        fmt::format("({}) {} ({})", fmt::join(key, ", "), compare, fmt::join(places, ", ")));
    return {};
  }

  // The rows as `behind` wants them.
  result<statement> prepare(database& on, std::string const& behind) const {
    DW_TRY(auto out,
           on.prepare(fmt::format("SELECT {} FROM {} WHERE {}{}",
                                  fmt::join(columns, ", "),
                                  quoted_name(schema.table),
                                  fmt::join(conditions, " AND "),
                                  behind)));
    for (std::size_t i = 0; i < bounds.size(); ++i) out.bind(static_cast<int>(i), bounds[i]);
    return out;
  }

  table_schema const& schema;
  chunk_request const& request;
  std::vector<std::string> columns;
  std::vector<std::string> key;
  std::vector<std::string> conditions;
  std::vector<stored> bounds;
};

struct read_row {
  row_values values;
  std::size_t bytes = 0;
  bool ends_chunks = true;  // the next chunk can begin behind it
};

// Of the row that the statement is at.
read_row row_at(statement const& rows, chunk_query const& query) {
  read_row out;
  auto const& schema = query.schema;
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    auto const one = rows.column(static_cast<int>(i));
    out.bytes += one.bytes.size();
    out.values.push_back(to_value(one, schema.columns[i]));
    auto const& key = query.request.key;
    bool const is_key = std::find(key.begin(), key.end(), i) != key.end();
    out.ends_chunks =
        out.ends_chunks && (!is_key || is_as_written(one, out.values.back(), schema.columns[i]));
  }
  return out;
}

// Whether all rows that were read may end a chunk; else they are not to be taken.
result<bool> read_part(statement& rows, chunk_query const& query, bool is_whole, chunk& out) {
  out.rows.clear();
  out.last = false;
  bool is_part = true;
  auto const limit = query.request.limit;
  for (std::size_t bytes = 0;;) {
    DW_TRY(bool const found, rows.step());
    out.last = !found && (is_whole || out.rows.size() < limit);
    if (!found) break;
    auto one = row_at(rows, query);
    bytes += one.bytes;
    is_part = is_part && one.ends_chunks;
    out.rows.push_back(std::move(one.values));
    bool const is_full = out.rows.size() >= limit || bytes >= copied_bytes_max;
    if (is_full && !is_whole) break;
    if (bytes > whole_bytes_max) {
      return error{error_code::value_not_convertible,
                   query.schema.table +
                       " is too large to be copied at once, as it has to be where "
                       "keys are stored otherwise than dualwrite writes them"};
    }
  }
  // What it has not read to its end would keep the snapshot.
  rows.reset();
  return is_part || out.last;
}

// The database puts a row in order by what is stored, the map by what we write.
result<void> read_range(database& on, chunk_query& query, chunk& out) {
  DW_CHECK(query.bound(">", query.request.after));
  DW_CHECK(query.bound("<=", query.request.until));
  auto const order = fmt::format(" ORDER BY {}", fmt::join(query.key, ", "));
  auto const limited = fmt::format("{} LIMIT {}", order, query.request.limit);
  DW_TRY(auto first, query.prepare(on, limited));
  DW_TRY(bool const is_part, read_part(first, query, false, out));
  if (is_part) return {};
  DW_TRY(auto rest, query.prepare(on, order));
  DW_CHECK(read_part(rest, query, true, out));
  return {};
}

result<void> find_among(database& on, chunk_query const& query, chunk& out) {
  DW_TRY(auto rows, query.prepare(on, {}));
  while (out.rows.empty()) {
    DW_TRY(bool const found, rows.step());
    if (!found) break;
    auto row = row_at(rows, query).values;
    bool is_it = true;
    for (std::size_t i = 0; i < query.request.key.size(); ++i)
      is_it = is_it && is_same_key(row[query.request.key[i]], (*query.request.only)[i]);
    if (is_it) out.rows.push_back(std::move(row));
  }
  rows.reset();
  return {};
}

// Where the row may be stored otherwise than its key is written it is looked for among all.
result<void> read_only(database& on, chunk_query& query, chunk& out) {
  auto const every = query;
  DW_CHECK(query.bound("=", query.request.only));
  DW_CHECK(find_among(on, query, out));
  auto const& key = query.request.key;
  bool const has_one_form = std::all_of(key.begin(), key.end(), [&](std::size_t column) {
    auto const& its = query.schema.columns[column];
    return its.type == value_type::int64 ||
           (its.type == value_type::text && !its.type_name.empty());
  });
  return has_one_form || !out.rows.empty() ? result<void>{} : find_among(on, every, out);
}

}  // namespace

result<chunk> read_chunk_of(database& on, chunk_request const& request) {
  DW_TRY(auto const snapshot, transaction::begin(on, "BEGIN"));
  DW_TRY(auto const facts, describe_table(on, request.table));
  chunk out;
  DW_TRY(out.snapshot, head_of(on));
  out.form = fingerprint(facts.schema);
  chunk_query query(facts.schema, request);
  DW_CHECK(request.only ? read_only(on, query, out) : read_range(on, query, out));
  return out;
}

}  // namespace dualwrite::engine::sqlite
