#include "engine/mapping/json_text.h"

#include <fmt/format.h>

#include <map>

#include "events/decimal.h"

namespace dualwrite::engine {
namespace {

constexpr int depth_max = 200;

void append_utf8(std::string& text, std::uint32_t point) {
  auto const tail = [&text](std::uint32_t bits) {
    text.push_back(static_cast<char>(0x80 | (bits & 0x3F)));
  };
  if (point < 0x80) {
    text.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    text.push_back(static_cast<char>(0xC0 | point >> 6));
    tail(point);
  } else if (point < 0x10000) {
    text.push_back(static_cast<char>(0xE0 | point >> 12));
    tail(point >> 6);
    tail(point);
  } else {
    text.push_back(static_cast<char>(0xF0 | point >> 18));
    tail(point >> 12);
    tail(point >> 6);
    tail(point);
  }
}

class canonical_reader {
 public:
  explicit canonical_reader(std::string_view text) : rest_(text) {}

  bool at_end() {
    skip_spaces();
    return rest_.empty();
  }

  bool value(std::string& into, int depth) {
    skip_spaces();
    if (rest_.empty() || depth > depth_max) return false;
    switch (rest_.front()) {
      case '{':
        return object(into, depth);
      case '[':
        return array(into, depth);
      case '"': {
        std::string text;
        if (!string(text)) return false;
        into += quoted_json(text);
        return true;
      }
      case 't':
        return word("true", into);
      case 'f':
        return word("false", into);
      case 'n':
        return word("null", into);
      default:
        return number(into);
    }
  }

  bool string(std::string& into) {
    if (!take('"')) return false;
    while (!rest_.empty()) {
      char const c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\')
        into.push_back(c);
      else if (!escape(into))
        return false;
    }
    return false;
  }

 private:
  void skip_spaces() {
    auto const at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }
  bool take(char wanted) {
    skip_spaces();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view wanted, std::string& into) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    into += wanted;
    return true;
  }

  bool number(std::string& into) {
    auto const end = rest_.find_first_not_of("+-.0123456789eE");
    auto const text = rest_.substr(0, end);
    // JSON is narrower than what decimals are written as.
    auto const digits = text.starts_with('-') ? text.substr(1) : text;
    bool const well_formed = !digits.empty() && digits.front() >= '0' && digits.front() <= '9' &&
                             (digits.front() != '0' || digits.size() == 1 || digits[1] == '.' ||
                              digits[1] == 'e' || digits[1] == 'E') &&
                             digits.find(".e") == std::string_view::npos &&
                             digits.find(".E") == std::string_view::npos && digits.back() != '.';
    auto const made = well_formed ? decimal::parse(text)
                                  : result<decimal>(error{error_code::value_not_convertible});
    if (!made) return false;
    into += made->normalized().to_string();
    rest_.remove_prefix(text.size());
    return true;
  }

  bool escape(std::string& into) {
    if (rest_.empty()) return false;
    char const c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (auto const at = letters.find(c); at != std::string_view::npos) {
      into.push_back(meanings[at]);
      return true;
    }
    std::uint32_t point = 0;
    if (c != 'u' || !four_digits(point)) return false;
    if (point >= 0xDC00 && point < 0xE000) return false;
    if (point >= 0xD800 && point < 0xDC00) {
      std::uint32_t low = 0;
      if (!rest_.starts_with("\\u")) return false;
      rest_.remove_prefix(2);
      if (!four_digits(low) || low < 0xDC00 || low >= 0xE000) return false;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(into, point);
    return true;
  }

  bool four_digits(std::uint32_t& point) {
    if (rest_.size() < 4) return false;
    for (char const c : rest_.substr(0, 4)) {
      int digit = -1;
      if (c >= '0' && c <= '9') digit = c - '0';
      if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
      if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
      if (digit < 0) return false;
      point = point * 16 + static_cast<std::uint32_t>(digit);
    }
    rest_.remove_prefix(4);
    return true;
  }

  bool array(std::string& into, int depth) {
    take('[');
    into.push_back('[');
    if (!take(']')) {
      do {
        if (into.back() != '[') into.push_back(',');
        std::string element;
        if (!value(element, depth + 1)) return false;
        into += element;
      } while (take(','));
      if (!take(']')) return false;
    }
    into.push_back(']');
    return true;
  }

  bool object(std::string& into, int depth) {
    take('{');
    std::map<std::string, std::string> members;
    if (!take('}')) {
      do {
        std::string name;
        std::string member;
        if (!string(name) || !take(':') || !value(member, depth + 1)) return false;
        members[std::move(name)] = std::move(member);
      } while (take(','));
      if (!take('}')) return false;
    }
    into.push_back('{');
    for (auto const& [name, member] : members) {
      if (into.back() != '{') into.push_back(',');
      into += quoted_json(name);
      into.push_back(':');
      into += member;
    }
    into.push_back('}');
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string quoted_json(std::string_view text) {
  std::string made = "\"";
  for (char const c : text) {
    if (c == '"' || c == '\\') made.push_back('\\');
    if (static_cast<unsigned char>(c) < 0x20)
      made += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      made.push_back(c);
  }
  made.push_back('"');
  return made;
}

std::optional<std::string> unquoted_json(std::string_view text) {
  canonical_reader reader(text);
  std::string made;
  if (!reader.string(made) || !reader.at_end()) return std::nullopt;
  return made;
}

std::optional<std::string> canonical_json(std::string_view text) {
  canonical_reader reader(text);
  std::string made;
  if (!reader.value(made, 0) || !reader.at_end()) return std::nullopt;
  return made;
}

bool is_same_document(value const& a, value const& b) {
  if (a == b) return true;
  if (a.type() != value_type::json || b.type() != value_type::json) return false;
  auto const one = canonical_json(a.as_string());
  return one && one == canonical_json(b.as_string());
}

}  // namespace dualwrite::engine
