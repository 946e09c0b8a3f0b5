// Invariants. A broken one is a bug: the process ends, in release builds too, because what follows
// would be untrue.
#pragma once

namespace dualwrite {
[[noreturn]] void assertion_failed(char const* expression, char const* file, int line);
}

#define DW_ASSERT(expression) \
  ((expression) ? void() : ::dualwrite::assertion_failed(#expression, __FILE__, __LINE__))
