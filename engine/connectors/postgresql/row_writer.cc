#include "engine/connectors/postgresql/row_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/row_sql.h"
#include "engine/connectors/postgresql/value_taker.h"

namespace dualwrite::engine::postgresql {
namespace {

// More behind one savepoint cost less where none is refused, and more where one is.
constexpr std::size_t run_rows = 16;

constexpr char const* before_run = "SAVEPOINT dualwrite_run";
constexpr char const* keep_run = "RELEASE dualwrite_run";
constexpr char const* drop_run = "ROLLBACK TO dualwrite_run";
constexpr char const* before_row = "SAVEPOINT dualwrite_row";
constexpr char const* keep_row = "RELEASE dualwrite_row";
constexpr char const* drop_row = "ROLLBACK TO dualwrite_row; RELEASE dualwrite_row";
constexpr char const* check_all = "SET CONSTRAINTS ALL IMMEDIATE";

constexpr std::string_view foreign_key_violation = "23503";
constexpr std::string_view unique_violation = "23505";
constexpr std::string_view insufficient_privilege = "42501";

// "Key (email)=(b@y) already exists." names the columns of a constraint; the first one is told.
std::string column_in(std::string const& text) {
  constexpr std::string_view before = "Key (";
  auto const at = text.find(before);
  if (at == std::string::npos) return {};
  auto const begin = at + before.size();
  return text.substr(begin, text.find_first_of(",)", begin) - begin);
}

bool is_of_the_row(error const& why) {
  return why.code == error_code::row_refused || why.code == error_code::table_missing ||
         why.code == error_code::value_not_convertible;
}

// The others of a source transaction that is delivered whole are refused for the sake of one.
void refuse_group(std::span<target_write const> writes,
                  std::size_t at,
                  write_result const& one,
                  row_writer::refusals& refused) {
  for (std::size_t other = 0; other < writes.size(); ++other) {
    if (writes[other].group != writes[at].group || other == at) continue;
    auto& with = refused[other];
    with.effect = write_effect::refused;
    with.kind = one.kind;
    with.code = "TRANSACTION";
    with.text = "another row of the same source transaction was refused: " + one.text;
    with.for_group = true;
  }
  refused[at] = one;
}

// Changes with everything that describe_table() tells of columns.
result<std::string> shape_of(connection& on, std::uint64_t table) {
  DW_TRY(auto const rows,
         on.query("SELECT string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod, "
                  "attnotnull, atthasdef, attidentity, attgenerated), ',' ORDER BY attnum) "
                  "FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped",
                  {std::to_string(table)}));
  return std::string(rows.text(0, 0));
}

}  // namespace

result<table_facts const*> row_writer::table(std::string const& name) {
  auto const known = tables_.find(name);
  if (known != tables_.end()) return &known->second.facts;
  known_table fresh;
  DW_TRY(fresh.facts, describe_table(on_, name));
  DW_TRY(fresh.shape, shape_of(on_, fresh.facts.object));
  fresh.fingerprint = fingerprint(fresh.facts.schema);
  return &tables_.emplace(name, std::move(fresh)).first->second.facts;
}

// The lock is the one that the writes will take; nobody alters a table under it.
result<void> row_writer::check(std::span<table_form const> forms) {
  for (auto const& form : forms) {
    DW_TRY(auto const* facts, table(form.table));
    auto const locked = on_.execute("LOCK TABLE " + facts->sql_name + " IN ROW EXCLUSIVE MODE");
    if (!locked) {
      forget();
      return locked;
    }
    DW_TRY(auto const shape, shape_of(on_, facts->object));
    if (shape != tables_.at(form.table).shape) {
      tables_.erase(form.table);
      DW_CHECK(table(form.table));
    }
    if (tables_.at(form.table).fingerprint != form.fingerprint)
      return error{error_code::table_changed, form.table};
  }
  return {};
}

std::optional<write_result> row_writer::attempt::known() const {
  if (auto const before = refused.find(next()); before != refused.end()) return before->second;
  auto const& behind = writes[next()].behind;
  if (!behind || !holds_back(writes[*behind], results[*behind])) return std::nullopt;
  write_result held;
  held.effect = write_effect::held;
  return held;
}

void row_writer::attempt::keep(write_result one) {
  auto const at = next();
  if (one.effect == write_effect::refused && writes[at].whole_group && !refused.contains(at)) {
    refuse_group(writes, at, one, refused);
    is_over = true;
  }
  results.push_back(std::move(one));
}

result<std::optional<std::vector<write_result>>> row_writer::write(
    std::span<target_write const> writes, refusals& refused, care with) {
  attempt to{writes, refused};
  while (!to.is_over && to.next() < writes.size()) {
    if (with == care::none) {
      DW_CHECK(write_plainly(to));
    } else if (with == care::runs) {
      DW_CHECK(write_run(to));
    } else {
      DW_CHECK(write_alone(to, true));
    }
  }
  if (to.is_over) return std::optional<std::vector<write_result>>{};
  return std::optional{std::move(to.results)};
}

result<void> row_writer::write_plainly(attempt& to) {
  DW_TRY(to.is_over, meets_refusal(to, to.writes.size()));
  return {};
}

result<void> row_writer::write_run(attempt& to) {
  auto const begin = to.next();
  auto const until = std::min(begin + run_rows, to.writes.size());
  DW_CHECK(on_.execute(before_run));
  DW_TRY(bool const refuses, meets_refusal(to, until));
  if (!refuses) return on_.execute(keep_run);
  // What stood before it is written again; then it comes alone.
  auto const refused = to.next();
  to.results.resize(begin);
  DW_CHECK(on_.execute(drop_run));
  DW_TRY(bool const refuses_now, meets_refusal(to, refused));
  if (refuses_now) {
    to.results.resize(begin);
    DW_CHECK(on_.execute(drop_run));
  }
  DW_CHECK(on_.execute(keep_run));
  while (!to.is_over && to.next() <= refused) DW_CHECK(write_alone(to, false));
  return {};
}

result<bool> row_writer::meets_refusal(attempt& to, std::size_t until) {
  while (to.next() < until) {
    auto one = to.known();
    if (!one) {
      auto const& wish = to.writes[to.next()];
      DW_TRY(auto const* of, table(wish.table));
      DW_TRY(one, write_one(wish, *of));
      if (one->effect == write_effect::refused) return true;
    }
    to.keep(std::move(*one));
  }
  return false;
}

result<void> row_writer::write_alone(attempt& to, bool checks) {
  auto one = to.known();
  if (!one) {
    auto const& wish = to.writes[to.next()];
    DW_TRY(auto const* of, table(wish.table));
    DW_TRY(one, guarded(wish, *of, checks));
  }
  to.keep(std::move(*one));
  return {};
}

result<write_result> row_writer::guarded(target_write const& wish,
                                         table_facts const& of,
                                         bool checks) {
  DW_CHECK(on_.execute(before_row));
  DW_TRY(auto one, write_one(wish, of));
  if (one.code == unique_violation && wish.kind != write_kind::remove) {
    // Somebody may have inserted the row after it was looked for: then it is seen now.
    DW_CHECK(on_.execute("ROLLBACK TO dualwrite_row"));
    DW_TRY(one, write_one(wish, of));
  }
  if (one.effect != write_effect::refused && checks) {
    auto const checked = on_.execute(check_all);
    if (!checked && !is_of_the_row(checked.error())) return checked.error();
    if (!checked) one = refusal(checked.error());
  }
  auto const constraint = on_.failure().constraint;
  DW_CHECK(on_.execute(one.effect == write_effect::refused ? drop_row : keep_row));
  if (one.code == foreign_key_violation) one.references = missing_reference(wish, of, constraint);
  if (one.code == unique_violation && wish.kind != write_kind::remove) {
    DW_TRY(one.taken_by, taker_of(on_, wish, of, constraint));
  }
  return one;
}

result<write_result> row_writer::write_one(target_write const& wish, table_facts const& of) {
  if (wish.kind == write_kind::remove) return remove(wish, of);
  std::optional<row_values> there;
  bool under_old = false;
  auto const look = [&](row_values const& key) -> result<write_result> {
    auto found = find(wish, of, key);
    if (!found && is_of_the_row(found.error())) return refusal(found.error());
    if (!found) return found.error();
    there = std::move(*found);
    return write_result{};
  };
  if (wish.old_key) {
    DW_TRY(auto const looked, look(*wish.old_key));
    if (looked.effect == write_effect::refused) return looked;
    under_old = there.has_value();
  }
  if (!there) {
    DW_TRY(auto const looked, look(wish.key));
    if (looked.effect == write_effect::refused) return looked;
  }
  write_result out;
  if (!there) {
    if (wish.kind != write_kind::update) return insert(wish, of);
    out.effect = write_effect::missing;
    return out;
  }
  if (*there == wish.values) return out;
  if (wish.kind == write_kind::insert_if_absent) {
    out.effect = write_effect::kept;
    return out;
  }
  return update(wish, of, under_old ? *wish.old_key : wish.key);
}

result<std::optional<row_values>> row_writer::find(target_write const& wish,
                                                   table_facts const& of,
                                                   row_values const& key) {
  std::vector<std::string> names;
  for (auto const column : wish.columns) names.push_back(name_of(of.schema, column));
  if (names.empty()) names.emplace_back("1");
  parameters with;
  DW_CHECK(add_values(with, key));
  DW_TRY(auto const rows,
         on_.query(fmt::format("SELECT {} FROM {} WHERE {} FOR UPDATE",
                               fmt::join(names, ", "),
                               of.sql_name,
                               key_condition(of.schema, wish.key_columns, 1)),
                   with));
  if (rows.count() == 0) return std::optional<row_values>{};
  row_values values;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    auto const at = static_cast<int>(i);
    if (rows.is_null(0, at)) {
      values.push_back(value::null());
      continue;
    }
    DW_TRY(auto one, to_value(rows.text(0, at), of.schema.columns[wish.columns[i]]));
    values.push_back(std::move(one));
  }
  return std::optional{std::move(values)};
}

result<write_result> row_writer::insert(target_write const& wish, table_facts const& of) {
  std::vector<std::string> names;
  std::vector<std::string> places;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    names.push_back(name_of(of.schema, wish.columns[i]));
    places.push_back(fmt::format("${}", i + 1));
  }
  parameters with;
  auto const added = add_values(with, wish.values);
  if (!added) return refusal(added.error());
  return ran(on_.query(fmt::format("INSERT INTO {}({}) VALUES({})",
                                   of.sql_name,
                                   fmt::join(names, ", "),
                                   fmt::join(places, ", ")),
                       with),
             write_effect::inserted);
}

result<write_result> row_writer::update(target_write const& wish,
                                        table_facts const& of,
                                        row_values const& there_under) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < wish.columns.size(); ++i)
    parts.push_back(fmt::format("{} = ${}", name_of(of.schema, wish.columns[i]), i + 1));
  parameters with;
  auto added = add_values(with, wish.values);
  if (added) added = add_values(with, there_under);
  if (!added) return refusal(added.error());
  return ran(
      on_.query(fmt::format("UPDATE {} SET {} WHERE {}",
                            of.sql_name,
                            fmt::join(parts, ", "),
                            key_condition(of.schema, wish.key_columns, wish.columns.size() + 1)),
                with),
      write_effect::updated);
}

result<write_result> row_writer::remove(target_write const& wish, table_facts const& of) {
  parameters with;
  // A key that cannot be stored is not there.
  if (!add_values(with, wish.key)) return write_result{};
  auto const gone = on_.query(
      fmt::format(
          "DELETE FROM {} WHERE {}", of.sql_name, key_condition(of.schema, wish.key_columns, 1)),
      with);
  DW_TRY(auto out, ran(gone, write_effect::removed));
  if (out.effect == write_effect::removed && gone->changed() == 0) out.effect = write_effect::equal;
  return out;
}

result<write_result> row_writer::ran(result<answer> how, write_effect effect) const {
  if (!how && !is_of_the_row(how.error())) return how.error();
  if (!how) return refusal(how.error());
  write_result out;
  out.effect = effect;
  return out;
}

write_result row_writer::refusal(error const& why) const {
  write_result out;
  out.effect = write_effect::refused;
  out.text = why.detail;
  if (why.code == error_code::value_not_convertible) {
    out.kind = fault_class::bad_request;
    out.code = std::string(dualwrite::name_of(why.code));
    return out;
  }
  auto const& said = on_.failure();
  out.kind = why.code == error_code::table_missing  ? fault_class::schema
             : said.state == insufficient_privilege ? fault_class::unauthorized
                                                    : fault_class::application;
  out.code = said.state;
  out.column = said.column.empty() ? column_in(said.text) : said.column;
  return out;
}

// The server names the constraint, not the row. After the refusal was taken back.
std::optional<referenced_row> row_writer::missing_reference(target_write const& wish,
                                                            table_facts const& of,
                                                            std::string const& constraint) {
  auto const key = std::find_if(of.references.begin(), of.references.end(), [&](auto const& one) {
    return one.constraint == constraint;
  });
  if (key == of.references.end()) return std::nullopt;
  auto const parent = table(key->table);
  if (!parent) return std::nullopt;
  referenced_row wanted;
  wanted.table = key->table;
  for (std::size_t i = 0; i < key->columns.size() && i < key->referred.size(); ++i) {
    auto const given = std::find(wish.columns.begin(), wish.columns.end(), key->columns[i]);
    auto const target = (*parent)->schema.column_named(key->referred[i]);
    if (given == wish.columns.end() || !target) return std::nullopt;
    auto const& one = wish.values[static_cast<std::size_t>(given - wish.columns.begin())];
    if (one.is_null()) return std::nullopt;
    wanted.columns.push_back(*target);
    wanted.values.push_back(one);
  }
  return wanted;
}

}  // namespace dualwrite::engine::postgresql
