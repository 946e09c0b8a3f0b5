// How fast the log appends, is read and is verified. Records are rows of some 200 bytes as a CRM
// has them; every append is on stable storage when it counts. Items are sync records, or single
// events where it says so.
//   DW_BENCH_FOLDER   where the logs are made (default: the folder for temporary files)
//   DW_BENCH_RECORDS  how many records the bulk log holds (default: 3 million)
#include <cstdlib>
#include <filesystem>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/appender.h"
#include "bench/rows.h"
#include "events/codec.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t records_per_event = 1000;

std::uint64_t number_from(char const* name, std::uint64_t otherwise) {
  auto const* const text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

fs::path bench_folder() {
  auto const* const text = std::getenv("DW_BENCH_FOLDER");
  return (text != nullptr ? fs::path{text} : fs::temp_directory_path()) / "dualwrite-bench";
}

std::uint64_t bulk_records() {
  return number_from("DW_BENCH_RECORDS", 3'000'000);
}

encoded_event captured(record_packer const& rows, working_map const& by) {
  RecordsCaptured event;
  event.link = by.link;
  event.count = rows.count();
  event.tables = {{schema_id{1}, rows.count()}};
  event.records = blob{rows.bytes()};
  auto out = draft({stream_kind::link, by.link.value}, by.link, event);
  out.span = rows.count();
  return out;
}

// Some different rows to append again and again: making them is not what is measured.
std::vector<record_packer> const& bulk_rows() {
  static auto const packs = [] {
    row_maker rows;
    std::vector<record_packer> made;
    for (int i = 0; i < 64; ++i) made.push_back(rows.pack(records_per_event));
    return made;
  }();
  return packs;
}

std::vector<encoded_event> const& bulk_events() {
  static auto const events = [] {
    std::vector<encoded_event> made;
    for (auto const& rows : bulk_rows()) made.push_back(captured(rows, {link_id{1}, map_id{2}}));
    return made;
  }();
  return events;
}

std::unique_ptr<rocks_event_log> open_log(fs::path const& folder) {
  rocks_log_options options;
  options.create = log_id{1};
  auto opened = rocks_event_log::open(folder, options);
  if (!opened) {
    fmt::print(stderr, "{}\n", to_string(opened.error()));
    std::exit(1);
  }
  return std::move(opened->log);
}

std::unique_ptr<rocks_event_log> new_log(char const* name) {
  fs::remove_all(bench_folder() / name);
  return open_log(bench_folder() / name);
}

template <class T>
T or_exit(result<T> of) {
  if (of) return std::move(*of);
  fmt::print(stderr, "{}\n", to_string(of.error()));
  std::exit(1);
}

void append_or_exit(event_log& log, std::span<encoded_event const> events) {
  or_exit(log.append(events, instant{1}, log.head().at, epoch{}));
}

// What callers submit goes through sequencer and folds to the disk, and they hear of it then.
void append(benchmark::State& state,
            std::size_t callers,
            std::size_t count,
            std::vector<record_packer> const& rows) {
  appender to(bench_folder() / "append");
  auto const make = [&](std::size_t at) {
    engine::drafts events;
    events.push_back(captured(rows[at % rows.size()], to.maps().front()));
    return events;
  };
  auto const before = to.views().checkpoint;
  for (auto _ : state) to.append(count, callers, make);
  state.SetItemsProcessed(static_cast<std::int64_t>(to.views().checkpoint.value - before.value));
}

// Source transactions of a thousand rows, from 32 sources at once.
void append_bulk(benchmark::State& state) {
  append(state, 32, bulk_records() / records_per_event, bulk_rows());
}

// Transactions of one row: each caller waits for its own.
void append_by_64_callers(benchmark::State& state) {
  row_maker rows;
  append(state, 64, 96'000, {rows.pack(1)});
}

// A closed and opened log of bulk_records() records, made once.
event_log& filled_log() {
  static auto const log = [] {
    {
      auto const made = new_log("filled");
      auto const& events = bulk_events();
      for (std::uint64_t i = 0; i < bulk_records() / records_per_event; ++i) {
        append_or_exit(*made, {&events[i % events.size()], 1});
      }
    }
    return open_log(bench_folder() / "filled");
  }();
  return *log;
}

// One reader, one thread: every block checked, every record unpacked.
void scan(benchmark::State& state) {
  auto& log = filled_log();
  std::uint64_t records = 0;
  for (auto _ : state) {
    auto const cursor = log.read({});
    while (true) {
      auto const event = cursor->next();
      if (!event || !*event) break;
      auto const view = or_exit(decode(**event));
      record_reader reader{view.as<RecordsCaptured>()->records.bytes};
      for (auto record = reader.next(); record && *record; record = reader.next()) {
        benchmark::DoNotOptimize((*record)->after.data());
        ++records;
      }
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
}

void verify(benchmark::State& state) {
  auto& log = filled_log();
  std::uint64_t records = 0;
  for (auto _ : state) {
    auto const report = log.verify();
    if (!report.ok) state.SkipWithError(report.reason.c_str());
    records += report.events;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
}

void encode_only(benchmark::State& state) {
  auto const& events = bulk_events();
  std::size_t next = 0;
  std::size_t stored = 0;
  for (auto _ : state) {
    auto const block = encode_block(
        {log_id{1}, sequence{1}, {}}, instant{1}, {&events[next++ % events.size()], 1});
    stored += block->bytes.size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records_per_event));
  state.counters["stored_bytes_per_record"] =
      static_cast<double>(stored) / static_cast<double>(state.iterations()) / records_per_event;
}

BENCHMARK(encode_only);
BENCHMARK(append_bulk)->Iterations(1)->UseRealTime();
BENCHMARK(append_by_64_callers)->Iterations(1)->UseRealTime();
BENCHMARK(scan)->Iterations(2)->UseRealTime();
BENCHMARK(verify)->Iterations(2)->UseRealTime();

}  // namespace
}  // namespace dualwrite::bench

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
  std::filesystem::remove_all(dualwrite::bench::bench_folder());
}
