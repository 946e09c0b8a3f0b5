// One connection to a PostgreSQL server, by libpq; texts in, texts out.
#pragma once

#include <libpq-fe.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/connectors/postgresql/prepared_plans.h"
#include "events/result.h"

namespace dualwrite::engine::postgresql {

// What the server says beside the text of an error.
struct server_error {
  std::string state;  // SQLSTATE; empty where no server said anything
  std::string text;
  std::string column;
  std::string constraint;
  std::string context;  // what it was at
};

// Lifetime: views into it live as long as it does.
class answer {
 public:
  explicit answer(PGresult* from) : held_(from, &PQclear) {}
  int count() const { return PQntuples(held_.get()); }
  int columns() const { return PQnfields(held_.get()); }
  bool is_null(int row, int column) const { return PQgetisnull(held_.get(), row, column) != 0; }
  std::string_view text(int row, int column) const {
    return {PQgetvalue(held_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(held_.get(), row, column))};
  }
  bool is_true(int row, int column) const { return text(row, column) == "t"; }
  // Whole numbers of ours, or of the catalogue; zero where it is none.
  std::int64_t integer(int row, int column) const;
  // Rows that a statement inserted, updated or removed.
  std::int64_t changed() const;
  // "COMMIT", "UPDATE 3" and the like.
  std::string_view command() const { return PQcmdStatus(held_.get()); }
  bool succeeded() const {
    auto const how = PQresultStatus(held_.get());
    return how == PGRES_COMMAND_OK || how == PGRES_TUPLES_OK;
  }
  PGresult const* get() const { return held_.get(); }

 private:
  std::shared_ptr<PGresult> held_;
};

// A message of a stream, in the memory that libpq gave it.
class received {
 public:
  received() = default;
  received(char* bytes, int size) : bytes_(bytes), size_(static_cast<std::size_t>(size)) {}
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  struct freed {
    void operator()(char* bytes) const { PQfreemem(bytes); }
  };
  std::unique_ptr<char, freed> bytes_;
  std::size_t size_ = 0;
};

using parameters = std::vector<std::optional<std::string>>;

struct statement {
  std::string sql;
  parameters with;
};

// Guarantees: values come and go in the same form whatever the server, the database or the role is
// set to (ISO dates in UTC, hexadecimal bytes, UTF-8). A standby is not connected to, unless the
// URL wishes it: of several hosts it is the one that can be written to.
// Errors: `app_unreachable` where there is no connection (any more), `app_busy` where the same may
// succeed later, `table_missing` where a name is not known, `not_authorized` where the role lacks a
// right, `row_refused` for all else that the server refuses; failure() then says more.
// Threads: one at a time; calls block.
class connection {
 public:
  enum class purpose { statements, replication };

  // Does nothing where it is open. One that the server has ended is opened anew: a restart must not
  // cost each connection an attempt of its own. "file:PATH" names a file that holds the URL, which
  // is read each time: a password may have changed.
  [[nodiscard]] result<void> open(std::string const& named, purpose what = purpose::statements);
  void close() { held_.reset(); }
  // What the server sends comes here; -1 where there is none.
  [[nodiscard]] int socket() const { return held_ ? PQsocket(held_.get()) : -1; }
  bool is_open() const { return held_ && PQstatus(held_.get()) == CONNECTION_OK; }
  // How often it was connected: another time it may be to another server.
  std::uint64_t connected() const { return connected_; }

  // From here on statements with parameters that come again are prepared.
  void keep_plans() { keeps_plans_ = true; }
  // And planned once for whatever values: before it is opened. To plan a question about catalogues
  // takes longer than to answer it.
  void keep_generic_plans() {
    keeps_plans_ = true;
    settings_ = "; SET plan_cache_mode = force_generic_plan";
  }
  // A table may be another one: until the next transaction nothing is run as it was prepared.
  void distrust_plans() { plans_.distrust(); }
  // Gives up those that are not to be kept; not in a transaction that has failed.
  [[nodiscard]] result<void> renew_plans();

  // 150020 is 15.20.
  int server_version() const { return PQserverVersion(held_.get()); }

  [[nodiscard]] result<void> execute(std::string const& sql);
  // The one answer to a command without parameters; all that a connection for replication takes.
  [[nodiscard]] result<answer> command(std::string const& text);
  [[nodiscard]] result<answer> query(std::string const& sql, parameters const& with = {});
  // Sent together, and answered in their order: behind one that is refused none is run. Their
  // answers have to be small: they are not read before all are sent.
  // `answers` are those of the statements before that one.
  [[nodiscard]] result<void> query_all(std::span<statement const> all,
                                       std::vector<answer>& answers);
  // Each is told of, and taken back by `back` whatever came of it, before the next one runs; they
  // are sent without waiting. Few and small ones: their answers have to fit into a socket.
  [[nodiscard]] result<void> try_each(
      std::span<statement const> all,
      std::string const& back,
      std::function<void(std::size_t, result<answer> const&)> const& told);
  // COPY … FROM STDIN, of this text.
  [[nodiscard]] result<answer> copy_in(std::string const& sql, std::string_view text);
  // Asks for COPY … TO STDOUT; then next_copied() is all that may be called, until it gave the
  // end or an error.
  enum class copied { nothing_yet, bytes, end };
  [[nodiscard]] result<void> copy_out(std::string const& sql);
  // `bytes` holds a row where it says so. Does not wait.
  [[nodiscard]] result<copied> next_copied(std::string& bytes);
  // Begins to stream; then receive() and send() are all that may be called.
  [[nodiscard]] result<void> start_stream(std::string const& command);
  // Nothing where no message is there yet.
  [[nodiscard]] result<std::optional<received>> receive();
  [[nodiscard]] result<void> send(std::string_view message);

  server_error const& failure() const { return failure_; }

 private:
  void close_if_ended();
  // How many answers will come of it; none where it could not be sent.
  [[nodiscard]] int send(statement const& one);
  [[nodiscard]] bool send_plain(statement const& one);
  prepared_plans::use use_of(std::string const& sql, parameters const& with);
  // What next_copied() gives where no more rows can come without an answer of the server.
  [[nodiscard]] result<copied> copy_answer();
  error refused(PGresult const* why);

  std::shared_ptr<PGconn> held_;
  server_error failure_;
  std::uint64_t connected_ = 0;
  bool keeps_plans_ = false;
  std::string settings_;  // statements, behind those of every session
  prepared_plans plans_;
};

// Begins a transaction, and takes it back unless it was committed.
//
// Errors of commit(): `app_reply_lost` where the connection broke before the server answered.
class transaction {
 public:
  [[nodiscard]] static result<transaction> begin(connection& on, std::string const& how = "BEGIN");
  // Begins it with these statements, all sent together.
  [[nodiscard]] static result<transaction> begin_with(connection& on,
                                                      std::vector<statement> first,
                                                      std::vector<answer>& answers);
  transaction(transaction&& other) noexcept : on_(std::exchange(other.on_, nullptr)) {}
  transaction& operator=(transaction&&) = delete;
  ~transaction();
  [[nodiscard]] result<void> commit();
  // The same, and these statements before it, all sent together; `answers` are those of the
  // statements that were not refused.
  [[nodiscard]] result<void> commit_with(std::vector<statement> last, std::vector<answer>& answers);

 private:
  explicit transaction(connection& on) : on_(&on) {}
  connection* on_;
};

[[nodiscard]] std::string quoted_name(std::string_view name);
[[nodiscard]] std::string quoted_text(std::string_view text);

}  // namespace dualwrite::engine::postgresql
