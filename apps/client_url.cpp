#include "client_url.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace apps {
namespace {

using Parsed = base::Result<Url, std::string>;

base::Error<std::string> error(std::string text) {
  return base::Error{std::move(text)};
}

// "mqtt://" is cut off `text`. The error of any other scheme.
base::Result<void, std::string> take_scheme(std::string_view& text) {
  struct Scheme {
    std::string_view prefix;
    std::string_view missing;
  };
  constexpr std::array schemes{
      Scheme{"mqtt://", ""},
      Scheme{"mqtts://", "TLS is"},
      Scheme{"ws://", "WebSockets are"},
      Scheme{"wss://", "WebSockets are"},
  };
  for (const Scheme& scheme : schemes) {
    if (!text.starts_with(scheme.prefix)) continue;
    text.remove_prefix(scheme.prefix.size());
    if (scheme.missing.empty()) return {};
    return error(fmt::format("-L {}: {} not supported by this version of midge.", scheme.prefix,
                             scheme.missing));
  }
  return error("Unsupported URL scheme.");
}

// "user:password".
void read_user(std::string_view text, Url& url) {
  const std::size_t colon = text.find(':');
  url.user_name = text.substr(0, colon);
  if (colon != std::string_view::npos) url.password = text.substr(colon + 1);
}

// "host", "host:port", "[::1]:port".
Parsed read_server(std::string_view text, Url url) {
  std::string_view port;
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    port = text.substr(colon + 1);
    std::uint16_t number = 0;
    const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (fault != std::errc{} || end != port.data() + port.size() || number == 0) {
      return error(fmt::format("Invalid port given: {}", port));
    }
    url.port = number;
  }
  url.host =
      bracket == std::string_view::npos ? text.substr(0, colon) : text.substr(1, bracket - 1);
  if (url.host.empty()) {
    return error("Invalid URL for -L argument specified - host missing.");
  }
  return url;
}

}  // namespace

Parsed parse_url(std::string_view text) {
  if (auto taken = take_scheme(text); !taken) return error(taken.error());
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return error("Invalid URL for -L argument specified - topic missing.");
  }
  Url url;
  url.topic = text.substr(slash + 1);
  text = text.substr(0, slash);
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    read_user(text.substr(0, at), url);
    text.remove_prefix(at + 1);
  }
  return read_server(text, std::move(url));
}

}  // namespace apps
