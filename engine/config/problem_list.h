// The problems of one text, gathered by their places in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config_problem.h"
#include "engine/mapping/expression_syntax.h"

namespace dualwrite::engine {

// Lifetime: the text outlives it.
class problem_list {
 public:
  explicit problem_list(std::string_view text);

  void error(config_code code, text_place where, std::string message, std::string suggestion = {});
  void warning(config_code code, text_place where, std::string message, std::string suggestion);

  // What stands there is shown as stars: a secret must not travel on in messages.
  void hide(text_place where) { hidden_.push_back(where); }

  bool has_errors() const;
  // In the order of the text.
  [[nodiscard]] std::vector<config_problem> take();

 private:
  struct placed {
    config_problem problem;
    std::size_t line_begin = 0;
  };
  [[nodiscard]] placed place(config_code code, text_place where) const;
  void show_line(placed& one) const;

  std::string_view text_;
  std::vector<placed> problems_;
  std::vector<text_place> hidden_;
};

}  // namespace dualwrite::engine
