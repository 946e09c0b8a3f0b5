// A PostgreSQL database on a server of the tests' own.
#include <fmt/format.h>

#include <boost/asio/thread_pool.hpp>

#include "engine/connectors/postgresql/postgresql_app.h"
#include "tests/contract/connector_suite.h"
#include "tests/contract/sql_subject.h"
#include "tests/support/postgres_cluster.h"

namespace dualwrite::contract {
namespace {

using engine::postgresql::postgresql_app;
using engine::postgresql::postgresql_settings;

constexpr Oid bytea_type = 17;
constexpr Oid whole_number_types[] = {20, 21, 23};

value natural(PGresult const* rows, int row, int column) {
  if (PQgetisnull(rows, row, column) != 0) return value::null();
  std::string const text = PQgetvalue(rows, row, column);
  auto const type = PQftype(rows, column);
  for (auto const one : whole_number_types) {
    if (one == type) return value::of_int64(std::stoll(text));
  }
  if (type != bytea_type) return value::of_text(text);
  std::string bytes;
  for (std::size_t at = 2; at + 1 < text.size(); at += 2)
    bytes.push_back(static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16)));
  return value::of_bytes(bytes);
}

// There is no year 0 in its texts: the year -43 is 44 BC.
std::string with_era(std::string const& text) {
  bool const is_negative = text.front() == '-' && text[1] != 'i';
  if (!is_negative && !text.starts_with("0000-")) return text.substr(text.front() == '+' ? 1 : 0);
  auto const year = text.find('-', is_negative ? 1 : 0);
  auto const before = std::abs(std::stoi(text.substr(0, year)));
  return fmt::format("{:04}{} BC", before + 1, text.substr(year));
}

class postgresql_subject final : public sql_subject {
 public:
  postgresql_subject() : url_(server().fresh_database("shop")) { open(); }
  ~postgresql_subject() override {
    close();
    pool_.join();
  }

  capabilities can() const override {
    capabilities out;
    out.keeps_nul_in_text = false;
    out.knows_lost_positions_for_ever = false;
    return out;
  }

  std::string code_of(rule broken) const override {
    switch (broken) {
      case rule::unique:
        return "23505";
      case rule::not_null:
        return "23502";
      case rule::check:
        return "23514";
      case rule::reference:
        return "23503";
      case rule::trigger:
        return "P0001";
      case rule::group:
        return "TRANSACTION";
    }
    return {};
  }

  std::vector<row_values> rows(std::string const& table) override {
    auto* const found = PQexec(user_, rows_sql(table).c_str());
    EXPECT_EQ(PGRES_TUPLES_OK, PQresultStatus(found)) << PQresultErrorMessage(found);
    std::vector<row_values> out;
    for (int row = 0; row < PQntuples(found); ++row) {
      auto& values = out.emplace_back();
      for (int i = 0; i < PQnfields(found); ++i) values.push_back(natural(found, row, i));
    }
    PQclear(found);
    return out;
  }

  void restart() override {
    close();
    server().kill();
    server().start();
    open();
  }
  void save_copy() override { server().save_copy(); }
  void restore_copy() override {
    close();
    server().restore_copy();
    open();
  }
  engine::source_app& source() override { return *app_; }
  engine::target_app& target() override { return *app_; }

 private:
  static postgres_cluster& server() { return postgres_cluster::shared(); }

  void open() {
    user_ = PQconnectdb(url_.c_str());
    EXPECT_TRUE(execute("SET client_min_messages = warning"));
    postgresql_settings settings;
    settings.url = url_;
    app_ = std::make_unique<postgresql_app>(io.get_executor(), pool_, settings);
  }
  void close() {
    app_.reset();
    PQfinish(user_);
  }

  bool execute(std::string const& sql) override {
    auto* const got = PQexec(user_, sql.c_str());
    auto const how = PQresultStatus(got);
    PQclear(got);
    return how == PGRES_COMMAND_OK || how == PGRES_TUPLES_OK;
  }

  std::string type_name(value_type type) const override {
    switch (type) {
      case value_type::boolean:
        return "boolean";
      case value_type::int64:
        return "bigint";
      case value_type::float64:
        return "double precision";
      case value_type::decimal:
        return "numeric";
      case value_type::bytes:
        return "bytea";
      case value_type::date:
        return "date";
      case value_type::time:
        return "time";
      case value_type::timestamp:
        return "timestamp";
      case value_type::timestamp_tz:
        return "timestamptz";
      case value_type::uuid:
        return "uuid";
      case value_type::json:
        return "json";
      default:
        return "text";
    }
  }
  std::string literal(value const& what) const override {
    switch (what.type()) {
      case value_type::null:
      case value_type::int64:
      case value_type::decimal:
        return to_string(what);
      case value_type::bytes:
        return "'\\x" + hexadecimal(what.as_string()) + "'";
      case value_type::text:
        return quoted(what.as_string());
      case value_type::date:
      case value_type::timestamp:
      case value_type::timestamp_tz:
        return quoted(with_era(to_string(what)));
      default:
        return quoted(to_string(what));
    }
  }

  std::string trigger_sql(table_declaration const& one) const override {
    auto const& table = one.schema.table;
    auto const body = fmt::format("BEGIN IF NEW.{} = {} THEN RAISE {}; END IF; RETURN NEW; END",
                                  column(table, one.trigger->column),
                                  literal(one.trigger->what),
                                  quoted(one.trigger->text));
    return code_sql(table, "refuse", "BEFORE INSERT OR UPDATE", body);
  }
  std::string note_sql(table_declaration const& one) const override {
    auto const key = column(one.schema.table, 0);
    auto const body =
        fmt::format("BEGIN INSERT INTO {} VALUES(NEW.{} + 100, NEW.{}); RETURN NEW; END",
                    name(one.noted_in),
                    key,
                    key);
    return code_sql(one.schema.table, "note", "AFTER INSERT", body);
  }
  static std::string code_sql(std::string const& table,
                              std::string const& what,
                              std::string const& when,
                              std::string const& body) {
    auto const function = name(table + "_" + what);
    return fmt::format(
        "CREATE FUNCTION {0}() RETURNS trigger LANGUAGE plpgsql AS $$ {1} $$; "
        "CREATE TRIGGER {0} {2} ON {3} FOR EACH ROW EXECUTE FUNCTION {0}();",
        function,
        body,
        when,
        name(table));
  }

  std::string url_;
  boost::asio::thread_pool pool_{3};
  PGconn* user_ = nullptr;
  std::unique_ptr<postgresql_app> app_;
};

std::unique_ptr<connector_subject> make_postgresql_subject() {
  return std::make_unique<postgresql_subject>();
}

INSTANTIATE_TEST_SUITE_P(Postgresql, Connector, testing::Values(&make_postgresql_subject));

}  // namespace
}  // namespace dualwrite::contract
