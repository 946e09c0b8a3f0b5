#include "engine/flow/batch_reader.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace dualwrite::engine {
namespace {

// So many events are read past at once.
constexpr std::size_t events_max = 1000;
// So many parts has a batch, unless a transaction is larger: what is written is seen, and a map can
// leave, when all of them are.
constexpr std::size_t parts_max = 8;

}  // namespace

batch_reader::batch_reader(link_context& context,
                           direction way,
                           sequence behind,
                           completion complete)
    : context_(context),
      way_(way),
      complete_(std::move(complete)),
      cursor_(
          context.log.log(), context.link, way, context.app(source_of(way)), behind, events_max),
      planner_(context, way) {}

result<ready_batch> batch_reader::next(std::vector<map_id> members,
                                       std::function<bool()> may_read) {
  members_ = std::move(members);
  may_read_ = std::move(may_read);
  behind_ = cursor_.position();
  in_parts_ = may_come_in_parts();
  parts_ = 0;
  return read();
}

result<ready_batch> batch_reader::next_part(outcome_so_far const& before) {
  planner_.heed(before);
  return read();
}

result<ready_batch> batch_reader::read() {
  while (is_inside_ ? !in_parts_ || !planner_.is_full() : !planner_.is_full() && may_read_()) {
    DW_TRY(auto const unit, cursor_.next(context_.views().checkpoint));
    if (!unit && is_inside_) continue;  // that it ends is known
    if (!unit) break;
    for (auto const& item : unit->items) DW_CHECK(planner_.add(item, members_));
    is_inside_ = !unit->ends;
  }
  DW_TRY(bool const more, goes_on());
  auto batch = more ? planner_.take_part() : planner_.take();
  batch.goes_on = more;
  batch.members = members_;
  batch.plan->behind = behind_;
  batch.plan->position = cursor_.position();
  complete_(batch);
  return batch;
}

result<bool> batch_reader::goes_on() {
  ++parts_;
  if (is_inside_) return true;
  if (!in_parts_ || !planner_.is_full() || parts_ >= parts_max || !may_read_()) return false;
  return cursor_.has_more(context_.views().checkpoint);
}

bool batch_reader::may_come_in_parts() const {
  if (!context_.target(target_of(way_)).takes_parts()) return false;
  return std::none_of(members_.begin(), members_.end(), [&](map_id map) {
    auto const compiled = context_.maps.get(context_.views(), map);
    return compiled && ((*compiled)->definition().park_whole_transaction ||
                        (*compiled)->definition().delete_guard.any());
  });
}

async<void> let_others_run(boost::asio::any_io_executor on) {
  co_await boost::asio::post(on, boost::asio::use_awaitable);
  co_return result<void>{};
}

}  // namespace dualwrite::engine
