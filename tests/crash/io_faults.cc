// A disk that fails or is slow, for one process: its system calls on files come through here.
//   DW_IO_FAULT   write:N    the Nth write to a file of the log fails with EIO, and all after it
//                 sync:N     the Nth sync does, and all after it
//                 read_only  nothing can be opened for writing, made or renamed
//                 slow:US    every sync takes so many microseconds
// N counts from the first report of the process on: what is before it is the opening.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

#include "tests/crash/io_faults.h"

namespace dualwrite::tests {
namespace {

struct fault_plan {
  char const* kind = "";
  long number = 0;
  bool is(char const* what) const { return std::strncmp(kind, what, std::strlen(what)) == 0; }
};

fault_plan read_plan() {
  auto const* const text = std::getenv("DW_IO_FAULT");
  if (text == nullptr) return {};
  auto const* const number = std::strchr(text, ':');
  return {text, number == nullptr ? 0 : std::strtol(number + 1, nullptr, 10)};
}

fault_plan const& plan() {
  static fault_plan const read = read_plan();
  return read;
}

std::atomic<bool> counting{false};
std::atomic<long> writes{0};
std::atomic<long> syncs{0};

// Pipes, to which the process reports, are left alone.
bool is_on_disk(int file) {
  struct stat about {};
  return ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
}

bool fails(std::atomic<long>& count, char const* kind) {
  return counting && plan().is(kind) && ++count >= plan().number;
}

bool write_fails(int file) {
  if (!counting || !plan().is("write") || !is_on_disk(file)) return false;
  if (!fails(writes, "write")) return false;
  errno = EIO;
  return true;
}

int sync_with(long call, int file) {
  if (plan().is("slow")) ::usleep(static_cast<useconds_t>(plan().number));
  if (fails(syncs, "sync")) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(call, file));
}

bool is_refused(int flags) {
  bool const changes = (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0;
  if (!changes || !plan().is("read_only")) return false;
  errno = EROFS;
  return true;
}

}  // namespace

void count_io_faults() {
  counting = true;
}

}  // namespace dualwrite::tests

using dualwrite::tests::is_refused;
using dualwrite::tests::sync_with;
using dualwrite::tests::write_fails;

// In the program itself they come before those of the C library.
extern "C" {

ssize_t write(int file, void const* bytes, size_t length) {
  return write_fails(file) ? -1 : ::syscall(SYS_write, file, bytes, length);
}
ssize_t pwrite(int file, void const* bytes, size_t length, off_t at) {
  return write_fails(file) ? -1 : ::syscall(SYS_pwrite64, file, bytes, length, at);
}
ssize_t pwrite64(int file, void const* bytes, size_t length, off64_t at) {
  return write_fails(file) ? -1 : ::syscall(SYS_pwrite64, file, bytes, length, at);
}
int fsync(int file) {
  return sync_with(SYS_fsync, file);
}
int fdatasync(int file) {
  return sync_with(SYS_fdatasync, file);
}
int open(char const* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  auto const mode = (flags & O_CREAT) != 0 ? va_arg(more, unsigned) : 0u;
  va_end(more);
  if (is_refused(flags)) return -1;
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
int open64(char const* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  auto const mode = (flags & O_CREAT) != 0 ? va_arg(more, unsigned) : 0u;
  va_end(more);
  if (is_refused(flags)) return -1;
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode));
}
}
