// Reads a configuration file: YAML 1.2 to server_config, or everything that is wrong with it at
// once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config_problem.h"
#include "engine/config/server_config.h"
#include "events/result.h"

namespace dualwrite::engine {

// Where secrets are read from. An empty function leaves them unread: their `value` is then empty.
struct secret_lookup {
  std::function<std::optional<std::string>(std::string const& name)> environment{};
  std::function<std::optional<std::string>(std::string const& path)> file{};
};

// Reads the process's environment, and files without the line's end that closes them.
[[nodiscard]] secret_lookup process_secrets();

struct loaded_config {
  std::optional<server_config> config{};   // there is one where there are no problems but warnings
  std::vector<config_problem> problems{};  // in the order of the file
};

// `file_name` says how the file is called in messages, and its folder is where relative paths
// begin.
// Guarantees: reads nothing but `text` and the secrets that it names; the same text gives the same
// problems.
[[nodiscard]] loaded_config load_config(std::string_view text,
                                        std::string_view file_name,
                                        secret_lookup const& secrets);

// Reads the file as well.
// Errors: `config_invalid` with the formatted problems; `config_unreadable` where there is no such
// file. `warnings` gets the formatted warnings, where there are some.
[[nodiscard]] result<server_config> load_config_file(std::string const& path,
                                                     secret_lookup const& secrets,
                                                     std::string& warnings);

// One alert rule by itself, as YAML or JSON: the keys that it has in a file, and `link`.
struct loaded_rule {
  std::string link{};
  std::optional<alert_config> rule{};
  std::vector<config_problem> problems{};
};
[[nodiscard]] loaded_rule load_rule(std::string_view text);

// The JSON Schema (draft 2020-12) of a configuration file, made from the table of keys that
// load_config checks by.
[[nodiscard]] std::string config_schema();

}  // namespace dualwrite::engine
