#include "engine/flow/engine.h"

#include <utility>

namespace dualwrite::engine {

engine::engine(boost::asio::any_io_executor executor,
               durable_log& log,
               clock& time,
               time_zones const& zones,
               std::map<std::string, app_ports> apps,
               engine_settings settings,
               projections::views views)
    : executor_(executor),
      time_(time),
      apps_(std::move(apps)),
      settings_(settings),
      sequencer_(executor, log, time, std::move(views), settings.groups, settings.commit_faults),
      alerts_(executor, sequencer_, time),
      resumes_(executor,
               sequencer_,
               time,
               [this](link_id link, side of, std::string table) {
                 return describe(link, of, std::move(table));
               }),
      maintenance_(executor, sequencer_, time, zones),
      queues_(executor, sequencer_, time),
      clashes_(executor, sequencer_),
      retention_(executor, sequencer_, time, settings.archive),
      wake_(executor),
      children_(executor) {
  sequencer_.add_listener(wake_);
}

engine::~engine() {
  sequencer_.remove_listener(wake_);
}

void engine::start() {
  children_.start([this] { return sequencer_.run(children_); });
  children_.start([this] { return run_links(); });
  children_.start([this] { return alerts_.run(); });
  children_.start([this] { return resumes_.run(); });
  children_.start([this] { return maintenance_.run(); });
  children_.start([this] { return queues_.run(); });
  children_.start([this] { return clashes_.run(); });
  children_.start([this] { return retention_.run(); });
}

async<void> engine::stop() {
  cancel();
  co_return co_await join();
}

void engine::abandon() {
  children_.abandon();
}

// Every link gets its runner: those that the log knows, and those that are made while it runs.
async<void> engine::run_links() {
  drafts started;
  started.push_back(draft({}, {}, EngineStarted{"0.1.0"}));
  DW_CO_CHECK(co_await sequencer_.append(std::move(started)));
  while (true) {
    for (auto const& [link, row] : views().status.links) {
      if (!links_.contains(link)) start_link(link);
    }
    DW_CO_CHECK(co_await wake_.wait());
  }
}

void engine::start_link(link_id link) {
  auto const& row = views().status.links.at(link);
  auto context = std::make_unique<link_context>(
      link, row, sequencer_, time_, executor_, settings_.flow, settings_.faults);
  for (auto const of : {side::left, side::right}) {
    auto const ports = apps_.find(views().status.apps.at(row.app(of)));
    if (ports == apps_.end()) return;
    context->sources[static_cast<std::size_t>(of)] = ports->second.source;
    context->targets[static_cast<std::size_t>(of)] = ports->second.target;
  }
  auto runner = std::make_unique<link_runner>(std::move(context));
  runner->start(children_);
  links_[link] = std::move(runner);
}

result<source_app*> engine::source_of_link(link_id link, side of) const {
  auto const row = views().status.links.find(link);
  if (row == views().status.links.end()) return error{error_code::unknown_link};
  auto const ports = apps_.find(views().status.apps.at(row->second.app(of)));
  if (ports == apps_.end()) return error{error_code::unknown_app};
  return ports->second.source;
}

async<table_schema> engine::describe(link_id link, side of, std::string table) {
  DW_CO_TRY(auto* const app, source_of_link(link, of));
  co_return co_await app->describe(std::move(table));
}

async<std::vector<obstacle>> engine::find_obstacles(link_id link, side of, table_use use) {
  DW_CO_TRY(auto* const app, source_of_link(link, of));
  co_return co_await app->find_obstacles(std::move(use));
}

async<std::vector<std::string>> engine::referred_tables(link_id link, side of, std::string table) {
  DW_CO_TRY(auto* const app, source_of_link(link, of));
  co_return co_await app->referred_tables(std::move(table));
}

app_ports const* engine::at_hand(app_id app) const {
  auto const ports = apps_.find(views().status.apps.at(app));
  bool const is_away = std::any_of(views().outages.read.begin(),
                                   views().outages.read.end(),
                                   [&](auto const& one) { return one.second.app == app; });
  return ports == apps_.end() || is_away ? nullptr : &ports->second;
}

async<std::optional<source_lag>> engine::lag(app_id app) {
  auto const* ports = at_hand(app);
  if (ports == nullptr) co_return std::optional<source_lag>{};
  auto const found = co_await ports->source->lag();
  co_return found ? *found : std::optional<source_lag>{};
}

async<std::string> engine::waits_for(app_id app) {
  auto const* ports = at_hand(app);
  if (ports == nullptr) co_return std::string{};
  auto const found = co_await ports->target->waits_for();
  co_return found ? *found : std::string{};
}

void engine::cancel() {
  children_.cancel();
}

async<void> engine::join() {
  co_return co_await children_.join();
}

result<sequence> engine::first_outcome(std::string const& id) const {
  auto const* row = views().commands.find(id);
  if (row == nullptr) return error{error_code::command_repeated, id};
  if (row->code != 0) return error{static_cast<error_code>(row->code), row->detail};
  return row->at;
}

async<sequence> engine::submit(command wish, std::string actor) {
  co_return co_await submit(std::move(wish), std::move(actor), std::string());
}

async<sequence> engine::submit(command wish, std::string actor, std::string id) {
  auto decide_wish = [wish, actor, id](projections::views const& state) -> result<drafts> {
    if (!id.empty() && state.commands.find(id) != nullptr)
      return error{error_code::command_repeated};
    origin const from{actor, {}, {}, id};
    return decide(state, wish, from);
  };
  auto decided = co_await sequencer_.decide(std::move(decide_wish));
  if (decided || decided.error().code == error_code::stopped) co_return decided;
  auto const why = decided.error();
  if (why.code == error_code::command_repeated) co_return first_outcome(id);
  auto const name = name_of(wish);
  CommandRefused const refused{name, static_cast<std::uint16_t>(why.code), why.detail};
  drafts events;
  origin const from{actor, {}, {}, id};
  events.push_back(draft({stream_kind::access, 1}, {}, refused, from));
  auto const noted = co_await sequencer_.append(std::move(events));
  if (!noted) co_return noted.error();
  co_return why;
}

}  // namespace dualwrite::engine
