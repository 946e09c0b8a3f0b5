#include "engine/mapping/expression_lexer.h"

#include <fmt/format.h>

namespace dualwrite::engine {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// Every byte beyond ASCII is a letter, so that names of any language are names.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class lexer {
 public:
  explicit lexer(std::string_view text) : text_(text) {}

  token_list run() {
    while (!made_.fault) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (at_ == text_.size()) break;
      next();
    }
    made_.tokens.push_back({token_kind::end, {text_.size(), 0}, ""});
    return std::move(made_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void refuse(std::size_t from, std::size_t length, std::string reason, std::string fix) {
    made_.fault = expression_fault{{from, length}, std::move(reason), std::move(fix)};
  }
  void push(token_kind kind, std::size_t from, std::string text) {
    made_.tokens.push_back({kind, {from, at_ - from}, std::move(text)});
  }

  void next() {
    char const c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (is_letter(c)) return name();
    if (c == '\'') return quoted(token_kind::text, '\'', "text");
    if (c == '"') return quoted(token_kind::quoted_name, '"', "name");
    symbol();
  }

  void number() {
    auto const from = at_;
    while (is_digit(peek())) ++at_;
    if (peek() == '.') ++at_;
    while (is_digit(peek())) ++at_;
    bool const has_exponent =
        (peek() == 'e' || peek() == 'E') &&
        (is_digit(peek(1)) || ((peek(1) == '+' || peek(1) == '-') && is_digit(peek(2))));
    if (has_exponent) {
      at_ += 2;
      while (is_digit(peek())) ++at_;
    }
    if (is_letter(peek())) {
      while (is_letter(peek()) || is_digit(peek())) ++at_;
      return refuse(
          from,
          at_ - from,
          fmt::format("'{}' is neither a number nor a name.", text_.substr(from, at_ - from)),
          "put double quotes around a name that begins with a digit.");
    }
    push(token_kind::number, from, std::string(text_.substr(from, at_ - from)));
  }

  void name() {
    auto const from = at_;
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    push(token_kind::name, from, std::string(text_.substr(from, at_ - from)));
  }

  // A quote inside is written twice.
  void quoted(token_kind kind, char quote, std::string_view what) {
    auto const from = at_++;
    std::string made;
    while (at_ < text_.size()) {
      char const c = text_[at_++];
      if (c != quote) {
        made.push_back(c);
      } else if (peek() == quote) {
        made.push_back(quote);
        ++at_;
      } else {
        return push(kind, from, std::move(made));
      }
    }
    refuse(from,
           text_.size() - from,
           fmt::format("the {} has no end.", what),
           fmt::format("add {}", quote));
  }

  void symbol() {
    static constexpr std::string_view two[] = {"<>", "!=", "<=", ">=", "||", "=="};
    static constexpr std::string_view one = "+-*/%=<>(),.";
    auto const from = at_;
    auto const pair = text_.substr(at_, 2);
    for (auto const known : two) {
      if (pair != known) continue;
      at_ += 2;
      return push(token_kind::symbol, from, std::string(pair));
    }
    if (pair == "--" || pair == "/*")
      return refuse(from, 2, "expressions have no comments.", "take it out.");
    if (pair == "&&") return refuse(from, 2, "'&&' is not an operator.", "write AND.");
    if (one.find(peek()) == std::string_view::npos) {
      return refuse(
          from, 1, fmt::format("'{}' has no meaning here.", text_.substr(from, 1)), "take it out.");
    }
    ++at_;
    push(token_kind::symbol, from, std::string(text_.substr(from, 1)));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  token_list made_;
};

}  // namespace

std::string lower_ascii(std::string_view text) {
  std::string made(text);
  for (auto& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return made;
}

bool token::is_word(std::string_view lower) const {
  return kind == token_kind::name && lower_ascii(text) == lower;
}

token_list read_tokens(std::string_view text) {
  return lexer(text).run();
}

}  // namespace dualwrite::engine
