#include "projections/operations.h"

namespace dualwrite::projections {
namespace {

struct operations_fold {
  operations& view;
  event_view const& event;

  operation_row& begin(map_id map, operation_kind kind) {
    auto& row = view.rows[event.at];
    row.map = map;
    row.kind = kind;
    row.asked = event.recorded_at;
    row.actor = event.from.actor;
    return row;
  }
  static void set(operation_row& row, sequence record, record_result result) {
    auto const [found, fresh] = row.records.try_emplace(record, result);
    if (!fresh) --row.counts[static_cast<std::size_t>(found->second)];
    found->second = result;
    ++row.counts[static_cast<std::size_t>(result)];
  }
  void finish(operation_row& row) {
    if (row.is_finished() && row.finished == instant{}) row.finished = event.recorded_at;
  }

  void operator()(RetryRequested const& e) {
    auto& row = begin(e.map, operation_kind::retry);
    for (auto const record : e.records) {
      set(row, record, record_result::left);
      view.at_work[{e.map, record}] = event.at;
    }
    finish(row);
    forget_oldest();
  }
  // What is under way just now may still arrive, and is then told as it ended.
  void operator()(RetryCancelled const& e) {
    auto const found = view.rows.find(e.request);
    if (found == view.rows.end()) return;
    auto& row = found->second;
    row.is_cancelled = true;
    for (auto const& [record, result] : row.records) {
      if (result == record_result::left) set(row, record, record_result::cancelled);
    }
    finish(row);
  }
  void tell(map_id map, sequence record, record_result result, bool is_end) {
    auto const work = view.at_work.find({map, record});
    if (work == view.at_work.end()) return;
    auto const found = view.rows.find(work->second);
    if (found != view.rows.end()) {
      set(found->second, record, result);
      finish(found->second);
    }
    if (is_end) view.at_work.erase(work);
  }
  void operator()(RetrySucceeded const& e) {
    tell(e.map, e.record, record_result::succeeded, true);
  }
  void operator()(RetryFailed const& e) {
    bool const failed = e.state == park_state::failed;
    tell(e.map, e.record, failed ? record_result::failed : record_result::waits, failed);
  }
  void operator()(RecordSkipped const& e) { tell(e.map, e.record, record_result::ended, true); }
  void operator()(ParkedDeleted const& e) {
    auto& row = begin(e.map, operation_kind::remove);
    for (auto const& one : e.records) {
      set(row, one.record, record_result::deleted);
      tell(e.map, one.record, record_result::ended, true);
    }
    finish(row);
    forget_oldest();
  }
  void operator()(ParkedPurged const& e) {
    for (auto const& one : e.records) tell(e.map, one.record, record_result::ended, true);
  }
  void operator()(MapStopped const& e) {
    auto const first = view.at_work.lower_bound({e.map, sequence{}});
    std::vector<sequence> records;
    for (auto one = first; one != view.at_work.end() && one->first.first == e.map; ++one)
      records.push_back(one->first.second);
    for (auto const record : records) tell(e.map, record, record_result::ended, true);
  }
  template <class Other>
  void operator()(Other const&) {}

  // The newest that have finished are kept, by number and by what they hold.
  void forget_oldest() {
    std::size_t kept = 0, records = 0;
    std::vector<sequence> forgotten;
    for (auto row = view.rows.rbegin(); row != view.rows.rend(); ++row) {
      if (!row->second.is_finished()) continue;
      records += row->second.records.size();
      bool const fits = kept < operations::finished_max && records <= operations::records_max;
      if (fits || kept == 0) {
        ++kept;
      } else {
        forgotten.push_back(row->first);
      }
    }
    for (auto const at : forgotten) view.rows.erase(at);
  }
};

}  // namespace

void operations::fold(event_view const& event) {
  std::visit(operations_fold{*this, event}, event.body);
}

}  // namespace dualwrite::projections
