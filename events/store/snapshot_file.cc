#include "events/store/snapshot_file.h"

#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/endian.h"
#include "events/store/log_folder.h"

namespace dualwrite {
namespace {

constexpr char magic[8] = {'d', 'w', 'v', 'i', 'e', 'w', 's', '\n'};
constexpr std::uint16_t snapshot_format = 1;
constexpr std::size_t at_format = 8;
constexpr std::size_t at_program = 16;
constexpr std::size_t at_log = 48;
constexpr std::size_t at_sequence = 56;
constexpr std::size_t at_chain = 64;
constexpr std::size_t at_length = 96;
constexpr std::size_t head_bytes = 104;

// A file in memory, to be read once from begin to end.
class mapped_file {
 public:
  explicit mapped_file(std::filesystem::path const& path) {
    int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat about {};
    if (::fstat(file, &about) == 0 && about.st_size > 0) {
      length_ = static_cast<std::size_t>(about.st_size);
      bytes_ = ::mmap(nullptr, length_, PROT_READ, MAP_PRIVATE, file, 0);
    }
    ::close(file);
  }
  mapped_file(mapped_file const&) = delete;
  mapped_file& operator=(mapped_file const&) = delete;
  ~mapped_file() {
    if (bytes_ != MAP_FAILED) ::munmap(bytes_, length_);
  }

  bytes_view bytes() const {
    if (bytes_ == MAP_FAILED) return {};
    return {static_cast<std::byte const*>(bytes_), length_};
  }

 private:
  void* bytes_ = MAP_FAILED;
  std::size_t length_ = 0;
};

using head_image = std::array<std::byte, head_bytes>;

head_image image_of(snapshot const& what) {
  head_image image{};
  std::memcpy(image.data(), magic, sizeof magic);
  store_little(image.data() + at_format, snapshot_format);
  store_little(image.data() + at_program, what.program);
  store_little(image.data() + at_log, what.head.log.value);
  store_little(image.data() + at_sequence, what.head.at.value);
  store_little(image.data() + at_chain, what.head.chain);
  store_little(image.data() + at_length, std::uint64_t{what.state.size()});
  return image;
}

bytes_view bytes_of(std::string const& text) {
  return {reinterpret_cast<std::byte const*>(text.data()), text.size()};
}

bool write_all(int file, bytes_view bytes) {
  while (!bytes.empty()) {
    auto const written = ::write(file, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::optional<snapshot> read_snapshot(std::filesystem::path const& path) {
  mapped_file const file{path};
  auto const bytes = file.bytes();
  if (bytes.size() < head_bytes + sizeof(digest)) return {};
  auto const covered = bytes.first(bytes.size() - sizeof(digest));
  auto const* from = bytes.data();
  bool const whole = std::memcmp(from, magic, sizeof magic) == 0 &&
                     load_little<std::uint16_t>(from + at_format) == snapshot_format &&
                     load_little<std::uint64_t>(from + at_length) == covered.size() - head_bytes &&
                     load_little<digest>(from + covered.size()) == sha256({covered});
  if (!whole) return {};
  snapshot read;
  read.program = load_little<digest>(from + at_program);
  read.head.log = log_id{load_little<std::uint64_t>(from + at_log)};
  read.head.at = sequence{load_little<std::uint64_t>(from + at_sequence)};
  read.head.chain = load_little<digest>(from + at_chain);
  auto const state = covered.subspan(head_bytes);
  read.state.assign(reinterpret_cast<char const*>(state.data()), state.size());
  return read;
}

result<void> write_snapshot(std::filesystem::path const& path, snapshot const& what) {
  auto partial = path;
  partial += ".partial";
  int const file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return system_refused("Cannot make " + partial.string());
  auto const head = image_of(what);
  auto const end = sha256({head, bytes_of(what.state)});
  bool const written = write_all(file, head) && write_all(file, bytes_of(what.state)) &&
                       write_all(file, end) && ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(partial.c_str(), path.c_str()) != 0) {
    auto const why = system_refused("Cannot write " + path.string());
    ::unlink(partial.c_str());
    return why;
  }
  return sync_folder(path.parent_path());
}

result<digest> digest_of_program() {
  mapped_file const file{"/proc/self/exe"};
  if (file.bytes().empty()) return system_refused("Cannot read the program's own file");
  return sha256({file.bytes()});
}

}  // namespace dualwrite
