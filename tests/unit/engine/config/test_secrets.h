// The variables and files that configurations under test may name.
#pragma once

#include <map>

#include "engine/config/load.h"

namespace dualwrite::engine {

inline secret_lookup test_secrets() {
  secret_lookup made;
  made.environment = [](std::string const& name) -> std::optional<std::string> {
    static std::map<std::string, std::string> const variables{
        {"ERP_URL", "postgresql://dw:Pa55word@db.example.com/erp"},
        {"SMTP_PASSWORD", "Pa55word"},
        {"NOT_A_URL", "Pa55word"},
        {"EMPTY", ""}};
    auto const found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  made.file = [](std::string const& path) -> std::optional<std::string> {
    if (path == "erp.url") return "postgresql://dw:Pa55word@db.example.com/erp";
    return std::nullopt;
  };
  return made;
}

}  // namespace dualwrite::engine
