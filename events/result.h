// A value or an error, which the compiler does not let the caller ignore.
//
// Expected outcomes are results; a broken invariant is DW_ASSERT (events/assert.h); an exception of
// a library is caught once, where the library is used.
#pragma once

#include <boost/system/result.hpp>

#include "events/error.h"

namespace dualwrite {

template <class T>
class [[nodiscard]] result : public boost::system::result<T, error> {
 public:
  using boost::system::result<T, error>::result;
};

}  // namespace dualwrite

// Boost asks for this where value() is called on an error; we test before we take, so it is a bug.
namespace boost::system {
[[noreturn]] void throw_exception_from_error(dualwrite::error const& what,
                                             boost::source_location const& where);
}

#define DW_CONCAT_INNER(a, b) a##b
#define DW_CONCAT(a, b) DW_CONCAT_INNER(a, b)

// DW_TRY(auto x, f()): x is f()'s value, or the function returns its error.
#define DW_TRY(declaration, expression) \
  DW_TRY_INNER(return, DW_CONCAT(dw_try_, __LINE__), declaration, expression)
// The same in a coroutine; name the arguments before awaiting (g++ 12.2 frees some temporaries
// twice).
#define DW_CO_TRY(declaration, expression) \
  DW_TRY_INNER(co_return, DW_CONCAT(dw_try_, __LINE__), declaration, expression)
#define DW_TRY_INNER(leave, name, declaration, expression) \
  auto name = (expression);                                \
  if (!name) leave std::move(name).error();                \
  declaration = std::move(*name)

// DW_CHECK(f()): the same for results without a value.
#define DW_CHECK(expression) DW_CHECK_INNER(return, DW_CONCAT(dw_check_, __LINE__), expression)
#define DW_CO_CHECK(expression) \
  DW_CHECK_INNER(co_return, DW_CONCAT(dw_check_, __LINE__), expression)
#define DW_CHECK_INNER(leave, name, expression) \
  do {                                          \
    auto name = (expression);                   \
    if (!name) leave std::move(name).error();   \
  } while (false)
