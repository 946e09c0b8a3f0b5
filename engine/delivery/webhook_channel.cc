#include "engine/delivery/webhook_channel.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/socket.h>
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/strand.hpp>

#include "engine/delivery/curl_call.h"
#include "engine/ports/blocking.h"

namespace dualwrite::engine {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t reply_bytes_max = 300;

// RFC 6890 and its successors: what is not reached from the internet, or is no single host.
constexpr char const* private_v4[] = {"0.0.0.0/8",
                                      "10.0.0.0/8",
                                      "100.64.0.0/10",
                                      "127.0.0.0/8",
                                      "169.254.0.0/16",
                                      "172.16.0.0/12",
                                      "192.0.0.0/24",
                                      "192.168.0.0/16",
                                      "198.18.0.0/15",
                                      "224.0.0.0/4",
                                      "240.0.0.0/4"};
constexpr char const* private_v6[] = {"::/127", "fc00::/7", "fe80::/10", "ff00::/8"};

bool lies_in(ip::address_v4 const& address, char const* network) {
  auto const net = ip::make_network_v4(network);
  auto const mask = net.netmask().to_uint();
  return (address.to_uint() & mask) == net.network().to_uint();
}
bool lies_in(ip::address_v6 const& address, char const* network) {
  auto const net = ip::make_network_v6(network);
  return ip::network_v6(address, net.prefix_length()).network() == net.network();
}
bool is_private(ip::address_v4 const& address) {
  return std::any_of(std::begin(private_v4), std::end(private_v4), [&](auto const* network) {
    return lies_in(address, network);
  });
}
// Those that carry an IPv4 address go where that one lies.
bool is_private(ip::address_v6 const& address) {
  auto const bytes = address.to_bytes();
  bool const translated = lies_in(address, "64:ff9b::/96");
  if (address.is_v4_mapped() || translated)
    return is_private(ip::address_v4({bytes[12], bytes[13], bytes[14], bytes[15]}));
  return std::any_of(std::begin(private_v6), std::end(private_v6), [&](auto const* network) {
    return lies_in(address, network);
  });
}

struct call_state {
  webhook_target const& target;
  std::string reply;
  std::string refused;  // the private address that it was not connected to
};

std::size_t hear(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& reply = static_cast<call_state*>(into)->reply;
  std::string_view const more(bytes, size * count);
  reply += more.substr(0, reply_bytes_max - std::min(reply_bytes_max, reply.size()));
  return size * count;
}

curl_socket_t open_socket(void* into, curlsocktype, curl_sockaddr* to) {
  auto& state = *static_cast<call_state*>(into);
  char text[INET6_ADDRSTRLEN] = "";
  auto const* at = reinterpret_cast<sockaddr const*>(&to->addr);
  auto const* address =
      to->family == AF_INET6
          ? static_cast<void const*>(&reinterpret_cast<sockaddr_in6 const*>(at)->sin6_addr)
          : static_cast<void const*>(&reinterpret_cast<sockaddr_in const*>(at)->sin_addr);
  if (::inet_ntop(to->family, address, text, sizeof text) == nullptr) return CURL_SOCKET_BAD;
  if (!state.target.allow_private && is_private_address(text)) {
    state.refused = text;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

void set_target(CURL* call, webhook_settings const& settings, webhook_target const& target) {
  curl_easy_setopt(call, CURLOPT_URL, target.url.c_str());
  curl_easy_setopt(call, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(call, CURLOPT_FOLLOWLOCATION, 0L);
  // A proxy would connect on our behalf, to whom we cannot see.
  curl_easy_setopt(call, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(call, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(call, CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings.connect_max.count()));
  auto const whole = settings.connect_max + settings.reply_max;
  curl_easy_setopt(call, CURLOPT_TIMEOUT, static_cast<long>(whole.count()));
}

// One line of what a server said.
std::string line_of(std::string_view text) {
  std::string out(text.substr(0, text.find_first_of("\r\n")));
  std::erase_if(out, [](char c) { return c < ' ' && c >= 0; });
  return out;
}

result<std::string> outcome(CURLcode how, long status, call_state const& state) {
  if (!state.refused.empty()) {
    return error{error_code::webhook_refused,
                 fmt::format("{} is a private address; allow_private permits it", state.refused)};
  }
  if (how != CURLE_OK) return error{error_code::webhook_failed, curl_easy_strerror(how)};
  auto said = std::to_string(status);
  if (auto const line = line_of(state.reply); !line.empty()) said += " " + line;
  if (status >= 200 && status < 300) return said;
  bool const passes = status == 408 || status == 425 || status == 429 || status >= 500;
  return error{passes ? error_code::webhook_failed : error_code::webhook_refused, std::move(said)};
}

result<std::string> post_now(webhook_settings const& settings,
                             std::string const& name,
                             std::string const& id,
                             std::int64_t timestamp,
                             std::string const& body,
                             call_line& line) {
  auto const found = settings.targets.find(name);
  if (found == settings.targets.end()) return error{error_code::webhook_unknown, name};
  auto const call = new_call();
  if (!call) return error{error_code::webhook_failed, "out of memory"};
  call_state state{found->second, {}, {}};
  set_target(call.get(), settings, state.target);
  auto const headers = curl_list({
      "Content-Type: application/cloudevents+json; charset=utf-8",
      "webhook-id: " + id,
      fmt::format("webhook-timestamp: {}", timestamp),
      "webhook-signature: " + webhook_signature(state.target.secret, id, timestamp, body),
      "Expect:",
  });
  curl_easy_setopt(call.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(call.get(), CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(call.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(call.get(), CURLOPT_WRITEFUNCTION, &hear);
  curl_easy_setopt(call.get(), CURLOPT_WRITEDATA, &state);
  line.attach(call.get());
  curl_easy_setopt(call.get(), CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  curl_easy_setopt(call.get(), CURLOPT_OPENSOCKETDATA, &state);
  auto const how = curl_easy_perform(call.get());
  long status = 0;
  curl_easy_getinfo(call.get(), CURLINFO_RESPONSE_CODE, &status);
  return outcome(how, status, state);
}

}  // namespace

webhook_channel::webhook_channel(boost::asio::thread_pool& pool,
                                 clock const& time,
                                 webhook_settings settings)
    : calling_(boost::asio::make_strand(pool.get_executor())),
      time_(time),
      settings_(std::make_shared<webhook_settings const>(std::move(settings))),
      line_(std::make_shared<call_line>()) {}

void webhook_channel::stop() {
  line_->stop();
}

async<std::string> webhook_channel::send(message const& what) {
  auto body = cloud_event(what, settings_->source);
  auto const now = time_.now().us / 1'000'000;
  auto call = [settings = settings_, line = line_, name = what.to, id = what.id, now, body]() {
    return post_now(*settings, name, id, now, body, *line);
  };
  co_return co_await blocking<std::string>(calling_, std::move(call));
}

std::string webhook_signature(std::string_view secret,
                              std::string_view id,
                              std::int64_t timestamp,
                              std::string_view body) {
  auto const signed_text = fmt::format("{}.{}.{}", id, timestamp, body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(EVP_sha256(),
       secret.data(),
       static_cast<int>(secret.size()),
       reinterpret_cast<unsigned char const*>(signed_text.data()),
       signed_text.size(),
       digest,
       &length);
  return "v1," + base64({reinterpret_cast<char const*>(digest), length});
}

bool is_private_address(std::string_view address) {
  boost::system::error_code failed;
  auto const parsed = ip::make_address(std::string(address), failed);
  if (failed) return true;
  return parsed.is_v4() ? is_private(parsed.to_v4()) : is_private(parsed.to_v6());
}

}  // namespace dualwrite::engine
