// Mail by SMTP.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "engine/delivery/mail.h"

namespace dualwrite::engine {

struct smtp_settings {
  std::string url;   // smtp://host[:port] or smtps://host[:port]
  std::string from;  // an address
  std::string user, password;
  bool starttls = false;  // refuse to send where the server does not offer it
  std::string ca;         // a file of certificates; empty: those that the machine trusts
  std::chrono::seconds connect_max{10};
  std::chrono::seconds reply_max{20};
  std::chrono::seconds send_max{60};
};

class call_line;

// Guarantees: what comes from outside (names, texts, addresses) adds no header and no recipient.
// Errors: those of mail_port. A login that is refused, or encryption that is not to be had, is for
// an admin to mend: `mail_failed`.
// Lifetime: outlived by the pool; a letter under way does not need it any more.
// Threads: the engine strand; letters are sent one at a time, on the pool.
class smtp_mail final : public mail_port {
 public:
  smtp_mail(boost::asio::thread_pool& pool, smtp_settings settings);
  [[nodiscard]] async<std::string> send(mail const& letter) override;
  // A letter that is under way is given up at once, and so is every later one.
  void stop();

 private:
  boost::asio::any_io_executor sending_;
  std::shared_ptr<smtp_settings const> settings_;
  std::shared_ptr<call_line> line_;
};

// As a header may carry it: plain ASCII as it is, all else in encoded words (RFC 2047).
[[nodiscard]] std::string header_text(std::string_view text);

}  // namespace dualwrite::engine
