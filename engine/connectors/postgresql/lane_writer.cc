#include "engine/connectors/postgresql/lane_writer.h"

#include <algorithm>
#include <iterator>

#include "engine/connectors/postgresql/app_error.h"
#include "engine/connectors/postgresql/lane_table.h"

namespace dualwrite::engine::postgresql {
namespace {

constexpr char const* check_constraints = "SET CONSTRAINTS ALL IMMEDIATE";

bool has_refusal(std::vector<write_result> const& results) {
  return std::any_of(results.begin(), results.end(), [](write_result const& one) {
    return one.effect == write_effect::refused;
  });
}

}  // namespace

result<connection*> lane_writer::start_over(std::string const& url) {
  give_up();
  DW_CHECK(to_.open(url));
  writer_.forget();
  return &to_;
}

result<std::vector<write_result>> lane_writer::apply(std::string const& url,
                                                     target_batch const& batch) {
  if (batch.begins) {
    give_up();
    DW_CHECK(to_.open(url));
  } else if (!open_) {
    return error{error_code::app_unreachable, "the transaction of the batch was given up"};
  }
  auto done = batch.begins && batch.ends ? write_whole(batch) : write_part(batch);
  if (done) met_refusals_ = has_refusal(*done);
  if (!done || batch.ends) give_up();
  return done;
}

template <class Try>
result<lane_writer::results> lane_writer::try_until_done(Try const& once) {
  results_by_place refused;
  auto with = met_refusals_ ? row_writer::care::parts : row_writer::care::none;
  while (true) {
    auto const known = refused.size();
    DW_TRY(auto done, once(refused, with));
    if (done) return std::move(*done);
    // Where nothing was learned about rows, more care finds the one that it is about.
    if (refused.size() > known) continue;
    with = with == row_writer::care::none ? row_writer::care::parts : row_writer::care::constraints;
  }
}

result<transaction> lane_writer::enter(target_batch const& batch) {
  std::vector<statement> asked{entering(batch)};
  DW_TRY(auto checks, writer_.checks(batch.tables));
  std::move(checks.begin(), checks.end(), std::back_inserter(asked));
  std::vector<answer> answers;
  auto begun = transaction::begin_with(to_, std::move(asked), answers);
  if (!begun) {
    writer_.forget();
    return begun;
  }
  DW_CHECK(entered(to_, batch, answers.front()));
  DW_CHECK(writer_.checked(batch.tables, std::span(answers).subspan(1)));
  return begun;
}

result<bool> lane_writer::leave(transaction& all,
                                target_batch const& batch,
                                std::string const& outcome) {
  std::vector<statement> last{{check_constraints, {}}};
  DW_TRY(auto moves, moving(batch, outcome));
  auto const behind_moves = last.size() + moves.size();
  std::move(moves.begin(), moves.end(), std::back_inserter(last));
  std::vector<answer> answers;
  auto const done = all.commit_with(std::move(last), answers);
  if (done) return true;
  if (answers.empty() && done.error().code == error_code::row_refused) return false;
  if (answers.size() + 1 == behind_moves && is_fenced(to_.failure()))
    return error{error_code::lane_fenced, "another session has written to this lane"};
  return as_app_error(done.error());
}

result<lane_writer::results> lane_writer::write_whole(target_batch const& batch) {
  return try_until_done(
      [&](results_by_place& refused, row_writer::care with) -> result<std::optional<results>> {
        DW_TRY(auto all, of_the_batch(enter(batch)));
        DW_TRY(auto done, writer_.write(batch.writes, refused, with));
        if (!done) return done;
        DW_TRY(bool const left, leave(all, batch, batch.outcome(*done)));
        if (left) return done;
        if (with != row_writer::care::constraints) return std::optional<results>{};
        return error{error_code::app_unreachable, to_.failure().text};
      });
}

// Deferred constraints are checked with it.
result<std::optional<lane_writer::results>> lane_writer::attempt_part(target_batch const& batch,
                                                                      results_by_place& refused,
                                                                      row_writer::care with) {
  DW_TRY(auto done, writer_.write(batch.writes, refused, with));
  if (!done || (!batch.ends && deferred_.empty())) return done;
  auto const checked = to_.execute(check_constraints);
  if (!checked && checked.error().code == error_code::row_refused &&
      with != row_writer::care::constraints) {
    return std::optional<results>{};
  }
  if (!checked) return as_app_error(checked.error());
  if (!batch.ends) DW_CHECK(of_the_app(to_.execute("SET CONSTRAINTS " + deferred_ + " DEFERRED")));
  return done;
}

result<lane_writer::results> lane_writer::write_part(target_batch const& batch) {
  if (batch.begins) {
    DW_CHECK(begin(batch));
  } else {
    DW_CHECK(of_the_app(to_.renew_plans()));
    DW_CHECK(of_the_batch(writer_.check(batch.tables)));
  }
  DW_TRY(auto done,
         try_until_done([&](results_by_place& refused,
                            row_writer::care with) -> result<std::optional<results>> {
           DW_CHECK(of_the_app(to_.execute("SAVEPOINT dualwrite_part")));
           DW_TRY(auto tried, attempt_part(batch, refused, with));
           if (!tried) DW_CHECK(of_the_app(to_.execute("ROLLBACK TO dualwrite_part")));
           DW_CHECK(of_the_app(to_.execute("RELEASE dualwrite_part")));
           return tried;
         }));
  if (batch.ends) {
    DW_TRY(bool const left, leave(*open_, batch, batch.outcome(done)));
    if (!left) return error{error_code::app_unreachable, to_.failure().text};
  }
  return done;
}

result<void> lane_writer::begin(target_batch const& batch) {
  DW_TRY(auto all, of_the_batch(enter(batch)));
  open_.emplace(std::move(all));
  DW_TRY(auto const names,
         of_the_app(to_.query("SELECT coalesce(string_agg(DISTINCT format('%I.%I', n.nspname, "
                              "c.conname), ', '), '') FROM pg_constraint c JOIN pg_namespace n ON "
                              "n.oid = c.connamespace WHERE c.condeferred")));
  deferred_ = names.text(0, 0);
  return {};
}

}  // namespace dualwrite::engine::postgresql
