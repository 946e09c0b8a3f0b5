#include "engine/config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/config/alert_keys.h"
#include "engine/config/alert_reader.h"
#include "engine/config/file_reader.h"

namespace dualwrite::engine {
namespace {

std::optional<std::string> read_whole_file(std::string const& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return std::nullopt;
  return text;
}

std::optional<std::string> read_secret_file(std::string const& path) {
  auto text = read_whole_file(path);
  if (!text) return std::nullopt;
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

}  // namespace

app_config const* server_config::find_app(std::string_view name) const {
  auto const found =
      std::find_if(apps.begin(), apps.end(), [&](auto const& app) { return app.name == name; });
  return found == apps.end() ? nullptr : &*found;
}

secret_lookup process_secrets() {
  secret_lookup made;
  made.environment = [](std::string const& name) -> std::optional<std::string> {
    auto const* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  made.file = read_secret_file;
  return made;
}

loaded_config load_config(std::string_view text,
                          std::string_view file_name,
                          secret_lookup const& secrets) {
  loaded_config made;
  problem_list problems(text);
  if (auto const tree = parse_yaml(text, problems)) {
    auto const faulty = check_keys(*tree, file_rule(), problems);
    auto config = read_file_tree({*tree, faulty}, file_name, secrets, problems);
    if (!problems.has_errors()) made.config = std::move(config);
  }
  made.problems = problems.take();
  return made;
}

loaded_rule load_rule(std::string_view text) {
  loaded_rule made;
  problem_list problems(text);
  if (auto const tree = parse_yaml(text, problems)) {
    auto const faulty = check_keys(*tree, single_alert_rule, problems);
    checked_object const from(*tree, faulty);
    auto rule = read_alert(from);
    check_resume(from, problems);
    made.link = from.text("link");
    if (!problems.has_errors()) made.rule = std::move(rule);
  }
  made.problems = problems.take();
  return made;
}

result<server_config> load_config_file(std::string const& path,
                                       secret_lookup const& secrets,
                                       std::string& warnings) {
  auto const text = read_whole_file(path);
  if (!text) return error{error_code::config_unreadable, path};
  auto loaded = load_config(*text, path, secrets);
  auto told = format_problems(loaded.problems, path);
  if (!loaded.config) return error{error_code::config_invalid, std::move(told)};
  warnings = std::move(told);
  return std::move(*loaded.config);
}

}  // namespace dualwrite::engine
