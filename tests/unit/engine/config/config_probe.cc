// What the schema test asks of the loader: `schema` prints the JSON Schema, `json FILE` a YAML file
// as JSON, `check FILE` its problems and 1 where it cannot be used.
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "engine/config/config_reference.h"
#include "engine/config/load.h"
#include "engine/config/yaml_tree.h"
#include "tests/unit/engine/config/test_secrets.h"

namespace dualwrite::engine {
namespace {

namespace json = boost::json;

json::value to_json(yaml_node const& node) {
  switch (node.kind) {
    case yaml_kind::null:
      return nullptr;
    case yaml_kind::boolean:
      return (node.text.front() | 0x20) == 't';
    case yaml_kind::whole_number:
    case yaml_kind::number: {
      boost::system::error_code failed;
      auto const number = json::parse(node.text, failed);
      return failed ? json::value(1.5) : number;
    }
    case yaml_kind::text:
      return json::string(node.text);
    case yaml_kind::list: {
      json::array made;
      for (auto const& item : node.items) made.push_back(to_json(item));
      return made;
    }
    case yaml_kind::object: {
      json::object made;
      for (auto const& [key, value] : node.members) made[key.text] = to_json(value);
      return made;
    }
  }
  return nullptr;
}

int run(std::string const& wish, std::string const& path) {
  if (wish == "schema") return std::cout << config_schema(), 0;
  if (wish == "reference") return std::cout << config_reference(), 0;
  std::ifstream file(path, std::ios::binary);
  std::string const text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (wish == "json") {
    problem_list problems(text);
    auto const tree = parse_yaml(text, problems);
    if (!tree) return 1;
    std::cout << json::serialize(to_json(*tree)) << "\n";
    return 0;
  }
  auto const loaded = load_config(text, "test.yaml", test_secrets());
  std::cout << format_problems(loaded.problems, "test.yaml");
  return loaded.config ? 0 : 1;
}

}  // namespace
}  // namespace dualwrite::engine

int main(int count, char** words) {
  return dualwrite::engine::run(count > 1 ? words[1] : "", count > 2 ? words[2] : "");
}
