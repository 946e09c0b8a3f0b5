// Rows to measure with, as a CRM has them: some 200 bytes each. Ids count up, numbers, amounts and
// dates vary, names and places repeat; LZ4 makes 40 % of them.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "events/record.h"

namespace dualwrite::bench {

class row_maker {
 public:
  [[nodiscard]] std::string next();
  // Inserts of so many rows.
  [[nodiscard]] record_packer pack(std::uint32_t rows);

 private:
  template <std::size_t count>
  char const* one_of(char const* const (&words)[count]) {
    return words[random_() % count];
  }

  std::mt19937_64 random_{1};
  std::uint64_t id_ = 1'000'000;
};

}  // namespace dualwrite::bench
