#include "engine/flow/chunk_ahead.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "engine/flow/read_chunk.h"

namespace dualwrite::engine {

async<chunk> chunk_ahead::read(range_left range) {
  auto kept = std::exchange(kept_, std::nullopt);
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), range.map));
  if (kept && kept->range == range && kept->map == compiled &&
      kept->opening == context_.opening_of(side_))
    co_return std::move(kept->rows);
  DW_CO_TRY(auto now, co_await read_now(std::move(range)));
  co_return std::move(now.rows);
}

async<delivery_end> chunk_ahead::read_beside(async<delivery_end> work, range_left range) {
  using boost::asio::experimental::awaitable_operators::operator&&;
  auto reading = read_now(std::move(range));
  auto both = std::move(work) && std::move(reading);
  auto ended = co_await std::move(both);
  auto& read = std::get<1>(ended);
  if (read) kept_ = std::move(*read);
  co_return std::get<0>(ended);
}

async<chunk_ahead::portion> chunk_ahead::read_now(range_left range) {
  DW_CO_TRY(auto compiled, context_.maps.get(context_.views(), range.map));
  DW_CO_TRY(auto request, chunk_of_range(*compiled, range, context_.options.chunk_rows));
  portion out{std::move(range), std::move(compiled)};
  DW_CO_TRY(out.rows, co_await read_chunk(context_, *out.map, side_, std::move(request)));
  out.opening = context_.opening_of(side_);
  co_return out;
}

}  // namespace dualwrite::engine
