// Messages as letters.
#pragma once

#include "engine/delivery/mail.h"
#include "engine/delivery/message.h"

namespace dualwrite::engine {

// Lifetime: outlived by the mail port.
class mail_channel final : public message_port {
 public:
  // `domain` is that of the letters' ids.
  mail_channel(mail_port& port, std::string domain);
  [[nodiscard]] async<std::string> send(message const& what) override;

 private:
  std::string letter_id(std::string const& id) const;

  mail_port& port_;
  std::string domain_;
};

}  // namespace dualwrite::engine
