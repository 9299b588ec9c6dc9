#include "runtime/socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/connector.h"
#include "runtime/event_loop.h"
#include "runtime/listener.h"

namespace runtime {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

Listening listen_on_loopback() {
  auto opened = listen_tcp({.host = "127.0.0.1"});
  EXPECT_TRUE(opened.has_value()) << opened.error().message;
  return std::move((*opened)[0]);
}

void wait_for(int fd, Interest interest) {
  auto loop = EventLoop::create().value();
  ASSERT_TRUE(loop->add(fd, interest, 1).has_value());
  loop->wait(base::Duration::max(), [](std::uint64_t, Ready) {});
}

struct Pair {
  Fd near;
  Fd far;
};

Pair connected_pair(const Listening& listening) {
  Pair pair;
  pair.near = start_connect(listening.address).value();
  wait_for(listening.fd.get(), {.read = true});
  pair.far = accept(listening.fd.get()).fd;
  wait_for(pair.near.get(), {.write = true});
  return pair;
}

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "socket_test_XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
};

TEST(SocketAddress, has_the_text_form_of_each_family) {
  const auto v4 = SocketAddress::from_numbers("127.0.0.1", 1883).value();
  EXPECT_EQ(v4.ip(), "127.0.0.1");
  EXPECT_EQ(v4.port(), 1883);
  EXPECT_EQ(v4.text(), "127.0.0.1:1883");
  const auto v6 = SocketAddress::from_numbers("0:0::1", 8883).value();
  EXPECT_EQ(v6.family(), Family::ipv6);
  EXPECT_EQ(v6.ip(), "::1");
  EXPECT_EQ(v6.text(), "[::1]:8883");
  const auto local = SocketAddress::from_path("/run/x.sock").value();
  EXPECT_EQ(local.ip(), "/run/x.sock");
  EXPECT_EQ(local.port(), 0);
  EXPECT_EQ(local.text(), "/run/x.sock");
}

TEST(SocketAddress, takes_only_numbers_where_names_would_have_to_be_looked_up) {
  for (const char* text : {"", "localhost", "1", "127.1", "127.0.0.256", "::g", "127.0.0.1:1"}) {
    EXPECT_FALSE(SocketAddress::from_numbers(text, 1).has_value()) << text;
  }
}

TEST(SocketAddress, refuses_a_path_that_the_kernel_would_cut) {
  EXPECT_TRUE(SocketAddress::from_path(std::string(107, 'x')).has_value());
  const auto address = SocketAddress::from_path(std::string(108, 'x'));
  ASSERT_FALSE(address.has_value());
  EXPECT_THAT(address.error().message, HasSubstr("has 108 bytes; 1 to 107 are allowed"));
}

TEST(Socket, carries_bytes_both_ways_and_tells_the_end) {
  const Listening listening = listen_on_loopback();
  Pair pair = connected_pair(listening);
  EXPECT_EQ(connect_error(pair.near.get()), 0);
  std::array<std::uint8_t, 16> buffer;
  EXPECT_EQ(read(pair.far.get(), buffer).state, IoState::would_block);
  const base::Bytes both[] = {base::as_bytes("ab"), base::as_bytes("cde")};
  EXPECT_EQ(write(pair.near.get(), both).bytes, 5U);
  wait_for(pair.far.get(), {.read = true});
  const Io got = read(pair.far.get(), buffer);
  EXPECT_EQ(std::string(buffer.begin(), buffer.begin() + got.bytes), "abcde");
  shutdown_write(pair.far.get());
  wait_for(pair.near.get(), {.read = true});
  EXPECT_EQ(read(pair.near.get(), buffer).state, IoState::closed);
}

TEST(Socket, tells_when_the_peer_takes_no_more_instead_of_raising_a_signal) {
  const Listening listening = listen_on_loopback();
  Pair pair = connected_pair(listening);
  ::shutdown(pair.near.get(), SHUT_WR);
  EXPECT_EQ(write(pair.near.get(), base::as_bytes("x")).state, IoState::closed);
}

TEST(Socket, tells_when_the_kernel_has_no_room) {
  const Listening listening = listen_on_loopback();
  Pair pair = connected_pair(listening);
  const std::string much(1 << 20, 'x');
  Io io;
  while ((io = write(pair.near.get(), base::as_bytes(much))).state == IoState::done) {
  }
  EXPECT_EQ(io.state, IoState::would_block);
}

TEST(Socket, discards_what_came_up_to_a_limit) {
  const Listening listening = listen_on_loopback();
  Pair pair = connected_pair(listening);
  EXPECT_EQ(write(pair.near.get(), base::as_bytes("abc")).bytes, 3U);
  wait_for(pair.far.get(), {.read = true});
  const Io io = discard(pair.far.get(), 1 << 20);
  EXPECT_EQ(io.state, IoState::would_block);
  EXPECT_EQ(io.bytes, 3U);
}

TEST(Accept, gives_a_socket_that_neither_blocks_nor_leaks_into_children) {
  const Listening listening = listen_on_loopback();
  EXPECT_EQ(accept(listening.fd.get()).state, AcceptState::would_block);
  const Fd near = start_connect(listening.address).value();
  wait_for(listening.fd.get(), {.read = true});
  const Accepted accepted = accept(listening.fd.get());
  ASSERT_EQ(accepted.state, AcceptState::accepted);
  EXPECT_EQ(accepted.peer.text(), local_address(near.get())->text());
  EXPECT_NE(::fcntl(accepted.fd.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(accepted.fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Accept, tells_when_the_process_has_no_more_descriptors_and_goes_on_afterwards) {
  const Listening listening = listen_on_loopback();
  const Fd near = start_connect(listening.address).value();
  wait_for(listening.fd.get(), {.read = true});
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const AcceptState exhausted = accept(listening.fd.get()).state;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(exhausted, AcceptState::out_of_resources);
  EXPECT_EQ(accept(listening.fd.get()).state, AcceptState::accepted);
}

TEST(Accept, tells_when_the_listening_socket_is_none) {
  EXPECT_EQ(accept(-1).state, AcceptState::error);
}

TEST(ListenTcp, says_which_port_where_is_in_use_and_what_to_look_for) {
  const Listening first = listen_on_loopback();
  const auto second = listen_tcp({.host = "127.0.0.1", .port = first.address.port()});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_EQ(second.error().message,
            "port " + std::to_string(first.address.port()) +
                " on 127.0.0.1: Address already in use; is another broker running?");
}

TEST(ListenTcp, listens_on_both_families_with_one_port) {
  const std::uint16_t port = listen_on_loopback().address.port();
  const auto any = listen_tcp({.host = "", .port = port});
  ASSERT_TRUE(any.has_value()) << any.error().message;
  EXPECT_EQ((*any)[0].address.ip(), "0.0.0.0");
  if (any->size() == 2) {
    EXPECT_EQ((*any)[1].address.ip(), "::");
  }
}

TEST(ListenTcp, keeps_to_the_family_asked_for) {
  const auto v4 = listen_tcp({.versions = IpVersions::ipv4});
  ASSERT_TRUE(v4.has_value());
  ASSERT_EQ(v4->size(), 1U);
  EXPECT_EQ((*v4)[0].address.family(), Family::ipv4);
}

TEST(ListenTcp, takes_the_addresses_of_an_interface) {
  const auto lo = listen_tcp({.versions = IpVersions::ipv4, .interface = "lo"});
  ASSERT_TRUE(lo.has_value()) << lo.error().message;
  EXPECT_EQ((*lo)[0].address.ip(), "127.0.0.1");
  const auto named = listen_tcp({.host = "127.0.0.1", .interface = "lo"});
  ASSERT_TRUE(named.has_value());
  EXPECT_EQ(named->size(), 1U);
}

TEST(ListenTcp, says_what_is_wrong_with_an_interface_a_host_or_both) {
  const auto nowhere = listen_tcp({.interface = "no-such-if"});
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_THAT(nowhere.error().message, HasSubstr("interface 'no-such-if' does not exist"));
  const auto other = listen_tcp({.host = "192.0.2.1", .interface = "lo"});
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().message, "interface 'lo' does not have the address 192.0.2.1");
  const auto foreign = listen_tcp({.host = "192.0.2.1"});
  ASSERT_FALSE(foreign.has_value());
  EXPECT_THAT(foreign.error().message, HasSubstr("no interface of this machine has that address"));
}

TEST(ListenUnix, connects_through_a_path) {
  const Folder folder;
  const auto listening = listen_unix(folder.file("s"));
  ASSERT_TRUE(listening.has_value()) << listening.error().message;
  const Pair pair = connected_pair(*listening);
  EXPECT_EQ(write(pair.far.get(), base::as_bytes("x")).bytes, 1U);
  EXPECT_EQ(peer_address(pair.far.get())->ip(), "");
}

TEST(ListenUnix, replaces_a_socket_file_that_nobody_answers_on) {
  const Folder folder;
  {
    const auto dead = listen_unix(folder.file("s"));
  }
  EXPECT_TRUE(std::filesystem::exists(folder.file("s")));
  EXPECT_TRUE(listen_unix(folder.file("s")).has_value());
}

TEST(ListenUnix, leaves_a_socket_alone_that_is_in_use) {
  const Folder folder;
  const auto alive = listen_unix(folder.file("s"));
  const auto second = listen_unix(folder.file("s"));
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr("is another broker running?"));
  EXPECT_TRUE(std::filesystem::exists(folder.file("s")));
}

TEST(ListenUnix, leaves_a_file_alone_that_is_no_socket) {
  const Folder folder;
  std::ofstream(folder.file("s")) << "precious";
  const auto listening = listen_unix(folder.file("s"));
  ASSERT_FALSE(listening.has_value());
  EXPECT_THAT(listening.error().message, HasSubstr("not a socket"));
  EXPECT_TRUE(std::filesystem::exists(folder.file("s")));
}

// A port on which nobody listens: bound, so that nobody else gets it, and not listening.
struct DeadPort {
  Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  SocketAddress address() {
    const auto any = SocketAddress::from_numbers("127.0.0.1", 0).value();
    EXPECT_TRUE(local_address(fd.get())->port() != 0 ||
                ::bind(fd.get(), any.raw(), any.length()) == 0);
    return *local_address(fd.get());
  }
};

constexpr base::Instant start_time{seconds(1000)};

Connecting drive(Connector& connector, EventLoop& loop, base::Instant now) {
  Connecting state = connector.start(now);
  while (state == Connecting::in_progress) {
    loop.wait(base::Duration::max(), [&](std::uint64_t token, Ready) {
      EXPECT_EQ(token, 5U);
      state = connector.on_ready(now);
    });
  }
  return state;
}

TEST(Connector, goes_on_to_the_next_address_when_one_refuses) {
  auto loop = EventLoop::create().value();
  const Listening listening = listen_on_loopback();
  DeadPort dead;
  Connector connector(*loop, 5, {dead.address(), listening.address}, start_time + seconds(10));
  ASSERT_EQ(drive(connector, *loop, start_time), Connecting::connected);
  EXPECT_EQ(connector.peer().text(), listening.address.text());
  const Fd fd = connector.take();
  EXPECT_EQ(connect_error(fd.get()), 0);
  EXPECT_EQ(loop->watches(), 0U);
}

TEST(Connector, says_why_the_last_address_failed) {
  auto loop = EventLoop::create().value();
  DeadPort dead;
  Connector connector(*loop, 5, {dead.address()}, start_time + seconds(10));
  ASSERT_EQ(drive(connector, *loop, start_time), Connecting::failed);
  EXPECT_EQ(connector.failure().code, ECONNREFUSED);
  EXPECT_EQ(connector.failure().message,
            "connecting to " + dead.address().text() + ": Connection refused");
  EXPECT_EQ(loop->watches(), 0U);
}

TEST(Connector, binds_the_local_address_it_was_given) {
  auto loop = EventLoop::create().value();
  const Listening listening = listen_on_loopback();
  Connector connector(*loop, 5, {listening.address}, base::Instant::never(),
                      SocketAddress::from_numbers("127.0.0.2", 0));
  ASSERT_EQ(drive(connector, *loop, start_time), Connecting::connected);
  wait_for(listening.fd.get(), {.read = true});
  EXPECT_EQ(accept(listening.fd.get()).peer.ip(), "127.0.0.2");
}

// The loop is never asked, so neither attempt is ever decided: only time moves.
TEST(Connector, gives_each_address_its_share_of_the_time_and_then_gives_up) {
  auto loop = EventLoop::create().value();
  const Listening listening = listen_on_loopback();
  Connector connector(*loop, 5, {listening.address, listening.address}, start_time + seconds(10));
  ASSERT_EQ(connector.start(start_time), Connecting::in_progress);
  EXPECT_EQ(connector.deadline(), start_time + seconds(5));
  EXPECT_EQ(connector.advance(start_time + seconds(4)), Connecting::in_progress);
  EXPECT_EQ(connector.advance(start_time + seconds(5)), Connecting::in_progress);
  EXPECT_EQ(connector.deadline(), start_time + seconds(10));
  EXPECT_EQ(connector.advance(start_time + seconds(10)), Connecting::failed);
  EXPECT_EQ(connector.failure().code, ETIMEDOUT);
  EXPECT_TRUE(connector.deadline().is_never());
}

TEST(EventLoop, wakes_for_a_listening_socket_that_several_loops_share) {
  const Listening listening = listen_on_loopback();
  auto first = EventLoop::create().value();
  auto second = EventLoop::create().value();
  ASSERT_TRUE(first->add_shared(listening.fd.get(), 1).has_value());
  ASSERT_TRUE(second->add_shared(listening.fd.get(), 2).has_value());
  const Fd near = start_connect(listening.address).value();
  wait_for(listening.fd.get(), {.read = true});
  int delivered = 0;
  for (EventLoop* loop : {first.get(), second.get()}) {
    delivered += loop->wait(base::Duration::zero(), [](std::uint64_t, Ready) {});
  }
  EXPECT_GE(delivered, 1);
}

}  // namespace
}  // namespace runtime
