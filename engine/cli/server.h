// The server: log, apps, engine and HTTP, from start to stop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/api/error_files.h"
#include "engine/api/http_server.h"
#include "engine/cli/app_shelf.h"
#include "engine/cli/view_keeper.h"
#include "engine/config/server_config.h"
#include "engine/delivery/mail_channel.h"
#include "engine/delivery/notifier.h"
#include "engine/delivery/smtp_mail.h"
#include "engine/delivery/webhook_channel.h"
#include "engine/runtime/commit_thread.h"
#include "engine/runtime/system_time_zones.h"
#include "engine/runtime/wall_clock.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite::engine {

// Guarantees: run() returns when a signal asked for it, or with the error that ended the engine;
// then nothing is acknowledged any more. A second signal ends the process at once. Errors of
// open(): those of the log's opening, `address_in_use`.
// Threads: run() is the engine strand.
class server {
 public:
  explicit server(server_config config, std::string config_path);
  ~server();

  [[nodiscard]] result<void> open();
  // `ready` is called once, on the engine strand, with the address that answers from now on.
  [[nodiscard]] result<void> run(std::function<void(std::string const& address)> ready);

 private:
  [[nodiscard]] result<void> open_log();
  void make_notifiers();
  [[nodiscard]] result<void> open_door();
  [[nodiscard]] async<void> live();
  [[nodiscard]] async<void> begin();
  [[nodiscard]] async<void> stop();
  [[nodiscard]] async<void> watch_clock();
  void await_signal();

  server_config config_;
  std::string config_path_;
  boost::asio::io_context io_{1};
  wall_clock time_;
  system_time_zones zones_;
  boost::asio::thread_pool pool_;
  std::unique_ptr<rocks_event_log> log_;
  std::optional<trimmed_tail> trimmed_;
  std::unique_ptr<view_keeper> keeper_;
  std::unique_ptr<commit_thread> commits_;
  std::unique_ptr<app_shelf> apps_;
  error_files files_;
  std::unique_ptr<engine> engine_;
  std::unique_ptr<smtp_mail> mail_;
  std::unique_ptr<mail_channel> letters_;
  std::unique_ptr<webhook_channel> hooks_;
  std::vector<std::unique_ptr<notifier>> notifiers_;  // one for each channel
  std::unique_ptr<head_key> key_;
  std::unique_ptr<api_context> context_;
  std::unique_ptr<http_server> http_;
  boost::asio::signal_set signals_;
  nursery children_;
  nursery beside_;  // what goes on beside the engine, and ends with it
  std::function<void(std::string const& address)> ready_;
  std::uint16_t port_ = 0;
  bool asked_to_stop_ = false;
};

}  // namespace dualwrite::engine
