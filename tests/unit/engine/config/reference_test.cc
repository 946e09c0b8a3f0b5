// docs/config.md says what the table of keys says.
#include "engine/config/config_reference.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "engine/config/config_keys.h"
#include "engine/config/load.h"
#include "tests/unit/engine/config/test_secrets.h"

namespace dualwrite::engine {
namespace {

std::string read_docs() {
  std::ifstream file(DW_CONFIG_DOCS, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void collect(object_rule const& rule, std::vector<key_rule const*>& into) {
  for (auto const& key : rule.keys) into.push_back(&key);
  for (auto const& one : rule.variants) {
    for (auto const& key : one.keys) into.push_back(&key);
  }
  for (auto const& key : rule.keys) {
    if (key.members != nullptr) collect(*key.members, into);
  }
}

TEST(ConfigDocs, HaveEveryKeyAsTheTableOfKeysHasIt) {
  auto const docs = read_docs();
  EXPECT_NE(std::string::npos, docs.find(config_reference())) << "Write below \"Every key\":\n"
                                                              << config_reference();
  std::vector<key_rule const*> keys;
  collect(file_rule(), keys);
  EXPECT_LT(60u, keys.size());
  for (auto const* key : keys) {
    EXPECT_NE(std::string::npos, docs.find("| `" + std::string(key->name) + "` |")) << key->name;
    EXPECT_FALSE(key->meaning.empty() || key->example.empty()) << key->name;
  }
}

TEST(ConfigDocs, TheirExampleLoads) {
  auto const docs = read_docs();
  auto const begin = docs.find("```yaml\n") + 8;
  auto const text = docs.substr(begin, docs.find("```", begin) - begin);
  auto const loaded = load_config(text, "docs.yaml", test_secrets());
  EXPECT_TRUE(loaded.config) << format_problems(loaded.problems, "docs.yaml");
  EXPECT_TRUE(loaded.problems.empty());
}

}  // namespace
}  // namespace dualwrite::engine
