#include "engine/cli/server.h"

#include <fmt/format.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "engine/api/access.h"
#include "engine/api/apply_config.h"
#include "engine/cli/new_log_id.h"
#include "engine/cli/server_log.h"

namespace dualwrite::engine {
namespace {

constexpr int interrupted = 130;
// Calls of apps wait on them: each app reads, captures and writes at once.
constexpr std::size_t pool_threads = 16;
// How often the machine's clock is looked at.
constexpr duration clock_pace = std::chrono::seconds(5);

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
      files_(pool_, std::filesystem::absolute(config_path_).parent_path()),
      signals_(io_),
      children_(io_.get_executor()),
      beside_(io_.get_executor()) {}

server::~server() {
  pool_.join();
}

result<void> server::open() {
  DW_CHECK(open_log());
  DW_TRY(auto const program, digest_of_program());
  keeper_ =
      std::make_unique<view_keeper>(io_.get_executor(), pool_, *log_, config_.data_dir, program);
  DW_TRY(auto views, keeper_->load());
  DW_TRY(auto const names, first_names_of(*log_, views, config_));
  apps_ = std::make_unique<app_shelf>(io_.get_executor(), pool_, config_, log_->head().log, names);
  commits_ = std::make_unique<commit_thread>(*log_);
  engine_settings settings;
  settings.flow = config_.engine;
  settings.archive = &files_;
  engine_ = std::make_unique<engine>(
      io_.get_executor(), *commits_, time_, zones_, apps_->ports(), settings, std::move(views));
  make_notifiers();
  return open_door();
}

void server::make_notifiers() {
  auto const strand = io_.get_executor();
  if (config_.smtp) {
    auto const& smtp = *config_.smtp;
    smtp_settings settings;
    settings.url = smtp.url.value;
    settings.from = smtp.from;
    settings.user = smtp.user;
    settings.password = smtp.password.value;
    settings.starttls = smtp.starttls;
    settings.ca = smtp.ca;
    mail_ = std::make_unique<smtp_mail>(pool_, std::move(settings));
    letters_ = std::make_unique<mail_channel>(*mail_, smtp.from.substr(smtp.from.find('@') + 1));
    notifiers_.push_back(std::make_unique<notifier>(
        strand, engine_->log(), time_, message_channel::mail, *letters_, notifier_settings{}));
  }
  webhook_settings hooks;
  hooks.source = fmt::format("/dualwrite/{:x}", log_->head().log.value);
  for (auto const& hook : config_.webhooks)
    hooks.targets[hook.name] = {hook.url.value, hook.secret.value, hook.allow_private};
  hooks_ = std::make_unique<webhook_channel>(pool_, time_, std::move(hooks));
  notifiers_.push_back(std::make_unique<notifier>(
      strand, engine_->log(), time_, message_channel::webhook, *hooks_, notifier_settings{}));
}

result<void> server::open_log() {
  std::error_code failed;
  std::filesystem::create_directories(config_.data_dir, failed);
  if (failed)
    return error{error_code::folder_refused,
                 fmt::format("{}: {}", config_.data_dir, failed.message())};
  rocks_log_options options;
  options.create = new_log_id();
  DW_TRY(auto opened, open_server_log(config_, options));
  log_ = std::move(opened.log);
  time_.begin_at(log_->head().recorded_at);
  trimmed_ = std::move(opened.trimmed);
  return {};
}

result<void> server::open_door() {
  DW_TRY(auto token, local_token(config_.data_dir));
  DW_TRY(key_, head_key::in(config_.data_dir));
  context_ = std::make_unique<api_context>(api_context{
      *engine_,
      *log_,
      time_,
      zones_,
      pool_,
      *key_,
      [this](std::string const& folder) { return log_->backup(folder); },
      [this](projections::view_set which) { return keeper_->rebuild(which, engine_->log()); },
      config_path_,
      time_.now(),
      mail_ != nullptr});
  files_.tell_from(*context_);
  for (auto const& hook : config_.webhooks) context_->webhooks.push_back(hook.name);
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
    for (auto const& one : notifiers_) beside_.start([mine = one.get()] { return mine->run(); });
    beside_.start([this] { return watch_clock(); });
    beside_.start([this] { return keeper_->run(engine_->log()); });
    ready_(address_text(config_.listen, port_));
  } else {
    engine_->cancel();
  }
  auto const ended = co_await engine_->join();
  if (mail_) mail_->stop();
  hooks_->stop();
  beside_.cancel();
  auto const told = co_await beside_.join();
  http_->cancel();
  auto const closed = co_await http_->join();
  if (!ended) co_return ended;
  if (!told) co_return told;
  if (!closed) co_return closed;
  // What was cut off while it was being appended is folded at the next start.
  if (engine_->log().is_at_rest()) keeper_->save(engine_->views());
  if (!begun && !asked_to_stop_) co_return begun;
  co_return result<void>{};
}

async<void> server::watch_clock() {
  while (!engine_->is_stopping()) {
    auto const next = time_.now() + clock_pace;
    DW_CO_CHECK(co_await time_.sleep_until(next));
    auto const stepped = time_.follow();
    if (!stepped) continue;
    drafts events;
    events.push_back(draft({}, {}, ClockStepped{*stepped}));
    DW_CO_CHECK(co_await engine_->log().append(std::move(events)));
  }
  co_return result<void>{};
}

// What the log has to be told before clients are let in.
async<void> server::begin() {
  if (trimmed_) {
    auto const detail = text_of(*trimmed_);
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
