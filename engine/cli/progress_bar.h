// How far an initial sync is, on a terminal.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <string>

namespace dualwrite::engine {

// Guarantees: nothing is written where stderr is no terminal. How many rows there will be is not
// known before the last chunk, so the bar shows rows, rate and time; a leg that is done shows as
// done.
class progress_bar {
 public:
  explicit progress_bar(std::string title);
  void show(boost::json::value const& execution);
  void clear();

 private:
  std::string title_;
  bool terminal_ = false;
  bool shown_ = false;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace dualwrite::engine
