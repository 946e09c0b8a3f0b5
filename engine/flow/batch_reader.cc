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

batch_reader::batch_reader(
    link_context& context, direction way, sequence behind, completion complete, bell& wake)
    : context_(context),
      way_(way),
      complete_(std::move(complete)),
      wake_(wake),
      planner_(context, way) {
  begin_at(behind);
}

void batch_reader::begin_at(sequence behind) {
  cursor_.emplace(
      context_.log.log(), context_.link, way_, context_.app(source_of(way_)), behind, events_max);
  is_inside_ = false;
}

result<ready_batch> batch_reader::next(std::vector<map_id> members,
                                       std::function<bool()> may_read,
                                       bool may_go_ahead) {
  members_ = std::move(members);
  may_read_ = std::move(may_read);
  behind_ = cursor_->position();
  in_parts_ = may_come_in_parts();
  may_go_ahead_ = may_go_ahead && in_parts_ && waits_at_ != behind_;
  parts_ = 0;
  DW_TRY(auto batch, read());
  bool const is_for_nobody = is_starved_ && batch.plan->records.empty();
  if (!batch.is_void && !is_for_nobody) return batch;
  // What will never be complete is passed, and what may concern nobody is read when it is.
  waits_at_ = behind_;
  may_go_ahead_ = false;
  parts_ = 0;
  planner_.forget();
  begin_at(behind_);
  return read();
}

async<ready_batch> batch_reader::next_part(std::shared_ptr<outcome_so_far const> before) {
  constexpr duration longest = std::chrono::seconds(1);
  planner_.heed(*before);
  auto const until = context_.time.now() + longest;
  while (true) {
    DW_CO_TRY(auto part, read());
    bool const may_wait = part.goes_on && cursor_->is_ahead() && !part.is_void;
    if (may_wait && wants_to_leave()) part.is_void = true;
    if (!may_wait || part.is_void || !part.plan->records.empty()) co_return part;
    part.is_void = context_.time.now() >= until;
    if (part.is_void) co_return part;
    DW_CO_CHECK(co_await wake_.wait_until(context_.time, until));
  }
}

bool batch_reader::wants_to_leave() const {
  return std::any_of(members_.begin(), members_.end(), [&](map_id map) {
    auto const* row = context_.views().status.find(map);
    return row == nullptr || row->pending_kind == event_type::PauseRequested ||
           row->pending_kind == event_type::StopRequested;
  });
}

result<ready_batch> batch_reader::read() {
  is_starved_ = false;
  while (is_inside_ ? !in_parts_ || !planner_.is_full() : !planner_.is_full() && may_read_()) {
    bool const may_go_ahead = may_go_ahead_ && parts_ == 0 && planner_.empty();
    DW_TRY(auto const unit, cursor_->next(context_.views().checkpoint, may_go_ahead));
    if (!unit && is_inside_ && ended_early()) continue;
    is_starved_ = !unit && is_inside_;
    if (!unit) break;
    for (auto const& item : unit->items) DW_CHECK(planner_.add(item, members_));
    is_inside_ = !unit->ends;
  }
  DW_TRY(bool const more, goes_on());
  auto batch = more ? planner_.take_part() : planner_.take();
  batch.goes_on = more;
  batch.members = members_;
  batch.plan->behind = behind_;
  batch.plan->position = cursor_->position();
  batch.is_void = cursor_->was_void();
  complete_(batch);
  return batch;
}

result<bool> batch_reader::goes_on() {
  ++parts_;
  if (is_inside_) return true;
  if (!in_parts_ || !planner_.is_full() || parts_ >= parts_max || !may_read_()) return false;
  return cursor_->has_more(context_.views().checkpoint);
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
