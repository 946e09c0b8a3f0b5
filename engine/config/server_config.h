// A configuration file as values: what the server needs of itself, and the definitions that the
// file manages.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/flow/flow_options.h"
#include "engine/mapping/map_definition.h"
#include "events/catalogue.h"

namespace dualwrite::engine {

// A text that may be secret. `written` is what the file says ("env:ERP_URL", "file:/run/erp.url",
// or the text itself where it holds no password) and may be shown; `value` is what it stands for
// and must never be printed, logged or put into an event.
struct secret_text {
  std::string written{};
  std::string value{};

  bool empty() const { return written.empty(); }
  friend bool operator==(secret_text const&, secret_text const&) = default;
};

struct listen_address {
  std::string host = "127.0.0.1";  // without the brackets of an IPv6 address
  std::uint16_t port = 8470;       // 0: any free one

  friend bool operator==(listen_address const&, listen_address const&) = default;
};

struct sqlite_settings {
  std::string path{};  // a relative one is taken from the folder of the configuration file

  friend bool operator==(sqlite_settings const&, sqlite_settings const&) = default;
};

struct postgresql_settings {
  secret_text url{};
  std::string url_file{};  // where it stands, if in a file: it is read again for each connection

  friend bool operator==(postgresql_settings const&, postgresql_settings const&) = default;
};

using connector_settings = std::variant<sqlite_settings, postgresql_settings>;

struct app_config {
  std::string name{};
  std::string was{};  // the name that it had before, where the file renames it; the same below
  connector_settings settings{};

  // As in the file and in AppRegistered: "sqlite", "postgresql".
  std::string_view connector() const {
    return std::holds_alternative<sqlite_settings>(settings) ? "sqlite" : "postgresql";
  }
  friend bool operator==(app_config const&, app_config const&) = default;
};

struct map_config {
  std::string was{};
  map_definition definition{};

  friend bool operator==(map_config const&, map_config const&) = default;
};

// `maps` are names; `terms.maps` is for ids, and empty here.
struct alert_config {
  std::string was{};
  alert_terms terms{};
  std::vector<std::string> maps{};

  friend bool operator==(alert_config const&, alert_config const&) = default;
};

struct maintenance_config {
  std::string was{};
  maintenance_terms terms{};
  std::vector<std::string> maps{};

  friend bool operator==(maintenance_config const&, maintenance_config const&) = default;
};

struct link_config {
  std::string name{};
  std::string was{};
  std::string left{};  // names of apps
  std::string right{};
  std::vector<map_config> maps{};
  std::vector<alert_config> alerts{};
  std::vector<maintenance_config> maintenance{};

  friend bool operator==(link_config const&, link_config const&) = default;
};

struct smtp_config {
  secret_text url{};   // smtp://host[:port] or smtps://host[:port], perhaps with user and password
  std::string from{};  // a mail address
  std::string user{};
  secret_text password{};
  bool starttls = false;  // refuse to send where the server does not offer it
  std::string ca{};       // a file of certificates; empty: those that the machine trusts

  friend bool operator==(smtp_config const&, smtp_config const&) = default;
};

struct webhook_config {
  std::string name{};
  secret_text url{};
  secret_text secret{};
  bool allow_private = false;

  friend bool operator==(webhook_config const&, webhook_config const&) = default;
};

struct server_config {
  std::string data_dir{};  // a relative one in the file is taken from the folder of the file
  listen_address listen{};
  std::vector<app_config> apps{};
  std::vector<link_config> links{};
  std::optional<smtp_config> smtp{};
  std::vector<webhook_config> webhooks{};
  flow_options engine{};

  app_config const* find_app(std::string_view name) const;
  friend bool operator==(server_config const&, server_config const&) = default;
};

}  // namespace dualwrite::engine
