// Boost.JSON is used as headers only; this is the one place where its functions are compiled.
#include <boost/json/src.hpp>
