// A disk of its own whose power a test can cut: a file system in a file. What it had not written by
// then is lost, as the kernel's ext4 shutdown leaves it.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

namespace dualwrite::tests {

class loop_disk {
 public:
  // `folder` is empty and of the test's own. On failure why() says what the machine lacks.
  explicit loop_disk(std::filesystem::path folder)
      : image_(folder / "image"), mounted_on_(folder / "disk") {
    std::filesystem::create_directory(mounted_on_);
    // Room for what a test writes; the file takes only what is used.
    bool const made = run("truncate -s 4G " + image_.string()) &&
                      run("mkfs.ext4 -q -E lazy_itable_init=1 " + image_.string());
    if (!made) {
      why_ = "mkfs.ext4 does not run here";
    } else if (!mount()) {
      why_ = "a file cannot be mounted as a disk here";
    }
  }
  loop_disk(loop_disk const&) = delete;
  loop_disk& operator=(loop_disk const&) = delete;
  ~loop_disk() {
    if (is_mounted_) ::umount2(mounted_on_.c_str(), MNT_DETACH);
  }

  std::filesystem::path const& path() const { return mounted_on_; }
  std::string const& why() const { return why_; }

  // Nothing reaches the disk after this, not even the file system's own journal.
  [[nodiscard]] bool cut_power() {
    constexpr auto shutdown = _IOR('X', 125, __u32);  // of ext4
    __u32 without_flush = 2;
    int const root = ::open(mounted_on_.c_str(), O_RDONLY | O_DIRECTORY);
    bool const cut = root >= 0 && ::ioctl(root, shutdown, &without_flush) == 0;
    if (!cut) why_ = std::string{"the file system cannot be shut down: "} + std::strerror(errno);
    if (root >= 0) ::close(root);
    return cut;
  }
  // Once nobody uses it any more. The journal is replayed, as at a start of the machine.
  [[nodiscard]] bool restart() {
    is_mounted_ = ::umount(mounted_on_.c_str()) != 0;
    return !is_mounted_ && mount();
  }

 private:
  static bool run(std::string const& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
  }
  bool mount() {
    is_mounted_ = run("mount -o loop " + image_.string() + " " + mounted_on_.string());
    return is_mounted_;
  }

  std::filesystem::path image_;
  std::filesystem::path mounted_on_;
  bool is_mounted_ = false;
  std::string why_;
};

}  // namespace dualwrite::tests
