#include "engine/connectors/postgresql/prepared_plans.h"

#include <fmt/format.h>

namespace dualwrite::engine::postgresql {
namespace {

constexpr std::chrono::seconds kept_for{5};
constexpr std::size_t known_max = 256;

}  // namespace

// The second time: many statements come once.
prepared_plans::use prepared_plans::use_of(std::string const& sql) {
  if (is_distrusted_) return {};
  auto const [found, is_new] = plans_.try_emplace(sql);
  if (is_new) return {};
  auto& name = found->second;
  if (!name.empty()) return {false, name};
  if (prepared_ == 0) until_ = std::chrono::steady_clock::now() + kept_for;
  name = fmt::format("dualwrite_{}", ++prepared_);
  return {true, name};
}

bool prepared_plans::are_old() const {
  return is_distrusted_ || plans_.size() > known_max ||
         (prepared_ > 0 && std::chrono::steady_clock::now() >= until_);
}

void prepared_plans::clear() {
  plans_.clear();
  prepared_ = 0;
  is_distrusted_ = false;
}

}  // namespace dualwrite::engine::postgresql
