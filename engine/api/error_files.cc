#include "engine/api/error_files.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <ctime>

#include "engine/api/error_json.h"
#include "engine/api/find_named.h"
#include "engine/ports/blocking.h"

namespace dualwrite::engine {
namespace {

namespace fs = std::filesystem;

error failed(fs::path const& path, int why) {
  return {error_code::export_failed,
          fmt::format("{}: {}", path.string(), std::generic_category().message(why))};
}

// A descriptor that is closed at the end of its scope.
struct open_file {
  int number = -1;
  ~open_file() {
    if (number >= 0) ::close(number);
  }
};

result<void> write_synced(fs::path const& path, std::string_view text) {
  open_file const file{::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600)};
  if (file.number < 0) return failed(path, errno);
  while (!text.empty()) {
    auto const written = ::write(file.number, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(path, errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.number) != 0) return failed(path, errno);
  return {};
}

result<void> sync_folder(fs::path const& folder) {
  open_file const file{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (file.number < 0 || ::fsync(file.number) != 0) return failed(folder, errno);
  return {};
}

// Also those above it, each durable before what is in it.
result<void> make_folder(fs::path const& folder) {
  std::error_code refused;
  auto const there = fs::status(folder, refused);
  if (folder.empty() || fs::is_directory(there)) return {};
  if (fs::exists(there)) return failed(folder, ENOTDIR);
  DW_CHECK(make_folder(folder.parent_path()));
  bool const is_new = fs::create_directory(folder, refused);
  if (refused) return failed(folder, refused.value());
  if (!is_new) return {};
  return sync_folder(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
}

// A file that is there already stays: the new one gets a number.
result<std::string> put(fs::path const& folder, std::string const& stem, std::string_view text) {
  DW_CHECK(make_folder(folder));
  auto const part = folder / (stem + ".part");
  auto const written = write_synced(part, text);
  int linked = written ? EEXIST : 0;
  fs::path path;
  for (int number = 1; linked == EEXIST; ++number) {
    path = folder / (number == 1 ? stem + ".ndjson" : fmt::format("{}-{}.ndjson", stem, number));
    linked = ::link(part.c_str(), path.c_str()) == 0 ? 0 : errno;
  }
  ::unlink(part.c_str());
  if (!written) return written.error();
  if (linked != 0) return failed(path, linked);
  DW_CHECK(sync_folder(folder));
  return path.string();
}

std::string file_stem(projections::views const& state,
                      map_id map,
                      instant now,
                      RecordNamed const& first) {
  auto const& row = *state.status.find(map);
  return fmt::format("{}.{}-{:%Y%m%dT%H%M%SZ}-{}",
                     link_name(state, row.link),
                     row.name,
                     fmt::gmtime(static_cast<std::time_t>(now.us / 1'000'000)),
                     first.record.value);
}

}  // namespace

async<std::string> error_files::keep(map_id map,
                                     std::string folder,
                                     std::vector<RecordNamed> records) {
  auto const& state = context_->views();
  std::string lines;
  for (auto const& one : records) {
    DW_CO_TRY(auto const listed, find_listed(state, one.record, map));
    lines += boost::json::serialize(error_detail_json(*context_, listed)) + "\n";
  }
  auto stem = file_stem(state, map, context_->time.now(), records.front());
  auto call = [path = base_ / folder, stem = std::move(stem), lines = std::move(lines)]() {
    return put(path, stem, lines);
  };
  co_return co_await blocking<std::string>(pool_.get_executor(), std::move(call));
}

}  // namespace dualwrite::engine
