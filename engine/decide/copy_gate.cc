#include "engine/decide/copy_gate.h"

namespace dualwrite::engine {
namespace {

using projections::execution_row;

std::optional<sequence> seen_in(execution_row const& execution,
                                delivery_context const& context,
                                map_record const& record,
                                std::string const& key,
                                bool removes) {
  auto const* leg = execution.leg(record.way);
  auto const* chunk = leg == nullptr ? nullptr : leg->covering(key);
  bool const saw =
      chunk != nullptr && chunk->snapshot.incarnation == record.position.incarnation &&
      (record.position.commit <= chunk->snapshot.commit || context.faults.copy_over_newer_live);
  if (!saw) return std::nullopt;
  // A copy says nothing of rows that it does not hold: their removal still has to be carried out,
  // and a copy of a part does not hold rows that are there.
  bool const is_part = is_partial(execution.mode) && !context.faults.part_taken_for_whole;
  bool const must_hold = removes || is_part;
  if (must_hold && !context.chunk_holds(*chunk, key)) return std::nullopt;
  return chunk->records;
}

std::optional<sequence> unseen_in(execution_row const& execution,
                                  delivery_context const& context,
                                  map_record const& record,
                                  std::string const& key) {
  auto const back = opposite(record.way);
  if (execution.master != target_of(record.way)) return std::nullopt;
  auto const* leg = execution.leg(back);
  auto const* chunk = leg == nullptr ? nullptr : leg->covering(key);
  if (chunk == nullptr || !chunk->records) return std::nullopt;
  auto const link = context.views.status.find(record.map)->link;
  auto const lane = context.views.delivery.batches.find({link, back, chunk->lane});
  if (lane == context.views.delivery.batches.end()) return std::nullopt;
  auto const batch = lane->second.find(chunk->batch);
  if (batch == lane->second.end() || !batch->second.is_chunk) return std::nullopt;
  auto const& echo = batch->second.echo;
  bool const seen = batch->second.echo_at && echo.incarnation == record.position.incarnation &&
                    echo.commit <= record.position.commit;
  if (seen || !context.chunk_holds(*chunk, key)) return std::nullopt;
  return chunk->records;
}

}  // namespace

std::optional<sequence> seen_by_copy(delivery_context const& context,
                                     map_record const& record,
                                     std::string const& key,
                                     bool removes) {
  auto const& progress = context.views.progress;
  for (auto const* execution = progress.of(record.map); execution != nullptr;
       execution = progress.before(*execution)) {
    if (auto const by = seen_in(*execution, context, record, key, removes)) return by;
  }
  auto const* reread = progress.reread_of({record.map, record.way}, key);
  bool const saw = reread != nullptr &&
                   reread->snapshot.incarnation == record.position.incarnation &&
                   record.position.commit <= reread->snapshot.commit;
  return saw ? std::optional(reread->record) : std::nullopt;
}

std::optional<sequence> unseen_copy(delivery_context const& context,
                                    map_record const& record,
                                    std::string const& key) {
  auto const& progress = context.views.progress;
  for (auto const* execution = progress.of(record.map); execution != nullptr;
       execution = progress.before(*execution)) {
    if (auto const by = unseen_in(*execution, context, record, key)) return by;
  }
  return std::nullopt;
}

}  // namespace dualwrite::engine
