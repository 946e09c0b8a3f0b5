#include "events/store/anchor_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "events/endian.h"
#include "events/store/log_folder.h"

namespace dualwrite {
namespace {

constexpr char magic[8] = {'d', 'w', 'a', 'n', 'c', 'h', 'o', 'r'};
constexpr std::uint16_t anchor_format = 1;
constexpr std::size_t at_format = 8;
constexpr std::size_t at_log = 16;
constexpr std::size_t at_sequence = 24;
constexpr std::size_t at_chain = 32;
constexpr std::size_t at_digest = 64;
constexpr std::size_t anchor_bytes = 96;

using anchor_image = std::array<std::byte, anchor_bytes>;

anchor_image image_of(anchor const& of) {
  anchor_image image{};
  std::memcpy(image.data(), magic, sizeof magic);
  store_little(image.data() + at_format, anchor_format);
  store_little(image.data() + at_log, of.log.value);
  store_little(image.data() + at_sequence, of.at.value);
  store_little(image.data() + at_chain, of.chain);
  store_little(image.data() + at_digest, sha256({bytes_view{image}.first(at_digest)}));
  return image;
}

bool write_image(int file, anchor const& of) {
  auto const image = image_of(of);
  return ::pwrite(file, image.data(), image.size(), 0) == static_cast<ssize_t>(image.size());
}

}  // namespace

result<std::optional<anchor>> anchor_file::read(std::filesystem::path const& path) {
  int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::optional<anchor>{};
  if (file < 0) return system_refused("Cannot open " + path.string());
  anchor_image image{};
  auto const got = ::pread(file, image.data(), image.size(), 0);
  ::close(file);
  if (got < 0) return system_refused("Cannot read " + path.string());

  auto const* from = image.data();
  bool const whole =
      got == static_cast<ssize_t>(image.size()) && std::memcmp(from, magic, sizeof magic) == 0 &&
      load_little<digest>(from + at_digest) == sha256({bytes_view{image}.first(at_digest)});
  if (!whole) return error{error_code::log_anchor_missing, "The anchor's file is damaged."};
  auto const format = load_little<std::uint16_t>(from + at_format);
  if (format != anchor_format) {
    return error{error_code::log_newer_format, fmt::format("The anchor has format {}.", format)};
  }
  return std::optional{anchor{log_id{load_little<std::uint64_t>(from + at_log)},
                              sequence{load_little<std::uint64_t>(from + at_sequence)},
                              load_little<digest>(from + at_chain)}};
}

result<void> anchor_file::create(std::filesystem::path const& path, anchor const& first) {
  auto partial = path;
  partial += ".partial";
  int const file = ::open(partial.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return system_refused("Cannot make " + partial.string());
  bool const written = write_image(file, first) && ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(partial.c_str(), path.c_str()) != 0) {
    return system_refused("Cannot write " + path.string());
  }
  return sync_folder(path.parent_path());
}

result<std::unique_ptr<anchor_file>> anchor_file::open(std::filesystem::path const& path,
                                                       duration sync_delay) {
  int const file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return system_refused("Cannot open " + path.string());
  return std::unique_ptr<anchor_file>{new anchor_file{file, sync_delay}};
}

anchor_file::anchor_file(int file, duration sync_delay)
    : file_(file),
      sync_delay_(sync_delay),
      syncing_([this](std::stop_token stop) { sync_until_stopped(stop); }) {}

anchor_file::~anchor_file() {
  syncing_.request_stop();
  syncing_.join();
  ::fdatasync(file_);
  ::close(file_);
}

bool anchor_file::write(anchor const& current) {
  std::unique_lock lock{guard_};
  if (!failed_) failed_ = !write_image(file_, current);
  if (failed_) return false;
  bool const wakes = !dirty_;
  dirty_ = true;
  lock.unlock();
  if (wakes) changed_.notify_one();
  return true;
}

void anchor_file::sync_until_stopped(std::stop_token stop) {
  std::unique_lock lock{guard_};
  while (changed_.wait(lock, stop, [this] { return dirty_; })) {
    // Waits out the delay, so that one sync serves all appends of that time; a stop cuts it short.
    changed_.wait_for(lock, stop, sync_delay_, [] { return false; });
    dirty_ = false;
    lock.unlock();
    bool const synced = ::fdatasync(file_) == 0;
    lock.lock();
    if (!synced) failed_ = true;
  }
}

}  // namespace dualwrite
