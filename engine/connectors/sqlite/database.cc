#include "engine/connectors/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

namespace dualwrite::engine::sqlite {

error error_of(int code, std::string message) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error{error_code::app_busy, std::move(message)};
    case SQLITE_CONSTRAINT:
      return error{error_code::row_refused, std::move(message)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return error{error_code::app_damaged, std::move(message)};
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
      return error{error_code::table_missing, std::move(message)};
    default:
      return error{error_code::app_unreachable, std::move(message)};
  }
}

std::string code_name(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_CHECK:
      return "SQLITE_CONSTRAINT_CHECK";
    case SQLITE_CONSTRAINT_DATATYPE:
      return "SQLITE_CONSTRAINT_DATATYPE";
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return "SQLITE_CONSTRAINT_FOREIGNKEY";
    case SQLITE_CONSTRAINT_NOTNULL:
      return "SQLITE_CONSTRAINT_NOTNULL";
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return "SQLITE_CONSTRAINT_PRIMARYKEY";
    case SQLITE_CONSTRAINT_ROWID:
      return "SQLITE_CONSTRAINT_ROWID";
    case SQLITE_CONSTRAINT_TRIGGER:
      return "SQLITE_CONSTRAINT_TRIGGER";
    case SQLITE_CONSTRAINT_UNIQUE:
      return "SQLITE_CONSTRAINT_UNIQUE";
    case SQLITE_MISMATCH:
      return "SQLITE_MISMATCH";
    case SQLITE_TOOBIG:
      return "SQLITE_TOOBIG";
    default:
      return fmt::format("SQLITE_{}", extended_code);
  }
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (auto const letter : name) {
    if (letter == '"') out.push_back('"');
    out.push_back(letter);
  }
  out.push_back('"');
  return out;
}

std::string quoted_text(std::string_view text) {
  std::string out = "'";
  for (auto const letter : text) {
    if (letter == '\'') out.push_back('\'');
    out.push_back(letter);
  }
  out.push_back('\'');
  return out;
}

statement& statement::bind(int at, std::int64_t number) {
  sqlite3_bind_int64(handle_, at + 1, number);
  return *this;
}

statement& statement::bind_text(int at, std::string_view text) {
  sqlite3_bind_text64(handle_, at + 1, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

statement& statement::bind(int at, stored const& what) {
  switch (what.is) {
    case stored::kind::null:
      sqlite3_bind_null(handle_, at + 1);
      break;
    case stored::kind::integer:
      sqlite3_bind_int64(handle_, at + 1, what.integer);
      break;
    case stored::kind::real:
      sqlite3_bind_double(handle_, at + 1, what.real);
      break;
    case stored::kind::text:
      return bind_text(at, what.bytes);
    case stored::kind::blob:
      // A null pointer would bind NULL.
      sqlite3_bind_blob64(handle_,
                          at + 1,
                          what.bytes.empty() ? "" : what.bytes.data(),
                          what.bytes.size(),
                          SQLITE_TRANSIENT);
      break;
  }
  return *this;
}

result<bool> statement::step() {
  auto const code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  auto* const on = sqlite3_db_handle(handle_);
  auto why = error_of(sqlite3_extended_errcode(on), sqlite3_errmsg(on));
  sqlite3_reset(handle_);
  return why;
}

result<void> statement::run() {
  while (true) {
    DW_TRY(auto const row, step());
    if (!row) return {};
  }
}

void statement::reset() {
  sqlite3_reset(handle_);
}

std::int64_t statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::string statement::text(int column) const {
  return this->column(column).bytes;
}

stored statement::column(int column) const {
  stored out;
  auto const take = [&](void const* bytes) {
    auto const size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
    out.bytes.assign(static_cast<char const*>(bytes), size);
  };
  switch (sqlite3_column_type(handle_, column)) {
    case SQLITE_INTEGER:
      out.is = stored::kind::integer;
      out.integer = sqlite3_column_int64(handle_, column);
      break;
    case SQLITE_FLOAT:
      out.is = stored::kind::real;
      out.real = sqlite3_column_double(handle_, column);
      break;
    case SQLITE_TEXT:
      out.is = stored::kind::text;
      take(sqlite3_column_text(handle_, column));
      break;
    case SQLITE_BLOB:
      out.is = stored::kind::blob;
      if (auto const* bytes = sqlite3_column_blob(handle_, column)) take(bytes);
      break;
    default:
      break;
  }
  return out;
}

database::~database() {
  close();
}

void database::close() {
  for (auto& [sql, handle] : prepared_) sqlite3_finalize(handle);
  prepared_.clear();
  sqlite3_close(handle_);
  handle_ = nullptr;
}

result<void> database::open(std::filesystem::path const& path, duration busy) {
  if (handle_ != nullptr) return {};
  auto const code =
      sqlite3_open_v2(path.c_str(),
                      &handle_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                      nullptr);
  if (code != SQLITE_OK) {
    auto why = error_of(code, fmt::format("{}: {}", path.string(), sqlite3_errmsg(handle_)));
    close();
    return why;
  }
  path_ = path;
  struct stat file {};
  if (stat(path.c_str(), &file) == 0) {
    device_ = file.st_dev;
    inode_ = file.st_ino;
  }
  using std::chrono::milliseconds;
  sqlite3_busy_timeout(handle_,
                       static_cast<int>(std::chrono::duration_cast<milliseconds>(busy).count()));
  auto const ready =
      execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON");
  if (!ready) close();
  return ready;
}

bool database::is_current() const {
  struct stat file {};
  return stat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
}

result<void> database::execute(std::string const& sql) {
  auto const code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return error_of(sqlite3_extended_errcode(handle_), sqlite3_errmsg(handle_));
}

result<statement> database::prepare(std::string const& sql) {
  auto const known = prepared_.find(sql);
  if (known != prepared_.end()) {
    statement again(known->second);
    again.reset();
    return again;
  }
  sqlite3_stmt* handle = nullptr;
  auto const code = sqlite3_prepare_v3(handle_,
                                       sql.c_str(),
                                       static_cast<int>(sql.size()),
                                       SQLITE_PREPARE_PERSISTENT,
                                       &handle,
                                       nullptr);
  if (code != SQLITE_OK)
    return error_of(sqlite3_extended_errcode(handle_), sqlite3_errmsg(handle_));
  prepared_[sql] = handle;
  return statement(handle);
}

std::int64_t database::changes() const {
  return sqlite3_changes64(handle_);
}

bool database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

int database::deferred_breaches() const {
  int now = 0;
  int highest = 0;
  sqlite3_db_status(handle_, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &highest, 0);
  return now;
}

int database::extended_code() const {
  return sqlite3_extended_errcode(handle_);
}

std::string database::message() const {
  return sqlite3_errmsg(handle_);
}

result<transaction> transaction::begin(database& on, char const* how) {
  DW_CHECK(on.execute(how));
  return transaction(on);
}

transaction::~transaction() {
  if (on_ != nullptr && on_->in_transaction()) (void)on_->execute("ROLLBACK");
}

result<void> transaction::commit() {
  auto const done = on_->execute("COMMIT");
  if (done) on_ = nullptr;
  return done;
}

}  // namespace dualwrite::engine::sqlite
