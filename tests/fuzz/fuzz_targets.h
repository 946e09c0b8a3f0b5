// What reads bytes that somebody else may have written, each behind the same door: any bytes are
// refused or read, and what was read is what a writer would have written.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dualwrite::tests {

struct fuzz_target {
  std::string_view name;
  // Aborts where a property does not hold.
  void (*run)(std::string_view bytes);
  // Valid inputs to begin with.
  std::vector<std::string> (*seeds)();
};

[[nodiscard]] std::span<fuzz_target const> fuzz_targets();

}  // namespace dualwrite::tests
