// How often the code came to each of its edges, where libFuzzer looks: it takes counters as clang
// lays them out, g++ only calls a function at each edge. The linker puts this one in its place.
#include <cstddef>
#include <cstdint>

namespace {

constexpr unsigned bits = 16;
std::uint8_t counters[std::size_t{1} << bits];

}  // namespace

extern "C" void __sanitizer_cov_8bit_counters_init(std::uint8_t* begin, std::uint8_t* end);

extern "C" void __wrap___sanitizer_cov_trace_pc();
extern "C" void __wrap___sanitizer_cov_trace_pc() {
  // Places are spread over the counters by Fibonacci hashing (Knuth, vol. 3, 6.4).
  auto const place = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  ++counters[place * 0x9e3779b97f4a7c15u >> (64 - bits)];
}

namespace {

[[maybe_unused]] bool const told = [] {
  __sanitizer_cov_8bit_counters_init(counters, counters + sizeof counters);
  return true;
}();

}  // namespace
