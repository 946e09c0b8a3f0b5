#include "engine/connectors/postgresql/connection.h"

#include <array>
#include <charconv>
#include <cstdlib>

#include "engine/connectors/postgresql/connection_url.h"
#include "engine/connectors/postgresql/sqlstate.h"

namespace dualwrite::engine::postgresql {
namespace {

std::string trimmed(char const* text) {
  std::string out = text == nullptr ? "" : text;
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

std::string field(PGresult const* of, int which) {
  return of == nullptr ? std::string() : trimmed(PQresultErrorField(of, which));
}

std::int64_t number(std::string_view text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// A session that lost its engine must not hold its locks for ever, nor ours wait so long.
constexpr char const* statement_limits =
    "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'";

std::vector<char const*> given(parameters const& with) {
  std::vector<char const*> out;
  for (auto const& one : with) out.push_back(one ? one->c_str() : nullptr);
  return out;
}

}  // namespace

std::int64_t answer::integer(int row, int column) const {
  return number(text(row, column));
}

std::int64_t answer::changed() const {
  return number(PQcmdTuples(held_.get()));
}

result<void> connection::open(std::string const& named, purpose what) {
  close_if_ended();
  if (is_open()) return {};
  bool const replicates = what == purpose::replication;
  DW_TRY(auto const url, url_named(named));
  auto const options = options_with(url);
  auto const* const wished = std::getenv("PGTARGETSESSIONATTRS");
  // A server that has gone without a farewell is found out in half a minute.
  std::array const names{"target_session_attrs",  // the URL's own counts more
                         "dbname",
                         "options",
                         "client_encoding",
                         "fallback_application_name",
                         "connect_timeout",
                         "keepalives_idle",
                         "keepalives_interval",
                         "keepalives_count",
                         "tcp_user_timeout",
                         replicates ? "replication" : nullptr,
                         static_cast<char const*>(nullptr)};
  std::array const values{wished == nullptr ? "read-write" : wished,
                          url.c_str(),
                          options.c_str(),
                          "UTF8",
                          "dualwrite",
                          "10",
                          "15",
                          "5",
                          "3",
                          "30000",
                          "database",
                          static_cast<char const*>(nullptr)};
  plans_.clear();
  ++connected_;
  held_.reset(PQconnectdbParams(names.data(), values.data(), 1), &PQfinish);
  if (!is_open()) {
    error const why{error_code::app_unreachable, trimmed(PQerrorMessage(held_.get()))};
    held_.reset();
    return why;
  }
  PQsetNoticeProcessor(
      held_.get(), [](void*, char const*) {}, nullptr);
  // Such a server does not know what its bytes stand for, and sends no row that is not UTF-8.
  auto const* const encoding = PQparameterStatus(held_.get(), "server_encoding");
  if (encoding != nullptr && std::string_view(encoding) == "SQL_ASCII")
    DW_CHECK(execute("SET client_encoding = 'SQL_ASCII'"));
  return replicates ? result<void>{} : execute(statement_limits + settings_);
}

// libpq sees an end only when it looks: first the farewell, then the end behind it. Neither waits.
void connection::close_if_ended() {
  for (int look = 0; look < 2 && is_open(); ++look) {
    if (PQconsumeInput(held_.get()) == 0) close();
  }
}

error connection::refused(PGresult const* why) {
  failure_.state = field(why, PG_DIAG_SQLSTATE);
  failure_.text = field(why, PG_DIAG_MESSAGE_PRIMARY);
  auto const more = field(why, PG_DIAG_MESSAGE_DETAIL);
  if (!more.empty()) failure_.text += ": " + more;
  failure_.column = field(why, PG_DIAG_COLUMN_NAME);
  failure_.constraint = field(why, PG_DIAG_CONSTRAINT_NAME);
  failure_.context = field(why, PG_DIAG_CONTEXT);
  if (failure_.text.empty()) failure_.text = held_ ? trimmed(PQerrorMessage(held_.get())) : "";
  auto const function = field(why, PG_DIAG_SOURCE_FUNCTION);
  auto const code = is_open() ? code_of(failure_.state, {function, failure_.context})
                              : error_code::app_unreachable;
  // The server has told its farewell, but libpq may not have seen the end yet.
  if (code == error_code::app_unreachable) close();
  return error{code, failure_.text};
}

result<void> connection::execute(std::string const& sql) {
  DW_TRY(auto const done, command(sql));
  return {};
}

result<answer> connection::command(std::string const& text) {
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  answer got(PQexec(held_.get(), text.c_str()));
  if (!got.succeeded()) return refused(got.get());
  return got;
}

result<void> connection::renew_plans() {
  if (!plans_.are_old()) return {};
  plans_.clear();
  return execute("DEALLOCATE ALL");
}

prepared_plans::use connection::use_of(std::string const& sql, parameters const& with) {
  return keeps_plans_ && !with.empty() ? plans_.use_of(sql) : prepared_plans::use{};
}

result<answer> connection::query(std::string const& sql, parameters const& with) {
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  auto* const to = held_.get();
  auto const values = given(with);
  auto const count = static_cast<int>(values.size());
  auto const [is_to_prepare, name] = use_of(sql, with);
  if (is_to_prepare) {
    answer const made(PQprepare(to, name.c_str(), sql.c_str(), count, nullptr));
    if (!made.succeeded()) plans_.lost(sql);
    if (!made.succeeded()) return refused(made.get());
  }
  auto const run = [&] {
    return name.empty()
               ? PQexecParams(to, sql.c_str(), count, nullptr, values.data(), nullptr, nullptr, 0)
               : PQexecPrepared(to, name.c_str(), count, values.data(), nullptr, nullptr, 0);
  };
  answer got(run());
  if (!got.succeeded()) return refused(got.get());
  return got;
}

bool connection::send_plain(statement const& one) {
  auto const values = given(one.with);
  return PQsendQueryParams(held_.get(),
                           one.sql.c_str(),
                           static_cast<int>(values.size()),
                           nullptr,
                           values.data(),
                           nullptr,
                           nullptr,
                           0) == 1;
}

int connection::send(statement const& one) {
  auto const [is_to_prepare, name] = use_of(one.sql, one.with);
  if (name.empty()) return send_plain(one) ? 1 : 0;
  auto* const to = held_.get();
  auto const values = given(one.with);
  auto const count = static_cast<int>(values.size());
  if (is_to_prepare && PQsendPrepare(to, name.c_str(), one.sql.c_str(), count, nullptr) != 1)
    return 0;
  if (PQsendQueryPrepared(to, name.c_str(), count, values.data(), nullptr, nullptr, 0) != 1)
    return 0;
  return is_to_prepare ? 2 : 1;
}

result<void> connection::query_all(std::span<statement const> all, std::vector<answer>& answers) {
  answers.clear();
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  bool sent = PQenterPipelineMode(held_.get()) == 1;
  std::vector<int> expected;
  for (auto const& one : all) {
    if (sent) expected.push_back(send(one));
    sent = sent && expected.back() > 0;
  }
  sent = sent && PQpipelineSync(held_.get()) == 1;
  result<void> done;
  for (std::size_t i = 0; sent && i < all.size() && is_open(); ++i) {
    for (int left = expected[i]; left > 0 && is_open(); --left) {
      answer const got(PQgetResult(held_.get()));
      bool const is_fine = got.get() != nullptr && got.succeeded();
      if (!is_fine && expected[i] > 1) plans_.lost(all[i].sql);
      if (done && !is_fine) done = refused(got.get());
      if (done && left == 1) answers.push_back(got);
      // Nothing behind it.
      if (is_open()) answer(PQgetResult(held_.get()));
    }
  }
  if (sent && is_open()) {
    answer const end_of_all(PQgetResult(held_.get()));
    if (PQexitPipelineMode(held_.get()) == 1) return done;
  }
  if (done) done = refused(nullptr);
  close();
  return error{error_code::app_unreachable, done.error().detail};
}

result<void> connection::try_each(
    std::span<statement const> all,
    std::string const& back,
    std::function<void(std::size_t, result<answer> const&)> const& told) {
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  bool sent = PQenterPipelineMode(held_.get()) == 1;
  statement const taking_back{back, {}};
  auto const send_alone = [&](statement const& one) {
    return send_plain(one) && PQpipelineSync(held_.get()) == 1;
  };
  for (auto const& one : all) sent = sent && send_alone(one) && send_alone(taking_back);
  // An answer, nothing behind it, and the mark that nothing more belongs to it.
  auto const next = [&]() -> result<answer> {
    answer got(is_open() ? PQgetResult(held_.get()) : nullptr);
    auto out = got.get() != nullptr && got.succeeded() ? result<answer>(got) : refused(got.get());
    for (int more = 0; more < 2 && is_open(); ++more) answer(PQgetResult(held_.get()));
    return out;
  };
  for (std::size_t i = 0; sent && i < all.size(); ++i) {
    auto const came = next();
    told(i, came);
    auto const taken_back = next();
    if (taken_back) continue;
    close();
    return taken_back.error();
  }
  if (sent && PQexitPipelineMode(held_.get()) == 1) return {};
  auto why = refused(nullptr);
  close();
  return error{error_code::app_unreachable, why.detail};
}

result<answer> connection::copy_in(std::string const& sql, std::string_view text) {
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  answer const begun(PQexec(held_.get(), sql.c_str()));
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) return refused(begun.get());
  // What the server refuses it says behind the end.
  bool const sent = PQputCopyData(held_.get(), text.data(), static_cast<int>(text.size())) == 1 &&
                    PQputCopyEnd(held_.get(), nullptr) == 1;
  if (!sent) {
    auto const why = refused(nullptr);
    close();
    return error{error_code::app_unreachable, why.detail};
  }
  answer got(PQgetResult(held_.get()));
  auto done = got.succeeded() ? result<answer>(got) : refused(got.get());
  while (is_open()) {
    answer const more(PQgetResult(held_.get()));
    if (more.get() == nullptr) break;
  }
  return done;
}

result<void> connection::copy_out(std::string const& sql) {
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  if (PQsendQuery(held_.get(), sql.c_str()) != 1) return refused(nullptr);
  return {};
}

result<connection::copied> connection::next_copied(std::string& bytes) {
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  for (bool has_looked = false;; has_looked = true) {
    char* row = nullptr;
    auto const size = PQgetCopyData(held_.get(), &row, 1);
    if (size > 0) {
      bytes.assign(row, static_cast<std::size_t>(size));
      PQfreemem(row);
      return copied::bytes;
    }
    // Before the first row and behind the last one the server answers.
    if (size < 0 && PQisBusy(held_.get()) == 0) {
      DW_TRY(auto const answered, copy_answer());
      if (answered == copied::end) return answered;
      has_looked = false;
      continue;
    }
    if (has_looked) return copied::nothing_yet;
    if (PQconsumeInput(held_.get()) == 0) {
      auto const why = refused(nullptr);
      close();
      return error{error_code::app_unreachable, why.detail};
    }
  }
}

result<connection::copied> connection::copy_answer() {
  answer const got(PQgetResult(held_.get()));
  if (PQresultStatus(got.get()) == PGRES_COPY_OUT) return copied::nothing_yet;
  auto const done = got.succeeded() ? result<void>{} : refused(got.get());
  while (is_open()) {
    answer const more(PQgetResult(held_.get()));
    if (more.get() == nullptr) break;
  }
  if (!done) return done.error();
  return copied::end;
}

result<void> connection::start_stream(std::string const& command) {
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  answer const got(PQexec(held_.get(), command.c_str()));
  if (PQresultStatus(got.get()) != PGRES_COPY_BOTH) return refused(got.get());
  return {};
}

result<std::optional<received>> connection::receive() {
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  for (bool has_looked = false;; has_looked = true) {
    char* bytes = nullptr;
    auto const size = PQgetCopyData(held_.get(), &bytes, 1);
    if (size > 0) return std::optional<received>(std::in_place, bytes, size);
    if (size < 0) {
      // The stream has ended: the server says why.
      answer const last(PQgetResult(held_.get()));
      auto why = refused(last.get());
      held_.reset();
      return why;
    }
    if (has_looked) return std::optional<received>{};
    if (PQconsumeInput(held_.get()) == 0) {
      auto why = refused(nullptr);
      held_.reset();
      return error{error_code::app_unreachable, why.detail};
    }
  }
}

result<void> connection::send(std::string_view message) {
  if (!is_open()) return error{error_code::app_unreachable, "there is no connection"};
  auto const put = PQputCopyData(held_.get(), message.data(), static_cast<int>(message.size()));
  if (put != 1 || PQflush(held_.get()) < 0) return refused(nullptr);
  return {};
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

}  // namespace dualwrite::engine::postgresql
