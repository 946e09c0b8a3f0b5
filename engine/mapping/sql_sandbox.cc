#include "engine/mapping/sql_sandbox.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <exception>

#include "engine/mapping/expression.h"
#include "events/assert.h"
#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

// One value of an expression at most; a text that doubles itself ends here.
constexpr int value_bytes_max = 64 * 1024 * 1024;

// Everything but calculating is refused, whatever the text of an expression may bring about.
int authorize(void*, int action, char const*, char const* function, char const*, char const*) {
  if (action == SQLITE_SELECT) return SQLITE_OK;
  if (action != SQLITE_FUNCTION || function == nullptr) return SQLITE_DENY;
  constexpr std::string_view native[] = {"coalesce", "nullif", "min", "max"};
  std::string_view const name(function);
  if (name.starts_with("dw_")) return SQLITE_OK;
  for (auto const known : native) {
    if (name == known) return SQLITE_OK;
  }
  return SQLITE_DENY;
}

// The same two forms for a function's result and a statement's parameter.
struct context_sink {
  sqlite3_context* context;
  void null() { sqlite3_result_null(context); }
  void integer(std::int64_t number) { sqlite3_result_int64(context, number); }
  void real(double number) { sqlite3_result_double(context, number); }
  void text(std::string_view text) {
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void blob(std::string_view bytes) {
    sqlite3_result_blob64(context, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  }
};

struct parameter_sink {
  sqlite3_stmt* statement;
  int index;
  void null() { sqlite3_bind_null(statement, index); }
  void integer(std::int64_t number) { sqlite3_bind_int64(statement, index, number); }
  void real(double number) { sqlite3_bind_double(statement, index, number); }
  void text(std::string_view text) {
    sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void blob(std::string_view bytes) {
    // An empty text is no null pointer, which SQLite would take for NULL.
    sqlite3_bind_blob64(
        statement, index, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  }
};

template <class Sink>
result<void> give(Sink sink, value const& what) {
  switch (what.type()) {
    case value_type::null:
    case value_type::unchanged:
      sink.null();
      break;
    case value_type::boolean:
      sink.integer(what.as_boolean() ? 1 : 0);
      break;
    case value_type::int64:
      sink.integer(what.as_int64());
      break;
    case value_type::date:
      sink.integer(what.as_days());
      break;
    case value_type::time:
    case value_type::timestamp:
    case value_type::timestamp_tz:
      sink.integer(what.as_us());
      break;
    case value_type::float64:
      if (std::isnan(what.as_float64())) {
        return error{error_code::expression_failed, "NaN has no place in an expression."};
      }
      sink.real(what.as_float64());
      break;
    case value_type::decimal:
      sink.text(what.as_decimal().to_string());
      break;
    case value_type::text:
    case value_type::enumeration:
    case value_type::json:
      sink.text(what.as_string());
      break;
    case value_type::bytes:
    case value_type::opaque:
      sink.blob(what.as_string());
      break;
    case value_type::uuid:
      sink.blob({reinterpret_cast<char const*>(what.as_uuid().data()), what.as_uuid().size()});
      break;
    case value_type::array:
    case value_type::interval:
      sink.blob(encode_row(std::span(&what, 1)));
      break;
  }
  return {};
}

// SQLite is C: nothing may be thrown through it.
void call(sqlite3_context* context, int count, sqlite3_value** values) {
  auto const& function = *static_cast<sql_function const*>(sqlite3_user_data(context));
  sql_arguments const arguments(values, static_cast<std::size_t>(count));
  if (!function.takes_null) {
    for (auto* one : arguments) {
      if (sqlite3_value_type(one) == SQLITE_NULL) return sqlite3_result_null(context);
    }
  }
  try {
    auto const made = function.run(arguments);
    if (!made) return sqlite3_result_error(context, made.error().detail.c_str(), -1);
    if (auto const given = give(context_sink{context}, *made); !given) {
      sqlite3_result_error(context, given.error().detail.c_str(), -1);
    }
  } catch (std::exception const&) {
    sqlite3_result_error_nomem(context);
  }
}

}  // namespace

sql_sandbox::sql_sandbox() {
  auto const opened =
      sqlite3_open_v2(":memory:",
                      &database_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
                      nullptr);
  DW_ASSERT(opened == SQLITE_OK);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  // A double-quoted name that is no column must not become a text.
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_exec(database_, "PRAGMA temp_store=MEMORY", nullptr, nullptr, nullptr);
  sqlite3_limit(database_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(database_, SQLITE_LIMIT_LENGTH, value_bytes_max);
  sqlite3_limit(database_, SQLITE_LIMIT_WORKER_THREADS, 0);
  for (auto const& function : sandbox_functions()) {
    // SQLite hands the pointer back as it got it; the table is constant and nobody writes to it.
    auto* const entry = const_cast<sql_function*>(&function);
    auto const added = sqlite3_create_function_v2(database_,
                                                  function.name,
                                                  -1,
                                                  SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                                  entry,
                                                  &call,
                                                  nullptr,
                                                  nullptr,
                                                  nullptr);
    DW_ASSERT(added == SQLITE_OK);
  }
  sqlite3_set_authorizer(database_, &authorize, nullptr);
}

sql_sandbox::~sql_sandbox() {
  sqlite3_close_v2(database_);
}

result<sql_statement> sql_sandbox::prepare(std::string const& sql) {
  sqlite3_stmt* statement = nullptr;
  auto const made = sqlite3_prepare_v3(database_,
                                       sql.c_str(),
                                       static_cast<int>(sql.size()),
                                       SQLITE_PREPARE_PERSISTENT,
                                       &statement,
                                       nullptr);
  if (made != SQLITE_OK) return error{error_code::expression_invalid, sqlite3_errmsg(database_)};
  return sql_statement(statement);
}

std::string_view read_string(sqlite3_value* from) {
  auto const* bytes = static_cast<char const*>(sqlite3_value_blob(from));
  return {bytes == nullptr ? "" : bytes, static_cast<std::size_t>(sqlite3_value_bytes(from))};
}

result<value> read_value(sqlite3_value* from, value_type type) {
  if (sqlite3_value_type(from) == SQLITE_NULL) return value::null();
  switch (type) {
    case value_type::null:
    case value_type::unchanged:
      return value::null();
    case value_type::boolean:
      return value::of_boolean(sqlite3_value_int64(from) != 0);
    case value_type::int64:
      return value::of_int64(sqlite3_value_int64(from));
    case value_type::float64:
      return value::of_float64(sqlite3_value_double(from));
    case value_type::date:
      return value::of_date(sqlite3_value_int64(from));
    case value_type::time:
      return value::of_time(sqlite3_value_int64(from));
    case value_type::timestamp:
      return value::of_timestamp(sqlite3_value_int64(from));
    case value_type::timestamp_tz:
      return value::of_timestamp_tz(sqlite3_value_int64(from));
    case value_type::decimal: {
      DW_TRY(auto number, decimal::parse(read_string(from)));
      return value::of_decimal(std::move(number));
    }
    case value_type::text:
    case value_type::enumeration:
    case value_type::json:
    case value_type::bytes:
    case value_type::opaque:
      return value::of_string(type, std::string(read_string(from)));
    case value_type::uuid: {
      uuid_bytes made{};
      auto const bytes = read_string(from);
      std::memcpy(made.data(), bytes.data(), std::min(bytes.size(), made.size()));
      return value::of_uuid(made);
    }
    case value_type::array:
    case value_type::interval: {
      DW_TRY(auto row, decode_row(read_string(from)));
      return std::move(row.front());
    }
  }
  return value::null();
}

result<void> bind_value(sqlite3_stmt* statement, int index, value const& what) {
  return give(parameter_sink{statement, index}, what);
}

std::shared_ptr<sql_sandbox> open_sandbox() {
  return std::make_shared<sql_sandbox>();
}

}  // namespace dualwrite::engine
