// The key that a log's heads are signed with: `signing.key` in the data folder, PKCS #8 in PEM,
// readable by its owner only.
#pragma once

#include <filesystem>
#include <memory>

#include "events/signed_head.h"
#include "events/store/event_log.h"

namespace dualwrite {

// Errors: `folder_refused`.
// Threads: any.
class head_key {
 public:
  // Makes the key where the folder has none.
  [[nodiscard]] static result<std::unique_ptr<head_key>> in(std::filesystem::path const& folder);
  head_key(head_key const&) = delete;
  head_key& operator=(head_key const&) = delete;
  ~head_key();

  [[nodiscard]] signed_head sign(log_head const& head) const;

 private:
  struct secret;
  explicit head_key(std::unique_ptr<secret> key);

  std::unique_ptr<secret> key_;
};

// Whether `log` still holds everything up to a head that was given out, unchanged.
// Errors: `head_malformed` where the signature does not hold; `head_of_another_log`; `log_set_back`
// where the log ends before it; `log_forked` where the log went on otherwise; `log_corrupt`.
[[nodiscard]] result<void> check_signed_head(signed_head const& given, event_log const& log);

// Verifies the log from `from` on, and that it holds the head.
// Errors: `head_malformed`, `head_of_another_log`: that is no finding about the log.
[[nodiscard]] result<verify_report> verify_with_head(event_log const& log,
                                                     sequence from,
                                                     signed_head const& given);

}  // namespace dualwrite
