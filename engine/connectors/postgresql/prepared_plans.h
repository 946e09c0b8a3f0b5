// Which statements a session has had prepared: those that come again are parsed and planned once.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace dualwrite::engine::postgresql {

// The session's side of it is the connection's matter: this only keeps count. Plans are kept for a
// short time: a table for which one was made may have grown since.
class prepared_plans {
 public:
  struct use {
    bool is_to_prepare = false;
    std::string name;  // empty: run it as it is
  };
  // What to do with a statement that is to be run now.
  [[nodiscard]] use use_of(std::string const& sql);
  // It could not be prepared.
  void lost(std::string const& sql) { plans_.erase(sql); }
  // None is used any more.
  void distrust() { is_distrusted_ = true; }
  // Whether all are to be given up.
  [[nodiscard]] bool are_old() const;
  void clear();

 private:
  std::unordered_map<std::string, std::string> plans_;  // their names; empty: seen once
  std::uint64_t prepared_ = 0;
  bool is_distrusted_ = false;
  std::chrono::steady_clock::time_point until_;
};

}  // namespace dualwrite::engine::postgresql
