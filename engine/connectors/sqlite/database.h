// A connection to one SQLite file: statements that are prepared once, and errors in our classes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "events/instant.h"
#include "events/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace dualwrite::engine::sqlite {

// What SQLite stored, as it is.
struct stored {
  enum class kind : std::uint8_t { null, integer, real, text, blob };
  kind is = kind::null;
  std::int64_t integer = 0;
  double real = 0;
  std::string bytes;
};

// Lifetime: outlived by its database; a parameter or column is counted from 0.
class statement {
 public:
  explicit statement(sqlite3_stmt* handle) : handle_(handle) {}

  statement& bind(int at, std::int64_t number);
  statement& bind_text(int at, std::string_view text);
  statement& bind(int at, stored const& what);

  // True: there is a row. After false or an error it can be bound and run again.
  [[nodiscard]] result<bool> step();
  // For statements that give no rows.
  [[nodiscard]] result<void> run();
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] stored column(int column) const;

 private:
  sqlite3_stmt* handle_;
};

// Errors: `app_busy`, `app_unreachable` (the file is missing, full or refused), `app_damaged`,
// `table_missing` (a statement does not fit the schema), `row_refused` (a constraint).
// Threads: one at a time.
class database {
 public:
  database() = default;
  ~database();
  database(database const&) = delete;
  database& operator=(database const&) = delete;

  // Nothing is done where it is open. The file must exist.
  [[nodiscard]] result<void> open(std::filesystem::path const& path, duration busy);
  void close();
  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }
  // Whether the file that was opened is still the one under its path.
  [[nodiscard]] bool is_current() const;

  [[nodiscard]] result<void> execute(std::string const& sql);
  [[nodiscard]] result<statement> prepare(std::string const& sql);
  [[nodiscard]] std::int64_t changes() const;
  [[nodiscard]] bool in_transaction() const;
  // Foreign keys that are broken now and have to be mended before the transaction ends.
  [[nodiscard]] int deferred_breaches() const;
  // Of the last call that failed.
  [[nodiscard]] int extended_code() const;
  [[nodiscard]] std::string message() const;

 private:
  sqlite3* handle_ = nullptr;
  std::filesystem::path path_;
  std::uint64_t device_ = 0, inode_ = 0;
  std::map<std::string, sqlite3_stmt*> prepared_;
};

// The error of a SQLite result code.
[[nodiscard]] error error_of(int code, std::string message);
// "SQLITE_CONSTRAINT_UNIQUE"
[[nodiscard]] std::string code_name(int extended_code);
[[nodiscard]] std::string quoted_name(std::string_view name);
[[nodiscard]] std::string quoted_text(std::string_view text);

// Rolls back unless it was committed.
class transaction {
 public:
  [[nodiscard]] static result<transaction> begin(database& on, char const* how = "BEGIN IMMEDIATE");
  transaction(transaction&& other) noexcept : on_(std::exchange(other.on_, nullptr)) {}
  ~transaction();
  [[nodiscard]] result<void> commit();

 private:
  explicit transaction(database& on) : on_(&on) {}
  database* on_;
};

}  // namespace dualwrite::engine::sqlite
