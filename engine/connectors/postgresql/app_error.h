// Errors of statements that are about the app, not about one row.
#pragma once

#include "events/result.h"

namespace dualwrite::engine::postgresql {

// A statement that the server refuses for reasons of its own (rights, settings) is the app's
// matter: no row is concerned, and it goes on when somebody has seen to it.
inline error as_app_error(error why) {
  if (why.code == error_code::row_refused || why.code == error_code::not_authorized)
    why.code = error_code::app_unreachable;
  return why;
}

template <class T>
result<T> of_the_app(result<T> from) {
  if (from) return from;
  return as_app_error(from.error());
}

// The same where a right that lacks is one to write the batch's tables: it is told as that.
template <class T>
result<T> of_the_batch(result<T> from) {
  if (from || from.error().code == error_code::not_authorized) return from;
  return as_app_error(from.error());
}

}  // namespace dualwrite::engine::postgresql
