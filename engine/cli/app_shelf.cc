#include "engine/cli/app_shelf.h"

#include "engine/connectors/postgresql/postgresql_app.h"
#include "engine/connectors/sqlite/sqlite_app.h"

namespace dualwrite::engine {

app_shelf::app_shelf(boost::asio::any_io_executor strand,
                     boost::asio::thread_pool& pool,
                     server_config const& config,
                     log_id log) {
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
      settings.name = postgresql::capture_name(log, app.name);
      settings.url = from.url_file.empty() ? from.url.value : "file:" + from.url_file;
      add(app.name,
          std::make_unique<postgresql::postgresql_app>(strand, pool, std::move(settings)));
    }
  }
}

app_shelf::~app_shelf() = default;

}  // namespace dualwrite::engine
