// Faults of the disk, in a process that has tests/crash/io_faults.cc in it.
#pragma once

namespace dualwrite::tests {

// Writes and syncs count from here on.
void count_io_faults();

}  // namespace dualwrite::tests
