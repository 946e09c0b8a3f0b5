#include "tests/unit/engine/connectors/sqlite_under_test.h"

#include <sqlite3.h>

namespace dualwrite::engine::sqlite {

user::user(std::filesystem::path const& file) {
  EXPECT_EQ(SQLITE_OK, sqlite3_open(file.c_str(), &handle_));
}

user::~user() {
  sqlite3_close(handle_);
}

bool user::run(std::string const& sql) {
  return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::string user::ask(std::string const& sql) {
  std::string out;
  auto take = [](void* to, int count, char** values, char**) {
    auto& text = *static_cast<std::string*>(to);
    if (!text.empty()) text += ";";
    for (int i = 0; i < count; ++i)
      text += (i == 0 ? "" : "|") + std::string(values[i] == nullptr ? "NULL" : values[i]);
    return 0;
  };
  sqlite3_exec(handle_, sql.c_str(), take, &out, nullptr);
  return out;
}

}  // namespace dualwrite::engine::sqlite
