#include "events/assert.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "events/result.h"

namespace dualwrite {

void assertion_failed(char const* expression, char const* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, expression);
  std::fflush(stderr);
  std::abort();
}

}  // namespace dualwrite

void boost::system::throw_exception_from_error(dualwrite::error const& what,
                                               boost::source_location const& where) {
  std::fprintf(stderr, "%s\n", dualwrite::to_string(what).c_str());
  dualwrite::assertion_failed("a result's value is taken only where there is one",
                              where.file_name(),
                              static_cast<int>(where.line()));
}
