#include "tests/support/postgres_cluster.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace dualwrite {
namespace {

// Another release's may be told.
std::string programs() {
  auto const* told = std::getenv("DW_POSTGRES_PROGRAMS");
  return told == nullptr ? "/usr/lib/postgresql/15/bin" : told;
}

void run_or_end(std::string const& command) {
  auto const as = geteuid() == 0 ? "runuser -u postgres -- " : "";
  if (std::system((as + command).c_str()) == 0) return;
  std::fprintf(stderr, "failed: %s\n", command.c_str());
  std::abort();
}

}  // namespace

postgres_cluster::postgres_cluster() {
  auto name = (std::filesystem::temp_directory_path() / "dualwrite-pg-XXXXXX").string();
  folder_ = mkdtemp(name.data());
  std::filesystem::permissions(folder_, std::filesystem::perms::all);
  run_or_end(
      fmt::format("{}/initdb -D {}/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N "
                  "> {}/initdb.log 2>&1",
                  programs(),
                  folder_.string(),
                  folder_.string()));
  std::ofstream(folder_ / "data/postgresql.conf", std::ios::app)
      << fmt::format("listen_addresses = ''\nunix_socket_directories = '{}'\n", folder_.string())
      << "wal_level = logical\nmax_replication_slots = 20\nmax_wal_senders = 20\n"
      << "shared_buffers = 16MB\nmax_prepared_transactions = 4\n";
  start();
}

postgres_cluster::~postgres_cluster() {
  if (runs_) kill();
  std::filesystem::remove_all(folder_);
}

postgres_cluster& postgres_cluster::shared() {
  static postgres_cluster one;
  return one;
}

void postgres_cluster::control(std::string const& what) const {
  run_or_end(fmt::format("{}/pg_ctl -D {}/data -w -t 90 -l {}/server.log {} > /dev/null 2>&1",
                         programs(),
                         folder_.string(),
                         folder_.string(),
                         what));
}

void postgres_cluster::start() {
  control("start");
  runs_ = true;
}

void postgres_cluster::stop() {
  control("-m fast stop");
  runs_ = false;
}

void postgres_cluster::kill() {
  control("-m immediate stop");
  runs_ = false;
}

void postgres_cluster::promote() {
  if (runs_) stop();
  run_or_end(fmt::format("touch {}/data/standby.signal", folder_.string()));
  start();
  control("promote");
}

// Nothing runs while it is copied, so the copy is what a loss of power would have left.
void postgres_cluster::save_copy() {
  run_or_end(
      fmt::format("sh -c 'cd {} && first=$(head -1 data/postmaster.pid) && "
                  "all=\"$first $(pgrep -P $first)\" && kill -STOP $all && rm -rf copy && "
                  "cp -a data copy && rm copy/postmaster.pid && kill -CONT $all'",
                  folder_.string()));
}

void postgres_cluster::restore_copy() {
  kill();
  auto const home = folder_.string();
  run_or_end(fmt::format("sh -c 'rm -rf {0}/data && cp -a {0}/copy {0}/data'", home));
  start();
}

std::string postgres_cluster::url(std::string const& database) const {
  return fmt::format("host={} user=postgres dbname={}", folder_.string(), database);
}

std::string postgres_cluster::fresh_database(std::string const& name) {
  postgres_user all(url("postgres"));
  all.run(
      fmt::format("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE "
                  "database = '{}' AND active",
                  name));
  // The session that held a slot ends a moment later.
  for (int attempt = 0; attempt < 200; ++attempt) {
    bool const gone =
        all.run(fmt::format("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                            "WHERE database = '{}'",
                            name));
    if (gone) break;
    usleep(10'000);
  }
  all.run(fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", name));
  all.run("CREATE DATABASE " + name);
  return url(name);
}

bool postgres_user::run(std::string const& sql) {
  auto* got = PQexec(held_, sql.c_str());
  auto const how = PQresultStatus(got);
  PQclear(got);
  return how == PGRES_COMMAND_OK || how == PGRES_TUPLES_OK;
}

std::string postgres_user::ask(std::string const& sql) {
  auto* got = PQexec(held_, sql.c_str());
  std::string out;
  for (int row = 0; row < PQntuples(got); ++row) {
    if (row > 0) out += ";";
    for (int i = 0; i < PQnfields(got); ++i) {
      if (i > 0) out += "|";
      out += PQgetisnull(got, row, i) != 0 ? "NULL" : PQgetvalue(got, row, i);
    }
  }
  if (PQresultStatus(got) != PGRES_TUPLES_OK) out = PQresultErrorMessage(got);
  PQclear(got);
  return out;
}

}  // namespace dualwrite
