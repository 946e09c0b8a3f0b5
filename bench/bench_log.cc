// How fast the log appends, is read and is verified. Records are rows of some 200 bytes as a CRM
// has them; every append is on stable storage when it counts. Items are sync records, or single
// events where it says so.
//   DW_BENCH_FOLDER   where the logs are made (default: the folder for temporary files)
//   DW_BENCH_RECORDS  how many records the bulk log holds (default: 3 million)
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "events/record.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t records_per_event = 1000;
constexpr int callers = 64;

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

// Rows of a table of contacts: ids and amounts count up and vary, names and places repeat.
class row_maker {
 public:
  std::string next() {
    static constexpr char const* names[] = {
        "Andersen", "Bianchi", "Castillo", "Dubois", "Eriksen", "Fischer"};
    static constexpr char const* places[] = {
        "Oslo", "Bergen", "Milano", "Sevilla", "Lyon", "Trondheim"};
    static constexpr char const* states[] = {"active", "inactive", "prospect"};
    ++id_;
    auto const& name = names[random_() % 6];
    return fmt::format(
        "{:016x}|{:016x}|{}|{}, {}|{}.{}@example.com|+{:011}|{} "
        "{}|{:05}|{}|{}|{}.{:02}|2026-{:02}-{:02}",
        id_,
        random_(),
        id_,
        name,
        places[random_() % 6],
        name,
        id_,
        random_() % 100'000'000'000,
        places[random_() % 6],
        random_() % 200,
        random_() % 99999,
        places[random_() % 6],
        states[random_() % 3],
        random_() % 100000,
        random_() % 100,
        1 + random_() % 12,
        1 + random_() % 28);
  }

 private:
  std::mt19937_64 random_{1};
  std::uint64_t id_ = 1'000'000;
};

std::vector<std::byte> bytes_of(std::string const& text) {
  auto const bytes = std::as_bytes(std::span{text});
  return {bytes.begin(), bytes.end()};
}

encoded_event bulk_event(row_maker& rows) {
  record_packer pack;
  for (std::uint64_t i = 0; i < records_per_event; ++i) {
    auto const row = rows.next();
    sync_record record;
    record.after = row;
    pack.add(record);
  }
  return {{stream_kind::link, 1}, link_id{1}, pack.count(), bytes_of(pack.bytes())};
}

// Some different events to append again and again: making rows is not what is measured.
std::vector<encoded_event> const& bulk_events() {
  static auto const events = [] {
    row_maker rows;
    std::vector<encoded_event> made;
    for (int i = 0; i < 64; ++i) made.push_back(bulk_event(rows));
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

// Writes blocks beside whoever encodes them, each with a sync of its own, as the second of the
// engine's commit threads does.
class block_writer {
 public:
  explicit block_writer(rocks_event_log& log)
      : log_(log), writing_([this](std::stop_token stop) { write_until(stop); }) {}

  // Waits while one is written and another waits.
  void put(indexed_block block) {
    std::unique_lock lock{guard_};
    moved_.wait(lock, [this] { return !waiting_; });
    waiting_ = std::move(block);
    moved_.notify_all();
  }
  // Until everything is durable.
  void drain() {
    std::unique_lock lock{guard_};
    moved_.wait(lock, [this] { return !waiting_ && !at_work_; });
  }

 private:
  void write_until(std::stop_token stop) {
    std::unique_lock lock{guard_};
    while (moved_.wait(lock, stop, [this] { return waiting_.has_value(); })) {
      auto const block = *std::exchange(waiting_, std::nullopt);
      at_work_ = true;
      moved_.notify_all();
      lock.unlock();
      or_exit(log_.finish_append(block));
      lock.lock();
      at_work_ = false;
      moved_.notify_all();
    }
  }

  rocks_event_log& log_;
  std::mutex guard_;
  std::condition_variable_any moved_;
  std::optional<indexed_block> waiting_;
  bool at_work_ = false;
  std::jthread writing_;
};

void append_bulk(benchmark::State& state) {
  auto const log = new_log("append");
  auto const& events = bulk_events();
  std::size_t next = 0;
  sequence end;
  {
    block_writer writer{*log};
    for (auto _ : state) {
      auto begun =
          or_exit(log->begin_append({&events[next++ % events.size()], 1}, instant{1}, end));
      end = begun.block.header.last;
      writer.put(std::move(begun));
      if (next == static_cast<std::size_t>(state.max_iterations)) writer.drain();
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(log->head().at.value));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(events[0].bytes.size()));
}

// The least that lets many callers share one sync: whoever comes while a block is being written is
// in the next one.
class group_commit {
 public:
  explicit group_commit(event_log& log)
      : log_(log), committing_([this](std::stop_token stop) { commit_until(stop); }) {}

  // Returns when the event is durable.
  void append(encoded_event event) {
    std::unique_lock lock{guard_};
    auto const mine = taken_;
    waiting_.push_back(std::move(event));
    lock.unlock();
    arrived_.notify_one();
    for (auto done = done_.load(); done <= mine; done = done_.load()) done_.wait(done);
  }

 private:
  void commit_until(std::stop_token stop) {
    std::unique_lock lock{guard_};
    while (arrived_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
      auto const group = std::exchange(waiting_, {});
      ++taken_;
      lock.unlock();
      append_or_exit(log_, group);
      ++done_;
      done_.notify_all();
      lock.lock();
    }
  }

  event_log& log_;
  std::mutex guard_;
  std::condition_variable_any arrived_;
  std::vector<encoded_event> waiting_;
  std::uint64_t taken_ = 0;
  // Waited for outside of the guard, for which all of them would queue as they wake up.
  std::atomic<std::uint64_t> done_{0};
  std::jthread committing_;
};

// Items are single events, each acknowledged to a caller of its own that waits for it.
void append_by_64_callers(benchmark::State& state) {
  auto const log = new_log("callers");
  constexpr int events_per_caller = 1500;
  row_maker rows;
  encoded_event const event{{stream_kind::link, 1}, link_id{1}, 1, bytes_of(rows.next())};
  group_commit commit{*log};
  for (auto _ : state) {
    std::vector<std::jthread> threads;
    for (int caller = 0; caller < callers; ++caller) {
      threads.emplace_back([&] {
        for (int i = 0; i < events_per_caller; ++i) commit.append(event);
      });
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(log->head().at.value));
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
      auto const bytes = (*event)->bytes;
      record_reader reader{{reinterpret_cast<char const*>(bytes.data()), bytes.size()}};
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
BENCHMARK(append_bulk)->Iterations(2000)->UseRealTime();
BENCHMARK(append_by_64_callers)->Iterations(1)->UseRealTime();
BENCHMARK(scan)->Iterations(2)->UseRealTime();
BENCHMARK(verify)->Iterations(2)->UseRealTime();

}  // namespace
}  // namespace dualwrite

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
  std::filesystem::remove_all(dualwrite::bench_folder());
}
