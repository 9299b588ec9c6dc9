// How the type of an option is written in a configuration file. Pure; knows no option by name.
//
// For each T: read and write one value, what kind of text that is ("true or false"), and whether
// the value is the whole rest of the line (numbers and words are one token, what follows it is
// ignored). Types that grow line by line have add and lines in place of read and write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/value.h"

namespace config {

template <class T>
struct Syntax;

template <>
struct Syntax<bool> {
  static constexpr bool whole_line = false;
  static Read<bool> read(std::string_view text);
  static std::string write(const bool& value);
  static std::string kind();
};

template <>
struct Syntax<std::optional<bool>> {
  static constexpr bool whole_line = false;
  static Read<std::optional<bool>> read(std::string_view text);
  static std::string write(const std::optional<bool>& value);
  static std::string kind();
};

template <>
struct Syntax<std::uint8_t> {
  static constexpr bool whole_line = false;
  static Read<std::uint8_t> read(std::string_view text);
  static std::string write(const std::uint8_t& value);
  static std::string kind();
};

template <>
struct Syntax<std::uint16_t> {
  static constexpr bool whole_line = false;
  static Read<std::uint16_t> read(std::string_view text);
  static std::string write(const std::uint16_t& value);
  static std::string kind();
};

template <>
struct Syntax<Seconds> {
  static constexpr bool whole_line = false;
  static Read<Seconds> read(std::string_view text);
  static std::string write(const Seconds& value);
  static std::string kind();
};

template <>
struct Syntax<Minutes> {
  static constexpr bool whole_line = false;
  static Read<Minutes> read(std::string_view text);
  static std::string write(const Minutes& value);
  static std::string kind();
};

template <>
struct Syntax<ByteSize> {
  static constexpr bool whole_line = false;
  static Read<ByteSize> read(std::string_view text);
  static std::string write(const ByteSize& value);
  static std::string kind();
};

template <>
struct Syntax<ByteLimit> {
  static constexpr bool whole_line = false;
  static Read<ByteLimit> read(std::string_view text);
  static std::string write(const ByteLimit& value);
  static std::string kind();
};

template <>
struct Syntax<ZeroIsOff> {
  static constexpr bool whole_line = false;
  static Read<ZeroIsOff> read(std::string_view text);
  static std::string write(const ZeroIsOff& value);
  static std::string kind();
};

template <>
struct Syntax<MinusOneIsOff> {
  static constexpr bool whole_line = false;
  static Read<MinusOneIsOff> read(std::string_view text);
  static std::string write(const MinusOneIsOff& value);
  static std::string kind();
};

template <>
struct Syntax<ExpiryCap> {
  static constexpr bool whole_line = false;
  static Read<ExpiryCap> read(std::string_view text);
  static std::string write(const ExpiryCap& value);
  static std::string kind();
};

template <>
struct Syntax<QueueFullPolicy> {
  static constexpr bool whole_line = false;
  static Read<QueueFullPolicy> read(std::string_view text);
  static std::string write(const QueueFullPolicy& value);
  static std::string kind();
};

template <>
struct Syntax<Protocol> {
  static constexpr bool whole_line = false;
  static Read<Protocol> read(std::string_view text);
  static std::string write(const Protocol& value);
  static std::string kind();
};

template <>
struct Syntax<SocketDomain> {
  static constexpr bool whole_line = false;
  static Read<SocketDomain> read(std::string_view text);
  static std::string write(const SocketDomain& value);
  static std::string kind();
};

template <>
struct Syntax<LogFacility> {
  static constexpr bool whole_line = false;
  static Read<LogFacility> read(std::string_view text);
  static std::string write(const LogFacility& value);
  static std::string kind();
};

template <>
struct Syntax<std::string> {
  static constexpr bool whole_line = true;
  static Read<std::string> read(std::string_view text);
  static std::string write(const std::string& value);
  static std::string kind();
};

template <>
struct Syntax<Path> {
  static constexpr bool whole_line = true;
  static Read<Path> read(std::string_view text);
  static std::string write(const Path& value);
  static std::string kind();
};

template <>
struct Syntax<Endpoint> {
  static constexpr bool whole_line = true;
  static Read<Endpoint> read(std::string_view text);
  static std::string write(const Endpoint& value);
  static std::string kind();
};

template <>
struct Syntax<ProtocolVersions> {
  static constexpr bool whole_line = true;
  static Read<ProtocolVersions> read(std::string_view text);
  static std::string write(const ProtocolVersions& value);
  static std::string kind();
};

template <>
struct Syntax<LogTypes> {
  static constexpr bool whole_line = true;
  static base::Result<void, BadValue> add(LogTypes& so_far, std::string_view text);
  static std::vector<std::string> lines(const LogTypes& value);
  static std::string kind();
};

template <>
struct Syntax<LogDestinations> {
  static constexpr bool whole_line = true;
  static base::Result<void, BadValue> add(LogDestinations& so_far, std::string_view text);
  static std::vector<std::string> lines(const LogDestinations& value);
  static std::string kind();
};

}  // namespace config
