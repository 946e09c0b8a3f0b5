#include "engine/cli/server.h"

#include <fmt/format.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "engine/api/access.h"
#include "engine/api/apply_config.h"
#include "engine/cli/new_log_id.h"

namespace dualwrite::engine {
namespace {

constexpr int interrupted = 130;
// Calls of apps wait on them: each app reads, captures and writes at once.
constexpr std::size_t pool_threads = 8;

std::string address_text(listen_address const& listen, std::uint16_t port) {
  bool const six = listen.host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", six ? "[" : "", listen.host, six ? "]" : "", port);
}

}  // namespace

server::server(server_config config, std::string config_path)
    : config_(std::move(config)),
      config_path_(std::move(config_path)),
      time_(io_.get_executor()),
      pool_(pool_threads),
      signals_(io_),
      children_(io_.get_executor()),
      beside_(io_.get_executor()) {}

server::~server() {
  pool_.join();
}

result<void> server::open() {
  DW_CHECK(open_log());
  apps_ = std::make_unique<app_shelf>(io_.get_executor(), pool_, config_);
  DW_TRY(auto const program, digest_of_program());
  auto file = std::filesystem::path(config_.data_dir) / "views.snapshot";
  keeper_ =
      std::make_unique<view_keeper>(io_.get_executor(), pool_, *log_, std::move(file), program);
  DW_TRY(auto views, keeper_->load());
  commits_ = std::make_unique<commit_thread>(*log_);
  engine_settings settings;
  settings.flow = config_.engine;
  engine_ = std::make_unique<engine>(
      io_.get_executor(), *commits_, time_, apps_->ports(), settings, std::move(views));
  make_notifier();
  return open_door();
}

void server::make_notifier() {
  if (!config_.smtp) return;
  auto const& smtp = *config_.smtp;
  smtp_settings settings;
  settings.url = smtp.url.value;
  settings.from = smtp.from;
  settings.user = smtp.user;
  settings.password = smtp.password.value;
  settings.starttls = smtp.starttls;
  mail_ = std::make_unique<smtp_mail>(pool_, std::move(settings));
  notifier_settings letters;
  letters.domain = smtp.from.substr(smtp.from.find('@') + 1);
  notifier_ = std::make_unique<notifier>(
      io_.get_executor(), engine_->log(), time_, *mail_, std::move(letters));
}

result<void> server::open_log() {
  std::error_code failed;
  std::filesystem::create_directories(config_.data_dir, failed);
  if (failed)
    return error{error_code::folder_refused,
                 fmt::format("{}: {}", config_.data_dir, failed.message())};
  rocks_log_options options;
  options.create = new_log_id();
  auto opened = rocks_event_log::open(config_.data_dir, options);
  if (!opened) {
    auto why = std::move(opened).error();
    if (why.code == error_code::log_locked)
      why.detail = fmt::format("The folder is {}.", config_.data_dir);
    return why;
  }
  log_ = std::move(opened->log);
  trimmed_ = std::move(opened->trimmed);
  return {};
}

result<void> server::open_door() {
  DW_TRY(auto token, local_token(config_.data_dir));
  DW_TRY(key_, head_key::in(config_.data_dir));
  context_ = std::make_unique<api_context>(
      api_context{*engine_,
                  *log_,
                  time_,
                  pool_,
                  *key_,
                  [this](std::string const& folder) { return log_->backup(folder); },
                  config_path_,
                  time_.now(),
                  mail_ != nullptr});
  http_ =
      std::make_unique<http_server>(io_.get_executor(), *context_, std::move(token), http_limits{});
  DW_TRY(port_, http_->listen(config_.listen));
  // For clients on this machine, where the file leaves the port open.
  std::ofstream(std::filesystem::path(config_.data_dir) / "server.address")
      << address_text(config_.listen, port_) << "\n";
  return {};
}

result<void> server::run(std::function<void(std::string const& address)> ready) {
  ready_ = std::move(ready);
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  await_signal();
  result<void> ended;
  children_.start([this, &ended]() -> async<void> {
    auto lived = co_await live();
    ended = lived;
    signals_.cancel();
    co_return result<void>{};
  });
  io_.run();
  return ended;
}

void server::await_signal() {
  signals_.async_wait([this](boost::system::error_code failed, int) {
    if (failed) return;
    if (asked_to_stop_) ::_exit(interrupted);
    asked_to_stop_ = true;
    fmt::print(stderr, "Stopping; again to stop at once.\n");
    children_.start([this] { return stop(); });
    await_signal();
  });
}

async<void> server::live() {
  engine_->start();
  auto const begun = co_await begin();
  if (begun) {
    http_->start();
    if (notifier_) beside_.start([this] { return notifier_->run(); });
    beside_.start([this] { return keeper_->run(engine_->log()); });
    ready_(address_text(config_.listen, port_));
  } else {
    engine_->cancel();
  }
  auto const ended = co_await engine_->join();
  if (mail_) mail_->stop();
  beside_.cancel();
  auto const told = co_await beside_.join();
  http_->cancel();
  auto const closed = co_await http_->join();
  if (!ended) co_return ended;
  if (!told) co_return told;
  if (!closed) co_return closed;
  keeper_->save(engine_->views());
  if (!begun && !asked_to_stop_) co_return begun;
  co_return result<void>{};
}

// What the log has to be told before clients are let in.
async<void> server::begin() {
  if (trimmed_) {
    auto const detail =
        fmt::format("ends at {}, torn files in {}", trimmed_->head.at.value, trimmed_->set_aside);
    drafts events;
    LogTailTrimmed const trimmed{detail};
    events.push_back(draft({}, {}, trimmed));
    DW_CO_CHECK(co_await engine_->log().append(std::move(events)));
    fmt::print(stderr, "The log's end was torn by a crash and is trimmed: {}.\n", detail);
  }
  auto config = config_;
  reconcile_wish const wish{false, false};
  std::string actor = "config";
  auto const steps = co_await make_so(*engine_, std::move(config), wish, std::move(actor));
  if (!steps) co_return steps.error();
  if (!steps->empty()) fmt::print(stderr, "{}", format_plan(*steps));
  co_return result<void>{};
}

async<void> server::stop() {
  EngineStopped const stopped{0};
  drafts events;
  events.push_back(draft({}, {}, stopped));
  // Where the log does not take it any more, the engine's own failure says why.
  auto const told = co_await engine_->log().append(std::move(events));
  engine_->cancel();
  if (!told) co_return error{error_code::stopped};
  co_return result<void>{};
}

}  // namespace dualwrite::engine
