// A SQLite file, and people who open it beside us.
#include <fmt/format.h>
#include <sqlite3.h>

#include <boost/asio/thread_pool.hpp>
#include <cmath>
#include <filesystem>

#include "engine/connectors/sqlite/sqlite_app.h"
#include "tests/contract/connector_suite.h"
#include "tests/contract/sql_subject.h"

namespace dualwrite::contract {
namespace {

using engine::sqlite::sqlite_app;
using engine::sqlite::sqlite_settings;

value natural(sqlite3_stmt* row, int column) {
  auto const bytes = [&](void const* begin) {
    auto const size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    return begin == nullptr ? std::string{} : std::string(static_cast<char const*>(begin), size);
  };
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      return value::of_int64(sqlite3_column_int64(row, column));
    case SQLITE_FLOAT:
      return value::of_float64(sqlite3_column_double(row, column));
    case SQLITE_TEXT:
      return value::of_text(bytes(sqlite3_column_text(row, column)));
    case SQLITE_BLOB:
      return value::of_bytes(bytes(sqlite3_column_blob(row, column)));
    default:
      return value::null();
  }
}

class sqlite_subject final : public sql_subject {
 public:
  sqlite_subject() {
    auto made = (std::filesystem::temp_directory_path() / "dualwrite-XXXXXX").string();
    home_ = mkdtemp(made.data());
    open();
  }
  ~sqlite_subject() override {
    close();
    pool_.join();
    std::filesystem::remove_all(home_);
  }

  capabilities can() const override {
    capabilities out;
    out.tells_transactions_apart = false;
    return out;
  }

  std::string code_of(rule broken) const override {
    switch (broken) {
      case rule::unique:
        return "SQLITE_CONSTRAINT_UNIQUE";
      case rule::not_null:
        return "SQLITE_CONSTRAINT_NOTNULL";
      case rule::check:
        return "SQLITE_CONSTRAINT_CHECK";
      case rule::reference:
        return "SQLITE_CONSTRAINT_FOREIGNKEY";
      case rule::trigger:
        return "SQLITE_CONSTRAINT_TRIGGER";
      case rule::group:
        return "TRANSACTION";
    }
    return {};
  }

  std::vector<row_values> rows(std::string const& table) override {
    auto const sql = rows_sql(table);
    sqlite3_stmt* row = nullptr;
    EXPECT_EQ(SQLITE_OK, sqlite3_prepare_v2(user_, sql.c_str(), -1, &row, nullptr)) << sql;
    std::vector<row_values> out;
    while (sqlite3_step(row) == SQLITE_ROW) {
      auto& values = out.emplace_back();
      for (int i = 0; i < sqlite3_column_count(row); ++i) values.push_back(natural(row, i));
    }
    sqlite3_finalize(row);
    return out;
  }

  // What a crash leaves is the file and its log as they are while they are open.
  void restart() override {
    copy_to("crashed");
    put_back("crashed");
  }
  void save_copy() override { copy_to("copy"); }
  void restore_copy() override { put_back("copy"); }
  engine::source_app& source() override { return *app_; }
  engine::target_app& target() override { return *app_; }

 private:
  std::filesystem::path file() const { return home_ / "app.db"; }

  void open() {
    EXPECT_EQ(SQLITE_OK, sqlite3_open(file().c_str(), &user_));
    sqlite3_busy_timeout(user_, 10'000);
    execute("PRAGMA foreign_keys=ON; PRAGMA journal_mode=WAL");
    sqlite_settings settings;
    settings.path = file();
    settings.poll = std::chrono::milliseconds(1);
    app_ = std::make_unique<sqlite_app>(io.get_executor(), pool_, settings);
  }
  void close() {
    app_.reset();
    sqlite3_close(user_);
  }
  void copy_to(std::string const& where) {
    auto const to = home_ / where;
    std::filesystem::create_directory(to);
    for (auto const* one : {"app.db", "app.db-wal"}) {
      std::filesystem::remove(to / one);
      if (std::filesystem::exists(home_ / one)) std::filesystem::copy_file(home_ / one, to / one);
    }
  }
  void put_back(std::string const& from) {
    close();
    for (auto const* one : {"app.db", "app.db-wal", "app.db-shm"}) {
      std::filesystem::remove(home_ / one);
      if (std::filesystem::exists(home_ / from / one))
        std::filesystem::copy_file(home_ / from / one, home_ / one);
    }
    open();
  }

  bool execute(std::string const& sql) override {
    return sqlite3_exec(user_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  }

  std::string begin_sql() const override { return "BEGIN IMMEDIATE"; }
  std::string type_name(value_type type) const override {
    switch (type) {
      case value_type::boolean:
        return "BOOLEAN";
      case value_type::int64:
        return "INTEGER";
      case value_type::float64:
        return "DOUBLE";
      case value_type::decimal:
        return "DECIMAL";
      case value_type::bytes:
        return "BLOB";
      case value_type::date:
        return "DATE";
      case value_type::time:
        return "TIME";
      case value_type::timestamp:
        return "TIMESTAMP";
      case value_type::timestamp_tz:
        return "TIMESTAMPTZ";
      case value_type::uuid:
        return "UUID";
      case value_type::json:
        return "JSON";
      default:
        return "TEXT";
    }
  }
  std::string literal(value const& what) const override {
    switch (what.type()) {
      case value_type::null:
      case value_type::int64:
      case value_type::decimal:
        return to_string(what);
      case value_type::float64:
        return std::isinf(what.as_float64()) ? "9e999" : to_string(what);
      case value_type::boolean:
        return what.as_boolean() ? "1" : "0";
      case value_type::bytes:
        return "X'" + hexadecimal(what.as_string()) + "'";
      case value_type::text:
        if (what.as_string().find('\0') != std::string::npos)
          return fmt::format("CAST(X'{}' AS TEXT)", hexadecimal(what.as_string()));
        return quoted(what.as_string());
      default:
        return quoted(to_string(what));
    }
  }

  std::string trigger_sql(table_declaration const& one) const override {
    return trigger_on(one, "INSERT") + trigger_on(one, "UPDATE");
  }
  std::string trigger_on(table_declaration const& one, std::string const& when) const {
    auto const& table = one.schema.table;
    return fmt::format(
        "CREATE TRIGGER {} BEFORE {} ON {} WHEN NEW.{} = {} BEGIN SELECT RAISE(ABORT, {}); END;",
        name(table + "_" + when),
        when,
        name(table),
        column(table, one.trigger->column),
        literal(one.trigger->what),
        quoted(one.trigger->text));
  }

  std::string note_sql(table_declaration const& one) const override {
    auto const& table = one.schema.table;
    auto const key = column(table, 0);
    return fmt::format(
        "CREATE TRIGGER {} AFTER INSERT ON {} BEGIN INSERT INTO {} VALUES(NEW.{} + 100, NEW.{}); "
        "END",
        name(table + "_noted"),
        name(table),
        name(one.noted_in),
        key,
        key);
  }

  std::filesystem::path home_;
  boost::asio::thread_pool pool_{2};
  sqlite3* user_ = nullptr;
  std::unique_ptr<sqlite_app> app_;
};

std::unique_ptr<connector_subject> make_sqlite_subject() {
  return std::make_unique<sqlite_subject>();
}

INSTANTIATE_TEST_SUITE_P(Sqlite, Connector, testing::Values(&make_sqlite_subject));

}  // namespace
}  // namespace dualwrite::contract
