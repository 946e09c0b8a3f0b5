#include "engine/config/file_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/config/alert_reader.h"
#include "engine/config/scalars.h"
#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

// The names of one kind of things, and what was renamed to them.
class name_list {
 public:
  name_list(std::string_view kind, problem_list& problems) : kind_(kind), problems_(problems) {}

  // A faulty or absent name is told elsewhere.
  void add(yaml_node const* name, yaml_node const* was) {
    if (name != nullptr) take(*name, "");
    if (was != nullptr) renamed_.push_back(was);
  }
  void check_renames() {
    for (auto const* was : renamed_) {
      if (taken_.contains(was->text)) {
        problems_.error(
            config_code::name_taken,
            was->where,
            fmt::format(
                "The {} '{}' cannot have been renamed: the file still has it.", kind_, was->text),
            "remove `was`, or the one that still has the name.");
      } else {
        take(*was, "was ");
      }
    }
  }

 private:
  void take(yaml_node const& name, std::string_view what) {
    auto const [found, is_new] = taken_.insert({name.text, name.where.offset});
    if (is_new) return;
    problems_.error(config_code::name_taken,
                    name.where,
                    fmt::format("There is another {} that {}called '{}'.",
                                kind_,
                                what.empty() ? "is " : what,
                                name.text),
                    "give each a name of its own.");
  }

  std::string_view kind_;
  problem_list& problems_;
  std::map<std::string, std::size_t> taken_;
  std::vector<yaml_node const*> renamed_;
};

class file_reader {
 public:
  file_reader(std::string_view file_name, secret_lookup const& secrets, problem_list& problems)
      : folder_(std::filesystem::path(file_name).parent_path()),
        secrets_(secrets),
        problems_(problems) {}

  server_config read(checked_object const& from) {
    auto const data_dir = from.text("data_dir");
    made_.data_dir = from_folder(data_dir.empty() ? "./data" : data_dir);
    if (auto const* listen = from.find("listen"))
      made_.listen = parse_address(listen->text).value_or(listen_address{});
    if (auto const* apps = from.find("apps")) read_apps(*apps, from.faulty());
    made_.engine = read_engine(from.object("engine"));
    read_links(from);
    if (from.find("smtp") != nullptr) made_.smtp = read_smtp(from.object("smtp"));
    if (auto const* hooks = from.find("webhooks")) read_webhooks(*hooks, from.faulty());
    return std::move(made_);
  }

 private:
  std::string from_folder(std::string const& path) const {
    if (path.empty()) return path;
    return (folder_ / path).lexically_normal().string();
  }

  secret_text read_secret(yaml_node const* from, bool (*fits)(std::string_view)) {
    if (from == nullptr) return {};
    auto const [source, name] = parse_secret(from->text);
    if (source == secret_source::itself) return {from->text, from->text};
    bool const in_file = source == secret_source::file;
    auto const path = in_file ? from_folder(name) : name;
    auto const& lookup = in_file ? secrets_.file : secrets_.environment;
    if (!lookup) return {from->text, {}};
    auto value = lookup(path);
    if (!value || value->empty()) {
      problems_.error(
          config_code::secret_unreadable,
          from->where,
          fmt::format("The {} {} is {}.",
                      in_file ? "file" : "variable",
                      path,
                      value     ? "empty"
                      : in_file ? "not readable"
                                : "not set"),
          in_file ? "write the secret into the file." : fmt::format("set it: export {}=...", path));
      return {from->text, {}};
    }
    if (fits != nullptr && !fits(*value)) {
      problems_.error(config_code::secret_unreadable,
                      from->where,
                      fmt::format("What the {} {} holds is not a connection URL.",
                                  in_file ? "file" : "variable",
                                  path));
    }
    return {from->text, std::move(*value)};
  }

  void read_apps(yaml_node const& apps, faulty_nodes const& faulty) {
    name_list names("app", problems_);
    std::map<std::string, std::string> files;
    for (auto const& [name, node] : apps.members) {
      if (faulty.contains(&node)) continue;
      checked_object const from(node, faulty);
      names.add(&name, from.find("was"));
      app_config app;
      app.name = name.text;
      app.was = from.text("was");
      if (from.text("connector") == "postgresql") {
        auto const* url = from.find("url");
        postgresql_settings made{read_secret(url, is_postgresql_url)};
        if (url != nullptr) {
          auto const [source, path] = parse_secret(url->text);
          if (source == secret_source::file) made.url_file = from_folder(path);
        }
        app.settings = std::move(made);
      } else {
        app.settings = sqlite_settings{from_folder(from.text("path"))};
        check_file(from.find("path"), app.name, files);
      }
      made_.apps.push_back(std::move(app));
    }
    names.check_renames();
  }
  void check_file(yaml_node const* path,
                  std::string const& app,
                  std::map<std::string, std::string>& files) {
    if (path == nullptr) return;
    auto const [found, is_new] = files.insert({from_folder(path->text), app});
    if (is_new) return;
    problems_.error(config_code::used_twice,
                    path->where,
                    fmt::format("The app '{}' has the same file.", found->second),
                    "two apps are two files.");
  }

  void read_links(checked_object const& from) {
    name_list names("link", problems_);
    name_list rules("alert rule", problems_);
    name_list plans("maintenance plan", problems_);
    std::map<std::string, std::string> taken;
    for (auto const* item : from.items("links")) {
      checked_object const node(*item, from.faulty());
      names.add(node.find("name"), node.find("was"));
      link_config link;
      link.name = node.text("name");
      link.was = node.text("was");
      link.left = read_app_name(node, "left", from);
      link.right = read_app_name(node, "right", from);
      if (!link.left.empty() && link.left == link.right) {
        problems_.error(config_code::invalid_value,
                        node.find("right")->where,
                        "A link ties two apps, and this is the same on both sides.");
      } else {
        check_taken(node.find("left"), link.name, from, taken);
        check_taken(node.find("right"), link.name, from, taken);
      }
      read_maps(node, link);
      read_alerts(node, from, rules, link);
      read_plans(node, from, plans, link);
      made_.links.push_back(std::move(link));
    }
    names.check_renames();
    rules.check_renames();
    plans.check_renames();
  }

  // An app is captured once: what one link has read of it no other one gets.
  void check_taken(yaml_node const* app,
                   std::string const& link,
                   checked_object const& file,
                   std::map<std::string, std::string>& taken) {
    if (app == nullptr) return;
    auto const [found, is_new] = taken.insert({app->text, link});
    if (is_new) return;
    auto const* const apps = file.node().find("apps");
    auto const* const one = apps == nullptr ? nullptr : apps->find(app->text);
    auto const* const connector = one == nullptr ? nullptr : one->find("connector");
    bool const may_have_two = connector != nullptr && connector->text == "postgresql";
    problems_.error(
        config_code::used_twice,
        app->where,
        fmt::format("The app '{}' is in the link '{}' already, and an app is in one link only.",
                    app->text,
                    found->second),
        may_have_two
            ? fmt::format("add its database under apps once more, under another name: {}_2",
                          app->text)
            : "put all maps of the two apps into one link.");
  }

  std::string read_app_name(checked_object const& link,
                            std::string_view key,
                            checked_object const& file) {
    auto const* name = link.find(key);
    if (name == nullptr) return {};
    auto const* apps = file.node().find("apps");
    std::vector<std::string_view> known;
    if (apps != nullptr) {
      for (auto const& member : apps->members) known.push_back(member.key.text);
    }
    if (std::find(known.begin(), known.end(), name->text) == known.end()) {
      auto const near = near_name(name->text, known);
      problems_.error(
          config_code::unknown_app,
          name->where,
          fmt::format("There is no app '{}'.", name->text),
          near.empty() ? fmt::format("add it under apps: {}: {{ connector: sqlite, path: FILE }}",
                                     name->text)
                       : fmt::format("did you mean '{}'?", near));
    }
    return name->text;
  }

  void read_maps(checked_object const& from, link_config& link) {
    name_list names("map of this link", problems_);
    for (auto const* item : from.items("maps")) {
      checked_object const node(*item, from.faulty());
      names.add(node.find("name"), node.find("was"));
      link.maps.push_back(read_map(node, problems_));
    }
    names.check_renames();
  }

  void read_alerts(checked_object const& node,
                   checked_object const& file,
                   name_list& rules,
                   link_config& link) {
    for (auto const* item : node.items("alerts")) {
      checked_object const rule(*item, file.faulty());
      rules.add(rule.find("name"), rule.find("was"));
      link.alerts.push_back(read_alert(rule));
      check_recipients(rule, file, problems_);
      check_maps(rule, link, problems_);
      check_resume(rule, problems_);
      check_pace(link.alerts.back().terms, rule, made_.engine, problems_);
    }
  }
  void read_plans(checked_object const& node,
                  checked_object const& file,
                  name_list& plans,
                  link_config& link) {
    for (auto const* item : node.items("maintenance")) {
      checked_object const plan(*item, file.faulty());
      plans.add(plan.find("name"), plan.find("was"));
      link.maintenance.push_back(read_maintenance(plan, problems_));
      check_recipients(plan, file, problems_);
      check_maps(plan, link, problems_);
    }
  }

  void read_webhooks(yaml_node const& hooks, faulty_nodes const& faulty) {
    for (auto const& [name, node] : hooks.members) {
      if (faulty.contains(&node)) continue;
      checked_object const from(node, faulty);
      webhook_config hook;
      hook.name = name.text;
      hook.url = read_secret(from.find("url"), is_http_url);
      hook.secret = read_secret(from.find("secret"), nullptr);
      hook.allow_private = from.flag("allow_private").value_or(false);
      made_.webhooks.push_back(std::move(hook));
    }
  }

  smtp_config read_smtp(checked_object const& from) {
    smtp_config made;
    made.url = read_secret(from.find("url"), is_smtp_url);
    made.from = from.text("from");
    made.user = from.text("user");
    made.password = read_secret(from.find("password"), nullptr);
    made.starttls = from.flag("starttls").value_or(false);
    made.ca = from_folder(from.text("ca"));
    auto const* user = from.node().find("user");
    auto const* password = from.node().find("password");
    if ((user == nullptr) != (password == nullptr)) {
      problems_.error(config_code::missing_key,
                      (user == nullptr ? password : user)->where,
                      user == nullptr ? "A password needs the 'user' that it belongs to."
                                      : "A user needs a 'password'.",
                      user == nullptr ? "add user: NAME" : "add password: env:NAME");
    }
    return made;
  }

  flow_options read_engine(checked_object const& from) {
    flow_options made;
    auto const size = [&](std::string_view key, std::size_t& into) {
      into = from.number(key).value_or(into);
    };
    auto const pace = [&](std::string_view key, duration& into) {
      into = from.span(key).value_or(into);
    };
    size("batch_records_max", made.batch_records_max);
    size("capture_transactions_max", made.capture_transactions_max);
    size("capture_bytes_max", made.capture_bytes_max);
    size("chunk_rows", made.chunk_rows);
    size("retry_records_max", made.retry_records_max);
    size("ledger_writes_max", made.ledger_writes_max);
    made.catch_up_lanes =
        static_cast<std::uint32_t>(from.number("catch_up_lanes").value_or(made.catch_up_lanes));
    pace("capture_patience", made.capture_patience);
    pace("backoff_first", made.backoff_first);
    pace("backoff_max", made.backoff_max);
    if (made.backoff_first > made.backoff_max) {
      auto const* wrong = from.find("backoff_max");
      problems_.error(config_code::invalid_value,
                      (wrong == nullptr ? from.find("backoff_first") : wrong)->where,
                      fmt::format("The first wait, {}, is longer than the longest one, {}.",
                                  print_duration(made.backoff_first),
                                  print_duration(made.backoff_max)),
                      "raise backoff_max, or lower backoff_first.");
    }
    return made;
  }

  std::filesystem::path folder_;
  secret_lookup const& secrets_;
  problem_list& problems_;
  server_config made_;
};

}  // namespace

server_config read_file_tree(checked_object const& from,
                             std::string_view file_name,
                             secret_lookup const& secrets,
                             problem_list& problems) {
  return file_reader(file_name, secrets, problems).read(from);
}

}  // namespace dualwrite::engine
