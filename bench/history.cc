#include "bench/history.h"

#include <fmt/format.h>

namespace dualwrite::bench {
namespace {

constexpr auto way = direction::left_to_right;
constexpr std::size_t group_bytes_max = 1 << 20;
constexpr std::size_t group_events_max = 4096;

}  // namespace

sequence history::add(encoded_event event) {
  auto const at = next_;
  if (event.stream.id == 0 && event.stream.kind != stream_kind::system) event.stream.id = at.value;
  next_ = next_ + event.span;
  group_bytes_ += event.bytes.size();
  group_.push_back(std::move(event));
  return at;
}

result<void> history::commit() {
  if (group_.empty()) return {};
  instant const now{1'764'000'000'000'000 + static_cast<std::int64_t>(next_.value)};
  DW_TRY(auto const head, log_.append(group_, now, log_.head().at, epoch{1}));
  static_cast<void>(head);
  group_.clear();
  group_bytes_ = 0;
  return {};
}

result<void> history::define() {
  app_id const left{add(draft({}, {}, AppRegistered{"erp", "sqlite"})).value};
  app_id const right{add(draft({}, {}, AppRegistered{"crm", "sqlite"})).value};
  link_ =
      link_id{add(draft({stream_kind::link, 0}, {}, LinkCreated{"erp-crm", left, right})).value};
  map_ =
      map_id{add(draft({stream_kind::map, 0}, link_, MapCreated{link_, "customers", "{}"})).value};
  SchemaObserved observed;
  observed.app = left;
  observed.table = "customer";
  schema_ = schema_id{of_link(observed).value};
  RunRequested run;
  run.map = map_;
  auto const request = of_map(run);
  CaptureStarted started;
  started.link = link_;
  started.app = left;
  started.incarnation = 1;
  started.tables = {{schema_, {map_}}};
  of_link(started);
  of_map(MapStarted{map_, request});
  of_link(LaneOpened{link_, way, {}, epoch{1}, {}});
  position_ = next_;
  of_link(LaneJoined{link_, map_, way, position_});
  return commit();
}

void history::capture(record_packer const& records) {
  RecordsCaptured captured;
  captured.link = link_;
  captured.incarnation = 1;
  captured.commit = ++commit_;
  captured.committed_at = instant{1'764'000'000'000'000 + static_cast<std::int64_t>(commit_)};
  captured.tables = {{schema_, records.count()}};
  captured.count = records.count();
  captured.records = blob{records.bytes()};
  auto event = draft({stream_kind::link, link_.value}, link_, captured);
  event.span = records.count();
  add(std::move(event));
}

sequence history::apply(sequence first, std::uint32_t count) {
  RecordsApplied applied;
  applied.link = link_;
  applied.way = way;
  applied.session = epoch{1};
  batch_ = batch_number{batch_.value + 1};
  applied.batch = batch_;
  applied.behind = position_;
  applied.position = position_ = first + (count - 1);
  applied.reverse_passed = position_;
  applied.maps = {{map_, 1, count, 0, 0, 0, 0}};
  return of_link(applied);
}

void history::park_and_retry(sequence first, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    if ((first.value + i) % 100 >= options_.parked_of_hundred) continue;
    auto const record = first + i;
    auto const key = fmt::format("{:08}", record.value);
    RecordParked parked;
    parked.map = map_;
    parked.way = way;
    parked.record = record;
    parked.kind = fault_class::application;
    parked.code = "SQLITE_CONSTRAINT_TRIGGER";
    parked.text = "An account needs a valid e-mail address.";
    parked.key = blob{key};
    of_map(parked, next_ - 1);
    RetryRequested retry;
    retry.map = map_;
    retry.records = {record};
    auto const asked = of_map(retry);
    RetrySucceeded succeeded;
    succeeded.map = map_;
    succeeded.way = way;
    succeeded.record = record;
    of_map(succeeded, asked);
  }
}

void history::echo() {
  of_link(EchoSeen{link_, way, {}, epoch{1}, batch_, 1, batch_.value, 1});
}

result<void> history::deliver() {
  auto const records = rows_.pack(options_.rows);
  auto const first = next_;
  capture(records);
  apply(first, records.count());
  if (options_.parked_of_hundred > 0) park_and_retry(first, records.count());
  echo();
  bool const full = group_bytes_ > group_bytes_max || group_.size() > group_events_max;
  return full ? commit() : result<void>{};
}

result<void> history::write() {
  DW_CHECK(define());
  while (next_.value <= options_.sequences) DW_CHECK(deliver());
  return commit();
}

}  // namespace dualwrite::bench
