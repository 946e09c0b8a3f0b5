// One target under libFuzzer; DW_FUZZ_TARGET names it.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t length) {
  static auto const* const target = [] {
    for (auto const& one : dualwrite::tests::fuzz_targets()) {
      if (one.name == DW_FUZZ_TARGET) return &one;
    }
    return static_cast<dualwrite::tests::fuzz_target const*>(nullptr);
  }();
  target->run({reinterpret_cast<char const*>(bytes), length});
  return 0;
}
