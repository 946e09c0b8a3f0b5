// The app in memory, in virtual time.
#include "engine/connectors/memory/memory_app.h"
#include "tests/contract/connector_suite.h"
#include "tests/simulation/virtual_clock.h"

namespace dualwrite::contract {
namespace {

class memory_subject final : public connector_subject {
 public:
  capabilities can() const override {
    capabilities out;
    out.captures_named_tables_only = false;
    out.has_deferred_references = false;
    return out;
  }

  std::string code_of(rule broken) const override {
    switch (broken) {
      case rule::unique:
        return "unique";
      case rule::not_null:
        return "not_null";
      case rule::check:
        return "check";
      case rule::reference:
        return "foreign_key";
      case rule::trigger:
        return "trigger";
      case rule::group:
        return "transaction";
    }
    return {};
  }

  void make(std::vector<table_declaration> const& tables) override {
    for (auto const& one : tables) {
      auto& table = app_.add_table(one.schema);
      for (auto const column : one.unique) table.unique.push_back({column});
      for (auto const& key : one.references)
        table.references.push_back({{key.column}, key.table, {0}});
      table.rule = [one](row_values const& row) { return refusal_of(one, row); };
      if (!one.noted_in.empty()) table.after = notes(one.noted_in);
    }
  }

  bool commit(std::vector<user_change> const& changes) override {
    std::vector<engine::row_change> made;
    for (auto const& one : changes) {
      engine::row_change change{one.table, one.op, one.row};
      if (one.op == operation::update) change.key = one.key;
      if (one.op == operation::remove) change.row = row_of_key(one.table, one.key);
      made.push_back(std::move(change));
    }
    return app_.commit(made).has_value();
  }

  std::vector<row_values> rows(std::string const& table) override {
    std::vector<row_values> out;
    for (auto const& [key, row] : app_.table(table).rows) out.push_back(row);
    return out;
  }

  void restart() override { app_.crash(); }
  void save_copy() override { copy_ = app_.last_commit(); }
  void restore_copy() override { app_.restore_to(copy_); }
  engine::source_app& source() override { return app_; }
  engine::target_app& target() override { return app_; }
  void run() override {
    do {
      io.restart();
      io.poll();
    } while (time_.advance());
  }

 private:
  static std::optional<engine::refusal> refusal_of(table_declaration const& table,
                                                   row_values const& row) {
    auto const breaks = [&](std::optional<forbidden_value> const& what) {
      return what && row[what->column] == what->what;
    };
    if (breaks(table.check)) return engine::refusal{"check", table.check->text};
    if (breaks(table.trigger)) return engine::refusal{"trigger", table.trigger->text};
    return std::nullopt;
  }

  static engine::table_trigger notes(std::string const& where) {
    return [where](operation op, row_values const& row) {
      std::vector<engine::row_change> out;
      auto const key = row[0].as_int64();
      if (op == operation::insert)
        out.push_back({where, operation::insert, {number(key + 100), number(key)}});
      return out;
    };
  }

  row_values row_of_key(std::string const& table, row_values const& key) {
    auto const& schema = app_.table(table).schema;
    row_values out(schema.columns.size());
    for (std::size_t i = 0; i < key.size(); ++i) out[schema.key[i]] = key[i];
    return out;
  }

  simulation::virtual_clock time_;
  engine::memory_app app_{time_};
  std::uint64_t copy_ = 0;
};

std::unique_ptr<connector_subject> make_memory_subject() {
  return std::make_unique<memory_subject>();
}

INSTANTIATE_TEST_SUITE_P(Memory, Connector, testing::Values(&make_memory_subject));

}  // namespace
}  // namespace dualwrite::contract
