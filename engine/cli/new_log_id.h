// The id of a log that is made here.
#pragma once

#include <openssl/rand.h>

#include "events/ids.h"

namespace dualwrite::engine {

// By chance, since nobody hands them out; positive as a signed number, since apps store it as one.
inline log_id new_log_id() {
  std::uint64_t id = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id);
  return log_id{(id >> 1) | 1};
}

}  // namespace dualwrite::engine
