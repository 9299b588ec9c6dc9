// For tests: a server of one connection after the other, on a free port of the loopback, in a
// thread of its own. It does what its script says and nothing else: blocking reads, bytes by hand.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "client/scripted_server_test.h"
#include "wire/codec.h"

namespace midge {

// One accepted connection, blocking.
class Peer final {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { ::close(fd_); }

  // The next packet as a short line; "end" when the client closed.
  std::string receive() {
    while (true) {
      wire::FixedHeader header;
      const base::Bytes have{in_};
      if (wire::read_fixed_header(have, header).none() && header.size != 0 &&
          have.size() >= header.packet_size()) {
        return take(header);
      }
      std::uint8_t more[4'096];
      const ssize_t size = ::read(fd_, more, sizeof more);
      if (size <= 0) return "end";
      in_.insert(in_.end(), more, more + size);
    }
  }
  template <class P>
  void send(const P& packet) {
    std::vector<std::uint8_t> bytes(wire::encoded_size(packet, wire::Version::v5));
    wire::encode(packet, wire::Version::v5, bytes.data());
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t size = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return;
      sent += static_cast<std::size_t>(size);
    }
  }
  // Reads CONNECT, accepts.
  void welcome(bool session_present = false) {
    EXPECT_EQ(receive().substr(0, 7), "CONNECT");
    send(wire::Connack{.session_present = session_present});
  }

 private:
  std::string take(const wire::FixedHeader& header) {
    wire::Packet packet;
    const base::Bytes body = base::Bytes{in_}.subspan(header.size, header.remaining_length);
    EXPECT_TRUE(wire::decode(header, body, wire::Version::v5, wire::Sender::client, packet).none());
    std::string line = std::visit(client::Short{}, packet);
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(header.packet_size()));
    return line;
  }

  int fd_;
  std::vector<std::uint8_t> in_;
};

class LoopbackServer final {
 public:
  using Script = std::function<void(Peer&)>;

  // Each script serves one connection, in order.
  explicit LoopbackServer(std::vector<Script> scripts)
      : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listening_, raw, size), 0);
    EXPECT_EQ(::listen(listening_, 5), 0);
    EXPECT_EQ(::getsockname(listening_, raw, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this, scripts = std::move(scripts)] {
      for (const Script& script : scripts) {
        Peer peer{::accept(listening_, nullptr, nullptr)};
        script(peer);
      }
    }};
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer() {
    thread_.join();
    ::close(listening_);
  }
  Options options() const {
    Options options;
    options.host = "127.0.0.1";
    options.port = port_;
    options.client_id = "c";
    return options;
  }

 private:
  int listening_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace midge
