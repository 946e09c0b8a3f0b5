// The server that a capture was opened on, which each of its connections has to lead to.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/incarnation.h"

namespace dualwrite::engine::postgresql {

// Threads: one at a time, but for refuse_former(); calls block.
class captured_life {
 public:
  explicit captured_life(std::string url) : url_(std::move(url)) {}

  // The life that is captured from here on.
  // Errors: `source_rewound` where it lacks something of what is known; `app_unreachable` where it
  // is the one that another took the place of.
  [[nodiscard]] result<life> begin(connection& on, std::optional<source_progress> const& known);
  life const& now() const { return *now_; }
  // Opens it again where it has ended.
  // Errors: `app_unreachable` where it leads to another life.
  [[nodiscard]] result<void> reopen(connection& on);

  // Nobody is to write to it, nor is it there.
  // Errors: `app_unreachable` where it leads to a server that another took the place of.
  [[nodiscard]] result<void> refuse_former(connection& on) const;

 private:
  std::optional<life> captured() const;
  [[nodiscard]] static result<void> check_former(std::optional<life> const& captured,
                                                 life const& found);
  [[nodiscard]] result<void> check(connection& on,
                                   life const& found,
                                   std::optional<source_progress> const& known) const;

  std::string url_;
  mutable std::mutex changing_;
  std::optional<life> now_;
  std::uint64_t connected_ = 0;  // how often the caller's connection was
};

}  // namespace dualwrite::engine::postgresql
