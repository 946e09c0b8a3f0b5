#include "engine/cli/app_shelf.h"

#include "engine/config/named_things.h"
#include "engine/connectors/postgresql/postgresql_app.h"
#include "engine/connectors/sqlite/sqlite_app.h"
#include "events/codec.h"

namespace dualwrite::engine {

result<first_names> first_names_of(event_log const& log,
                                   projections::views const& state,
                                   server_config const& config) {
  first_names names;
  for (auto const& app : config.apps) {
    auto const id = find_app(state, config, app.name);
    if (!id) continue;
    auto const cursor = log.read({sequence{id.value}});
    DW_TRY(auto const stored, cursor->next());
    if (!stored) return error{error_code::sequence_not_found, {}, sequence{id.value}};
    DW_TRY(auto const event, decode(*stored));
    auto const* registered = event.as<AppRegistered>();
    if (registered != nullptr && registered->name != app.name) names[app.name] = registered->name;
  }
  return names;
}

app_shelf::app_shelf(boost::asio::any_io_executor strand,
                     boost::asio::thread_pool& pool,
                     server_config const& config,
                     log_id log,
                     first_names const& names) {
  auto const add = [this](std::string const& name, auto app) {
    ports_[name] = {app.get(), app.get()};
    apps_.push_back(std::move(app));
  };
  for (auto const& app : config.apps) {
    if (auto const* file = std::get_if<sqlite_settings>(&app.settings)) {
      sqlite::sqlite_settings settings;
      settings.path = file->path;
      add(app.name, std::make_unique<sqlite::sqlite_app>(strand, pool, std::move(settings)));
    } else {
      postgresql::postgresql_settings settings;
      auto const& from = std::get<postgresql_settings>(app.settings);
      auto const first = names.find(app.name);
      settings.name =
          postgresql::capture_name(log, first == names.end() ? app.name : first->second);
      settings.url = from.url_file.empty() ? from.url.value : "file:" + from.url_file;
      add(app.name,
          std::make_unique<postgresql::postgresql_app>(strand, pool, std::move(settings)));
    }
  }
}

app_shelf::~app_shelf() = default;

}  // namespace dualwrite::engine
