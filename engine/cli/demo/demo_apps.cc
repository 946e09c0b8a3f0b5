#include "engine/cli/demo/demo_apps.h"

#include <fmt/format.h>
#include <fstream>
#include <sstream>

#include "demo_texts.h"
#include "engine/connectors/sqlite/database.h"

namespace dualwrite::engine::demo {
namespace {

namespace fs = std::filesystem;

constexpr char const* iso_folder = "/usr/share/iso-codes/json";
constexpr char const* iso_lists[] = {"iso_3166-1", "iso_3166-2", "iso_4217"};

result<std::string> iso_list(std::string const& name) {
  auto const path = fs::path(iso_folder) / (name + ".json");
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file)
    return error{
        error_code::folder_refused,
        fmt::format("{} is missing: install the package iso-codes and try again.", path.string())};
  return std::move(text).str();
}

result<void> make_erp(sqlite::database& erp) {
  DW_CHECK(erp.execute("CREATE TEMP TABLE iso(name TEXT, list TEXT)"));
  DW_TRY(auto insert, erp.prepare("INSERT INTO iso VALUES(?, ?)"));
  for (auto const* name : iso_lists) {
    DW_TRY(auto const list, iso_list(name));
    DW_CHECK(insert.bind_text(0, name).bind_text(1, list).run());
  }
  return erp.execute(erp_sql);
}

result<void> make_file(fs::path const& path, result<void> (*fill)(sqlite::database&)) {
  std::ofstream(path).flush();
  sqlite::database app;
  DW_CHECK(app.open(path, std::chrono::seconds(5)));
  return fill(app);
}

result<void> make_crm(sqlite::database& crm) {
  return crm.execute(crm_sql);
}

}  // namespace

// The configuration is written last: where it is, the rest is whole.
result<void> make_apps(fs::path const& folder) {
  std::error_code failed;
  auto const config = folder / "dualwrite.yaml";
  if (fs::exists(folder / "erp.db", failed) && fs::exists(config, failed)) return {};
  fs::create_directories(folder, failed);
  if (failed || !fs::is_empty(folder, failed) || failed) {
    auto const why = failed ? failed.message() : "it is not empty, and holds no demonstration";
    return error{error_code::folder_refused,
                 fmt::format("{}: {}; name another folder.", folder.string(), why)};
  }
  auto made = make_file(folder / "erp.db", make_erp);
  if (made) made = make_file(folder / "crm.db", make_crm);
  if (!made) {
    fs::remove_all(folder, failed);
    return made;
  }
  if (!(std::ofstream(config) << config_yaml).flush())
    return error{error_code::folder_refused, config.string()};
  return {};
}

}  // namespace dualwrite::engine::demo
