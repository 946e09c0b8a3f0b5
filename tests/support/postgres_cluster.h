// A PostgreSQL server of the tests' own, in a folder that goes with it.
#pragma once

#include <libpq-fe.h>

#include <filesystem>
#include <string>

namespace dualwrite {

// Listens on a socket in its own folder, and on no port of the network. Runs as the user `postgres`
// where the tests run as root, whom the server refuses.
// Errors: none are given; a server that cannot be made ends the test program with the reason.
class postgres_cluster {
 public:
  postgres_cluster();
  ~postgres_cluster();
  postgres_cluster(postgres_cluster const&) = delete;
  postgres_cluster& operator=(postgres_cluster const&) = delete;

  // One for the whole test program, started when it is first asked for.
  static postgres_cluster& shared();

  void start();
  void stop();  // as its operator would: sessions are ended
  void kill();  // at once, as a loss of power would

  // Starts it anew on another timeline: as a standby that takes its own place.
  void promote();

  // All of its databases, as they are, while it runs; and as they were then, when it was started
  // anew.
  void save_copy();
  void restore_copy();

  // A database of this name, made anew; slots of its predecessor are dropped.
  std::string fresh_database(std::string const& name);
  std::string url(std::string const& database) const;

 private:
  void control(std::string const& what) const;

  std::filesystem::path folder_;
  bool runs_ = false;
};

// Somebody else who works with a database.
class postgres_user {
 public:
  explicit postgres_user(std::string const& url) : held_(PQconnectdb(url.c_str())) {}
  ~postgres_user() { PQfinish(held_); }
  postgres_user(postgres_user const&) = delete;
  postgres_user& operator=(postgres_user const&) = delete;

  bool run(std::string const& sql);
  // Columns parted by "|", rows by ";"; the server's message where it refuses.
  std::string ask(std::string const& sql);

 private:
  PGconn* held_;
};

}  // namespace dualwrite
