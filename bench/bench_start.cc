// How long a server takes to be ready on a log of many events, and what stands in for it where
// there is no snapshot. Prints one JSON object; times in seconds, memory in MiB.
//   bench_start [SEQUENCES [ROWS [PARKED_OF_HUNDRED]]]
//   DW_BENCH_FOLDER   where the log is made (default: the folder for temporary files)
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "bench/history.h"
#include "events/store/rocks_event_log.h"
#include "replay/rebuild.h"
#include "replay/view_snapshot.h"

namespace dualwrite {
namespace {

namespace fs = std::filesystem;

fs::path bench_folder() {
  auto const* const text = std::getenv("DW_BENCH_FOLDER");
  return (text != nullptr ? fs::path{text} : fs::temp_directory_path()) / "dualwrite-start";
}

template <class T>
T value_or_exit(result<T> of) {
  if (of) return std::move(*of);
  fmt::print(stderr, "{}\n", to_string(of.error()));
  std::exit(1);
}

std::unique_ptr<rocks_event_log> open_log() {
  rocks_log_options options;
  options.create = log_id{1};
  return std::move(value_or_exit(rocks_event_log::open(bench_folder(), options)).log);
}

template <class Work>
double seconds(Work const& work) {
  auto const started = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

// The most that the process ever held.
double resident_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

int run(bench::history_options const& options) {
  fs::remove_all(bench_folder());
  auto const file = bench_folder() / "views.snapshot";
  auto const written = seconds([&] {
    auto const log = open_log();
    auto const done = bench::history(*log, options).write();
    if (!done) value_or_exit(result<int>(done.error()));
  });
  digest const program = value_or_exit(digest_of_program());
  double const before = resident_mib();
  projections::views views;
  sequence head;
  auto const folded = seconds([&] {
    auto const log = open_log();
    head = log->head().at;
    views = value_or_exit(replay::rebuild(*log));
  });
  double const after = resident_mib();
  std::size_t bytes = 0;
  auto const saved = seconds([&] {
    auto const log = open_log();
    auto const taken = value_or_exit(replay::take_snapshot(*log, views, program));
    bytes = taken.state.size();
    if (!write_snapshot(file, taken)) std::exit(1);
  });
  auto const ready = seconds([&] {
    auto const log = open_log();
    auto const found = read_snapshot(file);
    auto from = value_or_exit(replay::views_from(*log, found, value_or_exit(digest_of_program())));
    if (from.checkpoint != head) std::exit(1);
    views = value_or_exit(replay::rebuild(*log, std::move(from)));
  });
  verify_report report;
  auto const verified = seconds([&] { report = open_log()->verify(); });
  fmt::print(
      "{{\"sequences\": {}, \"rows\": {}, \"parked_of_hundred\": {}, \"write_s\": {:.2f}, "
      "\"fold_s\": {:.2f}, \"save_s\": {:.3f}, \"snapshot_bytes\": {}, \"ready_s\": {:.3f}, "
      "\"verify_s\": {:.2f}, \"verified\": {}, \"resident_before_mib\": {:.0f}, "
      "\"resident_mib\": {:.0f}}}\n",
      head.value,
      options.rows,
      options.parked_of_hundred,
      written,
      folded,
      saved,
      bytes,
      ready,
      verified,
      report.ok,
      before,
      after);
  fs::remove_all(bench_folder());
  return report.ok ? 0 : 1;
}

}  // namespace
}  // namespace dualwrite

int main(int count, char** arguments) {
  dualwrite::bench::history_options options;
  if (count > 1) options.sequences = std::stoull(arguments[1]);
  if (count > 2) options.rows = static_cast<std::uint32_t>(std::stoul(arguments[2]));
  if (count > 3) options.parked_of_hundred = static_cast<std::uint32_t>(std::stoul(arguments[3]));
  return dualwrite::run(options);
}
