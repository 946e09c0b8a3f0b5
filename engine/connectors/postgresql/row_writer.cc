#include "engine/connectors/postgresql/row_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "engine/connectors/postgresql/declared_rules.h"
#include "engine/connectors/postgresql/hand_over.h"
#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/refusal.h"
#include "engine/connectors/postgresql/single_row.h"
#include "engine/connectors/postgresql/value_taker.h"

namespace dualwrite::engine::postgresql {
namespace {

// A statement's values are held in memory several times, here and in the server.
constexpr std::size_t set_rows_max = 4000;
constexpr std::size_t set_bytes_max = std::size_t{8} << 20;
// For fewer a statement each is as fast.
constexpr std::size_t set_rows_min = 3;
constexpr std::size_t part_rows_min = 16;
// Of a part that is refused all of its rows are written again.
constexpr std::size_t part_rows_max = 1000;
constexpr std::size_t tries_max = 64;

constexpr char const* before_part = "SAVEPOINT dualwrite_part";
constexpr char const* keep_part = "RELEASE dualwrite_part";
constexpr char const* drop_part = "ROLLBACK TO dualwrite_part; RELEASE dualwrite_part";
constexpr char const* before_row = "SAVEPOINT dualwrite_row";
constexpr char const* keep_row = "RELEASE dualwrite_row";
constexpr char const* drop_row = "ROLLBACK TO dualwrite_row; RELEASE dualwrite_row";
constexpr char const* back_to_row = "ROLLBACK TO dualwrite_row";
constexpr char const* check_all = "SET CONSTRAINTS ALL IMMEDIATE";

}  // namespace

row_writer::row_writer(connection& on) : on_(on), part_rows_(part_rows_max) {}

result<row_writer::known_table*> row_writer::table(std::string const& name) {
  auto const known = tables_.find(name);
  if (known != tables_.end()) return &known->second;
  known_table fresh;
  DW_TRY(fresh.facts, describe_table(on_, name));
  DW_TRY(fresh.shape, shape_of(on_, fresh.facts));
  DW_TRY(fresh.facts, describe_table(on_, name));
  fresh.fingerprint = fingerprint(fresh.facts.schema);
  return &tables_.emplace(name, std::move(fresh)).first->second;
}

result<void> row_writer::check(std::span<table_form const> forms) {
  DW_TRY(auto const asked, checks(forms));
  std::vector<answer> answers;
  auto const done = on_.query_all(asked, answers);
  if (!done) forget();
  return done ? checked(forms, answers) : done;
}

// The lock is the one that the writes will take; nobody alters a table under it.
result<std::vector<statement>> row_writer::checks(std::span<table_form const> forms) {
  std::vector<statement> out;
  for (auto const& form : forms) {
    DW_TRY(auto const* known, table(form.table));
    out.push_back({"LOCK TABLE " + known->facts.sql_name + " IN ROW EXCLUSIVE MODE", {}});
    out.push_back(shape_question(known->facts));
  }
  return out;
}

result<void> row_writer::checked(std::span<table_form const> forms,
                                 std::span<answer const> answers) {
  for (std::size_t i = 0; i < forms.size(); ++i) {
    auto const& form = forms[i];
    if (shape_in(answers[2 * i + 1]) != tables_.at(form.table).shape) {
      tables_.erase(form.table);
      on_.distrust_plans();
      DW_CHECK(table(form.table));
    }
    if (tables_.at(form.table).fingerprint != form.fingerprint)
      return error{error_code::table_changed, form.table};
  }
  return {};
}

result<std::optional<std::vector<write_result>>> row_writer::write(write_list const& writes,
                                                                   results_by_place& refused,
                                                                   care with) {
  batch_attempt to{writes, refused};
  to.results.reserve(writes.size());
  while (!to.is_over && to.next() < writes.size()) DW_CHECK(write_next(to, with));
  if (to.is_over) return std::optional<std::vector<write_result>>{};
  return std::optional{std::move(to.results)};
}

result<void> row_writer::write_next(batch_attempt& to, care with) {
  auto const& first = to.writes[to.next()];
  DW_TRY(auto* of, table(first.table));
  row_set set(on_, of->facts, first);
  auto rows = with == care::constraints ? std::vector<set_row>{} : gather(to, set);
  if (rows.size() < set_rows_min) {
    auto one = to.known(to.next());
    if (!one && with == care::none) {
      DW_TRY(one, single_row(on_, of->facts).write(first));
      to.is_over = one->effect == write_effect::refused;
      if (to.is_over) return {};
    } else if (!one) {
      DW_TRY(one, guarded(to, first, of->facts, with == care::constraints));
    }
    to.keep(std::move(*one));
    return {};
  }
  std::vector<set_row*> all;
  for (auto& row : rows) all.push_back(&row);
  auto const open = without_results(all);
  if (with == care::none) {
    DW_TRY(bool const written, write_at_once(set, open, *of));
    to.is_over = !written;
    if (to.is_over) return {};
  } else {
    DW_CHECK(write_in_parts(to, set, open, *of));
  }
  for (auto& row : rows) {
    if (!to.is_over) to.keep(std::move(*row.result));
  }
  return {};
}

std::vector<set_row> row_writer::gather(batch_attempt const& to, row_set const& set) const {
  std::vector<set_row> rows;
  std::unordered_set<std::string> keys;
  std::size_t bytes = 0;
  auto const begin = to.next();
  auto const end = std::min(to.writes.size(), begin + set_rows_max);
  rows.reserve(end - begin);
  keys.reserve(end - begin);
  for (auto at = begin; at < end && bytes < set_bytes_max; ++at) {
    auto const& wish = to.writes[at];
    bool const waits = wish.behind && *wish.behind >= begin;
    if (wish.old_key || waits || !are_alike(wish, to.writes[begin])) break;
    if (!set.has_its_key(wish)) break;
    set_row row{&wish};
    row.result = to.known(at);
    auto const fits = set.check(wish);
    // What PostgreSQL has no such value for is not there, and cannot be.
    if (!fits && wish.kind == write_kind::remove)
      row.result = write_result{};
    else if (!fits && !row.result)
      row.result = refusal_of(fits.error(), on_);
    if (fits) {
      if (!keys.insert(set.key_of(wish)).second) break;
      bytes += rough_bytes_of(wish.key) + rough_bytes_of(wish.values);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

result<bool> row_writer::write_at_once(row_set& set, row_set::rows rows, known_table& of) {
  result<bool> written = set.write_at_once(rows, of.met);
  if (!written && is_of_the_row(written.error())) return false;
  return written;
}

template <class Step>
result<bool> row_writer::stays(Step const& step) {
  DW_CHECK(on_.execute(before_part));
  result<bool> done = step();
  if (!done && !is_of_the_row(done.error())) return done;
  bool const accepted = done && *done;
  DW_CHECK(on_.execute(accepted ? keep_part : drop_part));
  return accepted;
}

result<void> row_writer::write_in_parts(batch_attempt& to,
                                        row_set& set,
                                        row_set::rows all,
                                        known_table& of) {
  auto const left_over = to.not_written_ahead(all);
  row_set::rows const rows = left_over;
  if (rows.empty()) return {};
  if (rows.size() == 1) {
    DW_TRY(rows[0]->result, guarded(to, *rows[0]->wish, of.facts, false));
    return {};
  }
  DW_TRY(bool const looked, stays([&] { return set.look(rows); }));
  if (!looked) {
    for (auto* row : rows) row->result.reset(), row->is_there = false;
    auto const half = rows.size() / 2;
    DW_CHECK(write_in_parts(to, set, rows.first(half), of));
    return write_in_parts(to, set, rows.subspan(half), of);
  }
  auto const open = without_results(rows);
  DW_CHECK(refuse_breaking(to, set, open, of));
  auto const others = without_results(open);
  for (row_set::rows left = others; !left.empty();) {
    auto const part = left.first(std::min(left.size(), part_rows_));
    DW_CHECK(write_looked(to, set, part, of.facts));
    left = left.subspan(part.size());
  }
  return {};
}

result<void> row_writer::write_looked(batch_attempt& to,
                                      row_set& set,
                                      row_set::rows all,
                                      table_facts const& of) {
  // A round for each row that is refused: there may be thousands.
  std::vector<set_row*> left;
  while (true) {
    left = to.not_written_ahead(all);
    row_set::rows const rows = left;
    if (rows.empty()) return {};
    if (rows.size() == 1) {
      DW_TRY(rows[0]->result, guarded(to, *rows[0]->wish, of, false));
      return {};
    }
    write_result told;
    std::string constraint;
    auto const step = [&]() -> result<bool> {
      auto const written = set.write(rows);
      if (set.refused() != nullptr) told = refusal_of(written.error(), on_);
      constraint = on_.failure().constraint;
      return written;
    };
    DW_TRY(bool const written, stays(step));
    part_rows_ =
        written ? std::min(part_rows_ * 2, part_rows_max) : std::max(part_rows_ / 2, part_rows_min);
    if (written) return {};
    for (auto* row : rows) row->result.reset();
    auto const refused = std::find(rows.begin(), rows.end(), set.refused()) - rows.begin();
    auto const at = static_cast<std::size_t>(refused);
    // Somebody may have inserted a row after it was looked for: then it is there now.
    if (at == rows.size() || told.code == unique_violation) {
      auto const half = rows.size() / 2;
      DW_CHECK(write_looked(to, set, rows.first(half), of));
      all = rows.subspan(half);
      continue;
    }
    DW_CHECK(write_looked(to, set, rows.first(at), of));
    auto const behind = rows.subspan(at + 1);
    bool const was_early =
        std::any_of(behind.begin(), behind.end(), [](set_row const* row) { return row->is_there; });
    if (was_early && !is_for_its_values(told.code)) {
      DW_TRY(rows[at]->result, guarded(to, *rows[at]->wish, of, false));
    } else {
      DW_CHECK(explain(told, *rows[at]->wish, of, constraint));
      rows[at]->result = std::move(told);
    }
    all = behind;
  }
}

result<void> row_writer::refuse_breaking(batch_attempt& to,
                                         row_set& set,
                                         row_set::rows rows,
                                         known_table& of) {
  DW_TRY(auto const breaking, breaking_rules(set, rows, of));
  single_row const writer(on_, of.facts);
  std::vector<statement> tries;
  for (auto const* row : breaking) {
    auto const& wish = *row->wish;
    DW_TRY(auto one, row->is_there ? writer.update(wish, wish.key) : writer.insert(wish));
    tries.push_back(std::move(one));
  }
  std::vector<server_error> said(tries.size());
  for (std::size_t begin = 0; begin < tries.size(); begin += tries_max) {
    DW_CHECK(on_.execute(before_row));
    auto const some = std::span(tries).subspan(begin, std::min(tries_max, tries.size() - begin));
    auto const told = [&](std::size_t at, result<answer> const& came) {
      if (came || !is_of_the_row(came.error())) return;
      breaking[begin + at]->result = refusal_of(came.error(), on_);
      said[begin + at] = on_.failure();
    };
    DW_CHECK(on_.try_each(some, back_to_row, told));
    DW_CHECK(on_.execute(keep_row));
  }
  for (std::size_t at = 0; at < breaking.size(); ++at) {
    auto& row = *breaking[at];
    if (!row.result) continue;
    DW_CHECK(explain(*row.result, *row.wish, of.facts, said[at].constraint));
    bool const by_a_trigger = !said[at].context.empty();
    if (by_a_trigger || to.may_pass_in_its_turn(*row.result)) row.result.reset();
  }
  return {};
}

// None where the question itself is refused.
result<std::vector<set_row*>> row_writer::breaking_rules(row_set& set,
                                                         row_set::rows rows,
                                                         known_table& of) {
  std::vector<set_row*> found;
  bool const removes = !rows.empty() && rows[0]->wish->kind == write_kind::remove;
  if (rows.empty() || removes) return found;
  auto const about = std::pair(set.columns(), set.key_columns());
  auto known = of.rules.find(about);
  if (known == of.rules.end()) {
    DW_TRY(auto rules, breaks_declared_rules(on_, of.facts, about.first, about.second));
    known = of.rules.emplace(about, std::move(rules)).first;
  }
  auto const ask = [&]() -> result<bool> {
    DW_TRY(found, set.where(known->second, rows));
    return true;
  };
  if (!known->second.empty()) {
    DW_TRY(bool const asked, stays(ask));
    if (!asked) found.clear();
  }
  for (auto* row : rows) {
    for (std::size_t place = 0; place < about.first.size(); ++place) {
      auto const& column = of.facts.schema.columns[about.first[place]];
      DW_TRY(auto const text, to_text(set.value_of(*row->wish, place)));
      if (!breaks_column_rules(column, text)) continue;
      found.push_back(row);
      break;
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

result<write_result> row_writer::guarded(batch_attempt& to,
                                         target_write const& wish,
                                         table_facts const& of,
                                         bool checks) {
  auto const alone = [&](target_write const& one) { return write_alone(one, of, checks); };
  DW_TRY(auto one, alone(wish));
  if (one.effect != write_effect::refused) return one;
  auto const at = to.place_of(wish);
  hand_over exchange(on_, of, to, alone);
  DW_TRY(auto written, exchange.write(at, one));
  if (written.empty()) return one;
  one = std::move(written.extract(at).mapped());
  to.ahead.merge(written);
  return one;
}

result<write_result> row_writer::write_alone(target_write const& wish,
                                             table_facts const& of,
                                             bool checks) {
  DW_CHECK(on_.execute(before_row));
  single_row row(on_, of);
  DW_TRY(auto one, row.write(wish));
  if (one.code == unique_violation && wish.kind != write_kind::remove) {
    // Somebody may have inserted the row after it was looked for: then it is seen now.
    DW_CHECK(on_.execute(back_to_row));
    DW_TRY(one, row.write(wish));
  }
  if (one.effect != write_effect::refused && checks) {
    auto const checked = on_.execute(check_all);
    if (!checked && !is_of_the_row(checked.error())) return checked.error();
    if (!checked) one = refusal_of(checked.error(), on_);
  }
  auto const constraint = on_.failure().constraint;
  DW_CHECK(on_.execute(one.effect == write_effect::refused ? drop_row : keep_row));
  DW_CHECK(explain(one, wish, of, constraint));
  return one;
}

result<void> row_writer::explain(write_result& one,
                                 target_write const& wish,
                                 table_facts const& of,
                                 std::string const& constraint) {
  if (one.code == foreign_key_violation || one.code == restrict_violation) {
    one.references = missing_reference(wish, of, constraint);
    if (!one.references && may_be_referred_to(wish)) one.kind = fault_class::dependency;
  }
  if (one.code == unique_violation && wish.kind != write_kind::remove) {
    DW_TRY(one.taken_by, taker_of(on_, wish, of, constraint));
  }
  return {};
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
  wanted.also_named = key->also_named;
  for (std::size_t i = 0; i < key->columns.size() && i < key->referred.size(); ++i) {
    auto const given = std::find(wish.columns.begin(), wish.columns.end(), key->columns[i]);
    auto const target = (*parent)->facts.schema.column_named(key->referred[i]);
    if (given == wish.columns.end() || !target) return std::nullopt;
    auto const& one = wish.values[static_cast<std::size_t>(given - wish.columns.begin())];
    if (one.is_null()) return std::nullopt;
    wanted.columns.push_back(*target);
    wanted.values.push_back(one);
  }
  return wanted;
}

}  // namespace dualwrite::engine::postgresql
