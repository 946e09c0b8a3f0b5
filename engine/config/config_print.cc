#include "engine/config/config_print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "engine/config/config_keys.h"
#include "engine/config/scalars.h"
#include "projections/notifications.h"

namespace dualwrite::engine {
namespace {

bool is_plain(std::string_view text) {
  constexpr std::array words{
      "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"};
  auto const is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !is_letter(text.front()) || text.back() == ' ') return false;
  if (std::find(words.begin(), words.end(), text) != words.end()) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == ' ' ||
           c == '@' || c == '/';
  });
}

std::string quote(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string out = "\"";
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

template <class Enum>
std::string_view choice(std::span<std::string_view const> choices, Enum one) {
  return choices[static_cast<std::size_t>(one)];
}

// The members of a flow object, "{ a: 1, b: 2 }".
class flow_object {
 public:
  void add(std::string_view key, std::string const& printed) {
    text_ += fmt::format("{}{}: {}", text_.empty() ? "" : ", ", key, printed);
  }
  void add_text(std::string_view key, std::string const& text) {
    if (!text.empty()) add(key, quote(text));
  }
  std::string print() const { return text_.empty() ? "{}" : "{ " + text_ + " }"; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

std::string print_side(map_side const& side) {
  flow_object made;
  made.add_text("table", side.table);
  made.add_text("filter", side.filter);
  made.add_text("soft_delete", side.soft_delete);
  return made.print();
}

std::string print_value_map(std::vector<std::pair<std::string, std::string>> const& pairs) {
  std::set<std::string> lefts;
  for (auto const& [left, right] : pairs) lefts.insert(left);
  flow_object names;
  std::vector<std::string> list;
  for (auto const& [left, right] : pairs) {
    names.add(quote(left), quote(right));
    list.push_back(fmt::format("[{}, {}]", quote(left), quote(right)));
  }
  return lefts.size() == pairs.size() ? names.print() : fmt::format("[{}]", fmt::join(list, ", "));
}

std::string print_column(column_pair const& column) {
  flow_object made;
  made.add_text("left", column.left);
  made.add_text("right", column.right);
  if (column.only) made.add("direction", std::string(choice(way_choices(), *column.only)));
  if (!column.value_map.empty()) made.add("value_map", print_value_map(column.value_map));
  if (column.default_value) made.add("default", quote(*column.default_value));
  made.add_text("expression", column.expression);
  if (column.conflict)
    made.add("conflict", std::string(choice(conflict_choices(), *column.conflict)));
  return made.print();
}

// Lines of a block, each with the same indentation; an item of a list begins with a dash.
class block {
 public:
  explicit block(std::size_t indent, bool is_item = false) : indent_(indent), is_item_(is_item) {}

  void line(std::string const& text) {
    out_ += std::string(indent_, ' ');
    if (is_item_) out_.replace(out_.size() - 2, 1, "-");
    is_item_ = false;
    out_ += text + "\n";
  }
  void add(std::string_view key, std::string const& printed) {
    line(fmt::format("{}: {}", key, printed));
  }
  void add_text(std::string_view key, std::string const& text) {
    if (!text.empty()) add(key, quote(text));
  }
  void add_lines(std::string_view key, std::string const& lines) {
    if (lines.empty()) return;
    line(fmt::format("{}:", key));
    out_ += lines;
  }
  std::string take() { return std::move(out_); }

 private:
  std::size_t indent_;
  bool is_item_;
  std::string out_;
};

std::string print_map_item(map_config const& map, std::size_t indent) {
  map_definition const plain;
  auto const& definition = map.definition;
  block made(indent, true);
  made.add("name", quote(definition.name));
  made.add_text("was", map.was);
  made.add("left", print_side(definition.left));
  made.add("right", print_side(definition.right));
  std::string lines;
  for (auto const& [left, right] : definition.key) {
    lines += fmt::format(
        "{}- {{ left: {}, right: {} }}\n", std::string(indent + 2, ' '), quote(left), quote(right));
  }
  made.add_lines("key", lines);
  lines.clear();
  for (auto const& column : definition.columns)
    lines += fmt::format("{}- {}\n", std::string(indent + 2, ' '), print_column(column));
  made.add_lines("columns", lines);
  if (definition.conflict != plain.conflict)
    made.add("conflict", std::string(choice(conflict_choices(), definition.conflict)));
  if (definition.deletes != plain.deletes)
    made.add("deletes", std::string(choice(delete_choices(), definition.deletes)));
  flow_object guard;
  if (definition.delete_guard.rows != 0)
    guard.add("rows", fmt::to_string(definition.delete_guard.rows));
  if (definition.delete_guard.share != 0)
    guard.add("share", fmt::to_string(definition.delete_guard.share));
  if (definition.delete_guard.within != plain.delete_guard.within)
    guard.add("within", print_duration(definition.delete_guard.within));
  if (!guard.empty()) made.add("delete_guard", guard.print());
  flow_object errors;
  if (definition.errors_kept != plain.errors_kept)
    errors.add("keep", print_duration(definition.errors_kept));
  if (definition.park_whole_transaction) errors.add("unit", "transaction");
  if (!definition.errors_export.empty()) errors.add("export", quote(definition.errors_export));
  if (!errors.empty()) made.add("errors", errors.print());
  flow_object queue;
  if (definition.queue.records != 0) queue.add("records", fmt::to_string(definition.queue.records));
  if (definition.queue.bytes != 0) queue.add("bytes", fmt::to_string(definition.queue.bytes));
  if (definition.queue.age.count() != 0) queue.add("age", print_duration(definition.queue.age));
  if (definition.queue.detaches) queue.add("on_limit", "detach");
  if (!queue.empty()) made.add("queue", queue.print());
  if (definition.master != plain.master)
    made.add("master", std::string(choice(side_choices(), definition.master)));
  return made.take();
}

std::string print_names(std::vector<std::string> const& names) {
  std::vector<std::string> quoted;
  for (auto const& name : names) quoted.push_back(quote(name));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string print_when(alert_terms const& terms) {
  flow_object made;
  auto const span = print_duration(terms.within());
  switch (terms.subject) {
    case alert_subject::errors: {
      std::vector<std::string_view> classes;
      for (auto const one : terms.classes)
        classes.push_back(fault_choices()[static_cast<std::size_t>(one) - 1]);
      made.add("errors", fmt::format("[{}]", fmt::join(classes, ", ")));
      made.add("count", fmt::format("{}", terms.count));
      made.add("within", span);
      break;
    }
    case alert_subject::queue:
      made.add("queue", fmt::format("{}", terms.count));
      break;
    case alert_subject::queue_age:
      made.add("queue_age", span);
      break;
    case alert_subject::lag:
      made.add("lag", span);
      break;
    case alert_subject::no_progress:
      made.add("no_progress", span);
      break;
    case alert_subject::unreachable:
      made.add("unreachable", span);
      break;
  }
  return made.print();
}

template <class Config>
void add_recipients(block& into, Config const& from) {
  if (!from.maps.empty()) into.add("maps", print_names(from.maps));
  into.add_text("notify", from.terms.notify);
  if (!from.terms.webhooks.empty())
    into.add("webhooks", print_names(projections::split_recipients(from.terms.webhooks)));
}

std::string print_alert(alert_config const& alert, std::size_t indent) {
  auto const& terms = alert.terms;
  auto const span = [](std::uint64_t us) {
    return print_duration(duration(static_cast<duration::rep>(us)));
  };
  block made(indent, true);
  made.add("name", quote(terms.name));
  made.add_text("was", alert.was);
  made.add("when", print_when(terms));
  add_recipients(made, alert);
  if (terms.ways != alert_ways::both)
    made.add("direction", std::string(choice(alert_way_choices(), terms.ways)));
  if (terms.per_map) made.add("per", "map");
  if (terms.action != alert_action::none)
    made.add("then", std::string(choice(action_choices(), terms.action)));
  if (terms.resume_after_us > 0)
    made.add("resume", fmt::format("{{ after: {} }}", span(terms.resume_after_us)));
  if (terms.cooldown_us > 0) made.add("cooldown", span(terms.cooldown_us));
  if (terms.at_once) made.add("apply", "now");
  if (terms.disabled) made.add("enabled", "false");
  return made.take();
}

std::string print_maintenance(maintenance_config const& plan, std::size_t indent) {
  auto const& terms = plan.terms;
  block made(indent, true);
  made.add("name", quote(terms.name));
  made.add_text("was", plan.was);
  made.add("pause_at", print_moment(terms.pause_at));
  made.add("resume_at", print_moment(terms.resume_at));
  if (terms.zone != "UTC") made.add("zone", quote(terms.zone));
  if (terms.repeat != repetition::once)
    made.add("repeat", std::string(choice(repetition_choices(), terms.repeat)));
  add_recipients(made, plan);
  if (terms.announce_us > 0)
    made.add("announce", print_duration(duration(static_cast<duration::rep>(terms.announce_us))));
  return made.take();
}

std::string print_link(link_config const& link) {
  block made(4, true);
  made.add("name", quote(link.name));
  made.add_text("was", link.was);
  made.add("left", quote(link.left));
  made.add("right", quote(link.right));
  std::string lines;
  for (auto const& map : link.maps) lines += print_map_item(map, 8);
  made.add_lines("maps", lines);
  lines.clear();
  for (auto const& alert : link.alerts) lines += print_alert(alert, 8);
  made.add_lines("alerts", lines);
  lines.clear();
  for (auto const& plan : link.maintenance) lines += print_maintenance(plan, 8);
  made.add_lines("maintenance", lines);
  return made.take();
}

std::string print_app(app_config const& app) {
  flow_object made;
  made.add("connector", std::string(app.connector()));
  made.add_text("was", app.was);
  if (auto const* sqlite = std::get_if<sqlite_settings>(&app.settings))
    made.add_text("path", sqlite->path);
  if (auto const* postgresql = std::get_if<postgresql_settings>(&app.settings))
    made.add_text("url", postgresql->url.written);
  return fmt::format("  {}: {}\n", quote(app.name), made.print());
}

std::string print_smtp(smtp_config const& smtp) {
  flow_object made;
  made.add_text("url", smtp.url.written);
  made.add_text("from", smtp.from);
  made.add_text("user", smtp.user);
  made.add_text("password", smtp.password.written);
  if (smtp.starttls) made.add("starttls", "true");
  made.add_text("ca", smtp.ca);
  return made.print();
}

std::string print_webhook(webhook_config const& hook) {
  flow_object made;
  made.add_text("url", hook.url.written);
  made.add_text("secret", hook.secret.written);
  if (hook.allow_private) made.add("allow_private", "true");
  return fmt::format("  {}: {}\n", quote(hook.name), made.print());
}

std::string print_engine(flow_options const& engine) {
  flow_options const plain;
  block made(2);
  auto const size = [&](std::string_view key, std::size_t value, std::size_t usual) {
    if (value != usual) made.add(key, fmt::format("{}", value));
  };
  auto const pace = [&](std::string_view key, duration value, duration usual) {
    if (value != usual) made.add(key, print_duration(value));
  };
  size("batch_records_max", engine.batch_records_max, plain.batch_records_max);
  size("capture_transactions_max", engine.capture_transactions_max, plain.capture_transactions_max);
  size("capture_bytes_max", engine.capture_bytes_max, plain.capture_bytes_max);
  size("chunk_rows", engine.chunk_rows, plain.chunk_rows);
  size("retry_records_max", engine.retry_records_max, plain.retry_records_max);
  size("ledger_writes_max", engine.ledger_writes_max, plain.ledger_writes_max);
  size("catch_up_lanes", engine.catch_up_lanes, plain.catch_up_lanes);
  pace("capture_patience", engine.capture_patience, plain.capture_patience);
  pace("backoff_first", engine.backoff_first, plain.backoff_first);
  pace("backoff_max", engine.backoff_max, plain.backoff_max);
  return made.take();
}

}  // namespace

std::string print_map(map_config const& map) {
  return print_map_item(map, 2);
}

std::string print_config(server_config const& config) {
  block made(0);
  made.add("version", "1");
  made.add_text("data_dir", config.data_dir);
  made.add("listen", quote(print_address(config.listen)));
  std::string lines;
  for (auto const& app : config.apps) lines += print_app(app);
  made.add_lines("apps", lines);
  lines.clear();
  for (auto const& link : config.links) lines += print_link(link);
  made.add_lines("links", lines);
  if (config.smtp) made.add("smtp", print_smtp(*config.smtp));
  lines.clear();
  for (auto const& hook : config.webhooks) lines += print_webhook(hook);
  made.add_lines("webhooks", lines);
  made.add_lines("engine", print_engine(config.engine));
  return made.take();
}

}  // namespace dualwrite::engine
