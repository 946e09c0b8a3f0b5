#include "engine/flow/read_chunk.h"

namespace dualwrite::engine {

async<chunk> read_chunk(link_context& context,
                        compiled_map const& map,
                        side of,
                        chunk_request request) {
  auto const table = map.table(of);
  auto const form = map.fingerprint(of);
  auto const opening = context.opening_of(of);
  DW_CO_TRY(auto rows, co_await context.source(of).read_chunk(std::move(request)));
  auto const& captures = context.views().delivery.captures;
  auto const capture = captures.find({context.link, of});
  bool const is_it = opening % 2 == 0 && context.opening_of(of) == opening &&
                     capture != captures.end() && capture->second.life == rows.snapshot.incarnation;
  if (!is_it)
    co_return error{error_code::app_busy, "the app is another than it was, to be captured anew"};
  if (rows.form != form) co_return error{error_code::table_changed, table};
  rows.snapshot.incarnation = capture->second.at.incarnation;
  co_return rows;
}

}  // namespace dualwrite::engine
