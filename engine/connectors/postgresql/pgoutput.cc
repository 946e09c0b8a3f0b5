#include "engine/connectors/postgresql/pgoutput.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/lane_table.h"
#include "engine/connectors/postgresql/postgresql_values.h"
#include "events/row_image.h"

namespace dualwrite::engine::postgresql {
namespace {

// The server counts from 2000-01-01.
constexpr std::int64_t server_epoch_us = 946'684'800'000'000;

// A transaction that holds more is given in parts.
constexpr std::size_t part_bytes = 1U << 20U;

bool has_other_key(row_values const& before,
                   row_values const& after,
                   std::vector<std::size_t> const& key) {
  return std::any_of(
      key.begin(), key.end(), [&](std::size_t column) { return before[column] != after[column]; });
}

// Generated columns are never sent.
bool lacks_one(table_schema const& schema, std::vector<std::optional<std::size_t>> const& columns) {
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    bool const is_there = std::find(columns.begin(), columns.end(), i) != columns.end();
    if (!is_there && !schema.columns[i].generated) return true;
  }
  return false;
}

}  // namespace

// Reads past the end give zeros, and is_whole() is false from then on.
class pgoutput_reader::cursor {
 public:
  explicit cursor(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number(std::size_t size) {
    std::uint64_t out = 0;
    for (auto const letter : bytes(size)) out = out << 8U | static_cast<unsigned char>(letter);
    return out;
  }
  char letter() { return static_cast<char>(number(1)); }
  std::string_view text() {
    auto const end = rest_.find('\0');
    if (end == std::string_view::npos) return bytes(rest_.size() + 1);
    auto const out = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return out;
  }
  std::string_view bytes(std::size_t size) {
    if (size > rest_.size()) {
      whole_ = false;
      rest_ = {};
      return {};
    }
    auto const out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  bool is_whole() const { return whole_; }
  bool is_done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

pgoutput_reader::pgoutput_reader(std::uint64_t incarnation, std::vector<table_facts> tables)
    : incarnation_(incarnation) {
  for (auto& one : tables) {
    auto const object = one.object;
    tables_.emplace(object, std::move(one));
  }
}

std::vector<table_facts const*> pgoutput_reader::take_described() {
  return std::exchange(described_, {});
}

result<std::optional<captured_transaction>> pgoutput_reader::feed(std::string_view message) {
  std::optional<captured_transaction> const nothing;
  cursor from(message);
  switch (from.letter()) {
    case 'B':
      begin(from);
      break;
    case 'R':
      DW_CHECK(take_relation(from));
      break;
    case 'I':
      DW_CHECK(take_row(from, operation::insert));
      break;
    case 'U':
      DW_CHECK(take_row(from, operation::update));
      break;
    case 'D':
      DW_CHECK(take_row(from, operation::remove));
      break;
    case 'T':
      DW_CHECK(take_truncate(from));
      break;
    case 'M':
      DW_CHECK(take_message(from));
      break;
    case 'C':
      from.number(25);
      break;
    default:
      return nothing;
  }
  if (!from.is_whole()) return error{error_code::value_malformed, "a message of pgoutput is cut"};
  bool const ends = message.front() == 'C';
  bool const is_wanted = !now_.begins || !now_.rows.empty() || now_.mark;
  if (ends ? !is_wanted : bytes_ < part_bytes) return nothing;
  return std::optional{give(ends)};
}

// The position is just behind the begin of the commit's own record, which is known before the rows:
// the server leaves out what begins to commit before the place that a stream starts from.
std::uint64_t pgoutput_reader::begun_commit(std::string_view message) {
  cursor from(message);
  if (from.letter() != 'B') return 0;
  auto const place = from.number(8) + 1;
  return from.is_whole() ? place : 0;
}

void pgoutput_reader::begin(cursor& from) {
  now_ = {};
  bytes_ = 0;
  now_.position = {incarnation_, from.number(8) + 1};
  now_.committed_at.us = static_cast<std::int64_t>(from.number(8)) + server_epoch_us;
}

captured_transaction pgoutput_reader::give(bool ends) {
  auto part = std::exchange(now_, {});
  part.ends = ends;
  bytes_ = 0;
  now_.position = part.position;
  now_.committed_at = part.committed_at;
  now_.mark = part.mark;
  now_.begins = false;
  return part;
}

std::optional<std::uint64_t> pgoutput_reader::described_object(std::string_view message) {
  cursor from(message);
  if (from.letter() != 'R') return std::nullopt;
  auto const object = from.number(4);
  return from.is_whole() ? std::optional(object) : std::nullopt;
}

void pgoutput_reader::set_whole_of(std::uint64_t part, std::vector<std::uint64_t> whole) {
  whole_[part] = std::move(whole);
}

std::vector<table_facts const*> pgoutput_reader::captured_for(std::uint64_t object) const {
  std::vector<table_facts const*> out;
  auto const add = [&](std::uint64_t one) {
    auto const [first, last] = tables_.equal_range(one);
    for (auto at = first; at != last; ++at) out.push_back(&at->second);
  };
  add(object);
  auto const whole = whole_.find(object);
  if (whole == whole_.end()) return out;
  for (auto const one : whole->second) add(one);
  return out;
}

result<void> pgoutput_reader::take_relation(cursor& from) {
  auto const object = from.number(4);
  auto const in_schema = from.text();
  auto const name = from.text();
  from.number(1);
  relation fresh;
  for (auto const* table : captured_for(object)) fresh.as.push_back({table, {}});
  auto const count = from.number(2);
  for (std::uint64_t i = 0; i < count && from.is_whole(); ++i) {
    fresh.identity.push_back((from.number(1) & 1U) != 0);
    auto const column = from.text();
    from.number(8);
    for (auto& as : fresh.as) as.columns.push_back(as.of->schema.column_named(column));
  }
  for (auto& as : fresh.as) {
    as.lacks_columns = lacks_one(as.of->schema, as.columns);
    as.untold = find_untold(in_schema, name, as, fresh.identity);
    described_.push_back(as.of);
  }
  relations_[object] = std::move(fresh);
  return {};
}

// Somebody may have given the table another identity since it was looked at.
std::optional<error> pgoutput_reader::find_untold(std::string_view in_schema,
                                                  std::string_view name,
                                                  captured_as const& as,
                                                  std::vector<bool> const& identity) {
  for (std::size_t i = 0; i < as.columns.size(); ++i) {
    if (identity[i] || !as.columns[i]) continue;
    auto const& column = as.of->schema.columns[*as.columns[i]].name;
    auto const& needed = as.of->known_before;
    if (std::find(needed.begin(), needed.end(), column) == needed.end()) continue;
    return error{
        error_code::invalid_definition,
        fmt::format("a row was changed or removed while the replica identity of {}.{} lacked {}: "
                    "ALTER TABLE {}.{} REPLICA IDENTITY FULL",
                    in_schema,
                    name,
                    column,
                    quoted_name(in_schema),
                    quoted_name(name))};
  }
  return std::nullopt;
}

result<row_values> pgoutput_reader::take_values(cursor& from,
                                                captured_as const& as,
                                                std::vector<bool> const* identity) const {
  row_values out(as.of->schema.columns.size(), value::unchanged());
  auto const count = from.number(2);
  if (count > as.columns.size())
    return error{error_code::value_malformed, "a row has more columns than its table"};
  for (std::size_t i = 0; i < count && from.is_whole(); ++i) {
    auto const kind = from.letter();
    if (kind != 'n' && kind != 'u' && kind != 't')
      return error{error_code::value_malformed, "a value of pgoutput is of no known form"};
    auto const text = kind == 't' ? from.bytes(from.number(4)) : std::string_view{};
    bool const is_left_out =
        !as.columns[i] || kind == 'u' || (identity != nullptr && !(*identity)[i]);
    if (is_left_out) continue;
    auto& to = out[*as.columns[i]];
    if (kind == 'n') {
      to = value::null();
      continue;
    }
    to = read_value(text, as.of->schema.columns[*as.columns[i]]);
  }
  return out;
}

result<void> pgoutput_reader::take_row(cursor& from, operation op) {
  auto const known = relations_.find(from.number(4));
  if (known == relations_.end())
    return error{error_code::value_malformed, "a row of a table that was not described"};
  auto const begin = from;
  for (auto const& as : known->second.as) {
    if (now_.position.commit < as.of->begin) continue;
    from = begin;
    DW_CHECK(take_row_as(from, op, as, known->second.identity));
  }
  return {};
}

result<void> pgoutput_reader::take_row_as(cursor& from,
                                          operation op,
                                          captured_as const& as,
                                          std::vector<bool> const& identity) {
  row_values before;
  row_values after;
  if (op != operation::insert && as.untold) {
    lost_ = {as.of->schema.table};
    return *as.untold;
  }
  auto kind = from.letter();
  if (kind == 'K' || kind == 'O') {
    DW_TRY(before, take_values(from, as, kind == 'K' ? &identity : nullptr));
    if (op != operation::remove) kind = from.letter();
  }
  if (op != operation::remove) {
    if (kind != 'N') return error{error_code::value_malformed, "a row without its new values"};
    DW_TRY(after, take_values(from, as, nullptr));
    // The old row holds what did not change, where it is sent whole.
    for (std::size_t i = 0; i < after.size() && i < before.size(); ++i) {
      if (after[i].is_unchanged()) after[i] = before[i];
    }
  }
  auto const& schema = as.of->schema;
  if (op == operation::update && as.lacks_columns) {
    if (!before.empty() && has_other_key(before, after, schema.key))
      keep(schema.table, operation::remove, before, {});
    op = operation::insert;
    before.clear();
  }
  keep(schema.table, op, before, after);
  return {};
}

void pgoutput_reader::keep(std::string const& table,
                           operation op,
                           row_values const& before,
                           row_values const& after) {
  captured_row row{table, op, {}, {}};
  if (!before.empty()) row.before = encode_row(before);
  if (!after.empty()) row.after = encode_row(after);
  bytes_ += row.before.size() + row.after.size() + sizeof row;
  now_.rows.push_back(std::move(row));
}

result<void> pgoutput_reader::take_message(cursor& from) {
  bool const in_transaction = (from.number(1) & 1U) != 0;
  from.number(8);
  auto const prefix = from.text();
  auto const text = from.bytes(from.number(4));
  if (!in_transaction || prefix != message_prefix) return {};
  // Anybody may write such a message. A batch begins with its own; one that cannot be read is none.
  if (now_.mark) return {};
  auto const mark = parse_mark(text);
  if (mark) now_.mark = *mark;
  return {};
}

result<void> pgoutput_reader::take_truncate(cursor& from) {
  auto const count = from.number(4);
  from.number(1);
  for (std::uint64_t i = 0; i < count && from.is_whole(); ++i) {
    for (auto const* table : captured_for(from.number(4))) lost_.push_back(table->schema.table);
  }
  if (lost_.empty()) return {};
  return error{error_code::source_rewound,
               lost_.front() + " was truncated: its rows have to be copied again"};
}

}  // namespace dualwrite::engine::postgresql
