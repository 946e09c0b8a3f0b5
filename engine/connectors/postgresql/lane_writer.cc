#include "engine/connectors/postgresql/lane_writer.h"

#include <algorithm>

#include "engine/connectors/postgresql/app_error.h"
#include "engine/connectors/postgresql/lane_table.h"

namespace dualwrite::engine::postgresql {
namespace {

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

result<std::optional<lane_writer::results>> lane_writer::attempt(target_batch const& batch,
                                                                 results_by_place& refused,
                                                                 row_writer::care with) {
  DW_TRY(auto done, writer_.write(batch.writes, refused, with));
  if (!done || (!batch.ends && deferred_.empty())) return done;
  auto const checked = to_.execute("SET CONSTRAINTS ALL IMMEDIATE");
  if (!checked && checked.error().code == error_code::row_refused &&
      with != row_writer::care::constraints) {
    return std::optional<results>{};
  }
  if (!checked) return as_app_error(checked.error());
  if (!batch.ends) DW_CHECK(of_the_app(to_.execute("SET CONSTRAINTS " + deferred_ + " DEFERRED")));
  return done;
}

result<lane_writer::results> lane_writer::write_whole(target_batch const& batch) {
  return try_until_done(
      [&](results_by_place& refused, row_writer::care with) -> result<std::optional<results>> {
        DW_TRY(auto all, transaction::begin(to_));
        DW_CHECK(of_the_app(enter_lane(to_, batch)));
        DW_CHECK(of_the_app(writer_.check(batch.tables)));
        DW_TRY(auto done, attempt(batch, refused, with));
        if (!done) return done;
        DW_CHECK(of_the_app(move_lane(to_, batch, batch.outcome(*done))));
        DW_CHECK(of_the_app(all.commit()));
        return done;
      });
}

result<lane_writer::results> lane_writer::write_part(target_batch const& batch) {
  if (batch.begins) DW_CHECK(begin(batch));
  DW_CHECK(of_the_app(writer_.check(batch.tables)));
  DW_TRY(auto done,
         try_until_done([&](results_by_place& refused,
                            row_writer::care with) -> result<std::optional<results>> {
           DW_CHECK(of_the_app(to_.execute("SAVEPOINT dualwrite_part")));
           DW_TRY(auto tried, attempt(batch, refused, with));
           if (!tried) DW_CHECK(of_the_app(to_.execute("ROLLBACK TO dualwrite_part")));
           DW_CHECK(of_the_app(to_.execute("RELEASE dualwrite_part")));
           return tried;
         }));
  if (batch.ends) {
    DW_CHECK(of_the_app(move_lane(to_, batch, batch.outcome(done))));
    DW_CHECK(of_the_app(open_->commit()));
  }
  return done;
}

result<void> lane_writer::begin(target_batch const& batch) {
  DW_TRY(auto all, transaction::begin(to_));
  open_.emplace(std::move(all));
  DW_CHECK(of_the_app(enter_lane(to_, batch)));
  DW_TRY(auto const names,
         of_the_app(to_.query("SELECT coalesce(string_agg(DISTINCT format('%I.%I', n.nspname, "
                              "c.conname), ', '), '') FROM pg_constraint c JOIN pg_namespace n ON "
                              "n.oid = c.connamespace WHERE c.condeferred")));
  deferred_ = names.text(0, 0);
  return {};
}

}  // namespace dualwrite::engine::postgresql
