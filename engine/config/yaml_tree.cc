#include "engine/config/yaml_tree.h"

#include <fmt/format.h>
#include <libfyaml.h>

#include <algorithm>
#include <array>
#include <memory>

#include "engine/config/scalars.h"

namespace dualwrite::engine {
namespace {

constexpr std::size_t depth_max = 32;

struct parser_end {
  void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};
struct diag_end {
  void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view digits = "0123456789";

bool is_whole_number(std::string_view text) {
  if (text.starts_with("0o")) return all_of(text.substr(2), "01234567");
  if (text.starts_with("0x")) return all_of(text.substr(2), "0123456789abcdefABCDEF");
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return all_of(text, digits);
}

bool is_number(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF") return true;
  auto const exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    auto power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!all_of(power, digits)) return false;
    text = text.substr(0, exponent);
  }
  auto const dot = text.find('.');
  if (dot == std::string_view::npos) return all_of(text, digits);
  auto const before = text.substr(0, dot);
  auto const after = text.substr(dot + 1);
  bool const fits =
      (before.empty() || all_of(before, digits)) && (after.empty() || all_of(after, digits));
  return fits && !(before.empty() && after.empty());
}

// The core schema of YAML 1.2: `yes` and `no` are texts.
yaml_kind kind_of_plain(std::string_view text) {
  constexpr std::array nulls{"", "~", "null", "Null", "NULL"};
  constexpr std::array booleans{"true", "True", "TRUE", "false", "False", "FALSE"};
  if (std::find(nulls.begin(), nulls.end(), text) != nulls.end()) return yaml_kind::null;
  if (std::find(booleans.begin(), booleans.end(), text) != booleans.end())
    return yaml_kind::boolean;
  if (is_whole_number(text)) return yaml_kind::whole_number;
  return is_number(text) ? yaml_kind::number : yaml_kind::text;
}

// Builds the tree from the parser's events; after a fault of the YAML itself there is no tree.
class tree_reader {
 public:
  tree_reader(std::string_view text, problem_list& problems) : text_(text), problems_(problems) {
    fy_diag_cfg quiet{};
    fy_diag_cfg_default(&quiet);
    quiet.fp = nullptr;
    quiet.output_fn = nullptr;
    diag_.reset(fy_diag_create(&quiet));
    fy_diag_set_collect_errors(diag_.get(), true);
    fy_parse_cfg settings{};
    settings.flags = static_cast<fy_parse_cfg_flags>(FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE |
                                                     FYPCF_DISABLE_MMAP_OPT);
    settings.diag = diag_.get();
    parser_.reset(fy_parser_create(&settings));
    fy_parser_set_string(parser_.get(), text.data(), text.size());
  }

  std::optional<yaml_node> read() {
    std::optional<yaml_node> root;
    while (auto const event = next()) {
      if (event->type == FYET_DOCUMENT_START && root) {
        auto const* mark = fy_event_start_mark(event.get());
        refuse(mark == nullptr ? text_place{text_.size(), 1} : text_place{mark->input_pos, 3},
               "More than one document");
        return std::nullopt;
      }
      if (is_node(event->type)) root = node(*event, 0);
      if (broken_) break;
    }
    if (fy_parser_get_stream_error(parser_.get()) || broken_) {
      report_faults();
      return std::nullopt;
    }
    if (!root) return yaml_node{};
    return root;
  }

 private:
  struct event_free {
    fy_parser* parser;
    void operator()(fy_event* event) const { fy_parser_event_free(parser, event); }
  };
  using event_ptr = std::unique_ptr<fy_event, event_free>;

  event_ptr next() { return event_ptr(fy_parser_parse(parser_.get()), event_free{parser_.get()}); }

  static bool is_node(fy_event_type type) {
    return type == FYET_SCALAR || type == FYET_ALIAS || type == FYET_MAPPING_START ||
           type == FYET_SEQUENCE_START;
  }
  static text_place place_of(fy_token* token, text_place otherwise) {
    auto const* from = token == nullptr ? nullptr : fy_token_start_mark(token);
    auto const* to = token == nullptr ? nullptr : fy_token_end_mark(token);
    if (from == nullptr || to == nullptr) return otherwise;
    return {from->input_pos, to->input_pos - from->input_pos};
  }

  // The marks of anchors and aliases leave out the sign before the name.
  static text_place with_sigil(text_place where) {
    return where.offset == 0 ? where : text_place{where.offset - 1, where.length + 1};
  }

  void refuse(text_place where, std::string_view what) {
    problems_.error(config_code::not_supported,
                    where,
                    fmt::format("{} cannot be used here.", what),
                    "write the settings out where they belong.");
  }
  void refuse_extras(fy_event& event, text_place where) {
    if (auto* anchor = fy_event_get_anchor_token(&event))
      refuse(with_sigil(place_of(anchor, where)), "An anchor (&name)");
    if (auto* tag = fy_event_get_tag_token(&event)) refuse(place_of(tag, where), "A tag (!name)");
  }

  yaml_node node(fy_event& event, std::size_t depth) {
    yaml_node made;
    auto const* mark = fy_event_start_mark(&event);
    made.where = mark == nullptr ? last_ : text_place{mark->input_pos, 1};
    refuse_extras(event, made.where);
    if (depth > depth_max) {
      problems_.error(config_code::not_supported, made.where, "Things are nested too deeply here.");
      broken_ = true;
      return made;
    }
    switch (event.type) {
      case FYET_ALIAS:
        made.where = place_of(fy_event_get_token(&event), made.where);
        made.where = with_sigil(made.where);
        made.is_refused = true;
        refuse(made.where, "An alias (*name)");
        break;
      case FYET_MAPPING_START:
        read_members(made, depth);
        break;
      case FYET_SEQUENCE_START:
        read_items(made, depth);
        break;
      default:
        read_single(event, made);
        break;
    }
    return made;
  }

  void read_single(fy_event& event, yaml_node& into) {
    auto* token = fy_event_get_token(&event);
    if (token == nullptr) return;
    std::size_t size = 0;
    auto const* text = fy_token_get_text(token, &size);
    if (text != nullptr) into.text.assign(text, size);
    auto const style = fy_token_scalar_style(token);
    into.where = place_of(token, into.where);
    last_ = {into.where.offset + into.where.length, 1};
    into.kind = style == FYSS_PLAIN ? kind_of_plain(into.text) : yaml_kind::text;
    find_lines(into);
    if (style != FYSS_SINGLE_QUOTED && style != FYSS_DOUBLE_QUOTED) return;
    // The marks are those of the text between the quotes.
    if (into.where.offset == 0) return;
    into.where = {into.where.offset - 1, into.where.length + 2};
  }

  // Line by line, since those of a literal block are indented.
  void find_lines(yaml_node& into) const {
    auto source = text_.substr(into.where.offset, into.where.length);
    std::string_view text = into.text;
    std::vector<std::size_t> starts;
    while (true) {
      auto const line = text.substr(0, text.find('\n'));
      auto const shown = source.substr(0, source.find('\n'));
      auto const blank = std::min(shown.find_first_not_of(' '), shown.size());
      if (!shown.ends_with(line) || shown.size() - line.size() > blank) return;
      starts.push_back(static_cast<std::size_t>(shown.data() - text_.data()) + shown.size() -
                       line.size());
      if (line.size() == text.size()) break;
      if (shown.size() == source.size()) return;
      text.remove_prefix(line.size() + 1);
      source.remove_prefix(shown.size() + 1);
      if (text.empty()) break;
    }
    into.line_starts = std::move(starts);
  }

  void read_members(yaml_node& into, std::size_t depth) {
    into.kind = yaml_kind::object;
    while (auto const key = next()) {
      if (key->type == FYET_MAPPING_END) return;
      yaml_member member;
      member.key = node(*key, depth + 1);
      if (!member.key.is_single()) {
        member.key.is_refused = true;
        refuse(member.key.where, "A list or an object as a key");
      }
      auto const& place = member.key.where;
      if (!member.key.line_starts.empty())
        last_ = {place.offset, std::max<std::size_t>(place.length, 1)};
      auto const value = next();
      if (!value || broken_) break;
      member.value = node(*value, depth + 1);
      into.members.push_back(std::move(member));
      if (broken_) return;
    }
    broken_ = true;
  }

  void read_items(yaml_node& into, std::size_t depth) {
    into.kind = yaml_kind::list;
    while (auto const item = next()) {
      if (item->type == FYET_SEQUENCE_END) return;
      into.items.push_back(node(*item, depth + 1));
      if (broken_) return;
    }
    broken_ = true;
  }

  void report_faults() {
    void* place = nullptr;
    bool told = false;
    while (auto const* fault = fy_diag_errors_iterate(diag_.get(), &place)) {
      std::string const message = fault->msg == nullptr ? "" : fault->msg;
      auto const is_tab = text_.find("\n\t") != std::string_view::npos;
      auto const is_indent = message.find("multiline") != std::string::npos;
      problems_.error(config_code::syntax,
                      offset_of(fault->line, fault->column),
                      fmt::format("This is not YAML: {}.", message),
                      is_tab      ? "indent with spaces: YAML takes no tabs there."
                      : is_indent ? "look at the indentation of this line and the next."
                                  : "");
      told = true;
    }
    if (!told && !problems_.has_errors()) {
      problems_.error(config_code::syntax, {text_.size(), 1}, "This is not YAML.");
    }
  }

  // From line and column, both from 1, the column in characters.
  text_place offset_of(int line, int column) const {
    std::size_t at = 0;
    for (; line > 1 && at < text_.size(); --line) {
      auto const end = text_.find('\n', at);
      at = end == std::string_view::npos ? text_.size() : end + 1;
    }
    for (; column > 1 && at < text_.size() && text_[at] != '\n'; --column) {
      ++at;
      while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0) == 0x80) ++at;
    }
    return {at, 1};
  }

  std::string_view text_;
  problem_list& problems_;
  std::unique_ptr<fy_diag, diag_end> diag_;
  std::unique_ptr<fy_parser, parser_end> parser_;
  text_place last_{0, 1};  // for what has no place of its own: the empty value of a key
  bool broken_ = false;
};

}  // namespace

std::string_view name_of(yaml_kind kind) {
  switch (kind) {
    case yaml_kind::null:
      return "nothing";
    case yaml_kind::boolean:
      return "true or false";
    case yaml_kind::whole_number:
      return "a whole number";
    case yaml_kind::number:
      return "a number";
    case yaml_kind::text:
      return "a text";
    case yaml_kind::list:
      return "a list";
    case yaml_kind::object:
      return "keys with values";
  }
  return "";
}

yaml_node const* yaml_node::find(std::string_view key) const {
  for (auto const& member : members) {
    if (member.key.text == key) return &member.value;
  }
  return nullptr;
}

text_place yaml_node::place_of(text_place part) const {
  if (line_starts.empty()) return where;
  auto const offset = std::min(part.offset, text.size());
  auto const before = std::string_view(text).substr(0, offset);
  auto const line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  auto const last_end = before.rfind('\n');
  auto const begin = last_end == std::string_view::npos ? 0 : last_end + 1;
  auto const end = std::min(text.find('\n', offset), text.size());
  auto const length = std::max<std::size_t>(1, std::min(part.length, end - offset));
  return {line_starts[std::min(line, line_starts.size() - 1)] + offset - begin, length};
}

std::optional<yaml_node> parse_yaml(std::string_view text, problem_list& problems) {
  if (auto const bad = find_bad_byte(text); bad != std::string_view::npos) {
    problems.error(config_code::syntax,
                   {bad, 1},
                   fmt::format("The byte 0x{:02X} is not text in UTF-8.",
                               static_cast<unsigned char>(text[bad])),
                   "save the file as UTF-8.");
    return std::nullopt;
  }
  return tree_reader(text, problems).read();
}

}  // namespace dualwrite::engine
