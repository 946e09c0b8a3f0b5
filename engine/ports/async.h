// What every port's call gives: a result that is awaited.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "events/result.h"

namespace dualwrite::engine {

template <class T>
using async = boost::asio::awaitable<result<T>>;

}  // namespace dualwrite::engine
