// How far an initial sync is, on a terminal.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace dualwrite::engine {

// One line: for each leg how many of the rows that it is about to copy, how fast, and how long it
// will still take. How many rows there are is as the source said when the leg began: changes since
// then, and rows that a filter leaves out, make it a good guess.
[[nodiscard]] std::string progress_text(std::string const& title,
                                        boost::json::value const& execution);

// Guarantees: nothing is written where stderr is no terminal.
class progress_bar {
 public:
  explicit progress_bar(std::string title);
  void show(boost::json::value const& execution);
  void clear();

 private:
  std::string title_;
  bool terminal_ = false;
  bool shown_ = false;
};

}  // namespace dualwrite::engine
