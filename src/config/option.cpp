#include "config/option.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/syntax.h"

namespace config {

std::string_view name_of(Reload reload) {
  switch (reload) {
    case Reload::live:
      return "live";
    case Reload::new_connections:
      return "new connections";
    case Reload::restart:
      return "restart";
  }
  UNREACHABLE();
}

std::string_view title_of(Section section) {
  switch (section) {
    case Section::general:
      return "General";
    case Section::security:
      return "Security";
    case Section::limits:
      return "Limits";
    case Section::sessions:
      return "Sessions and messages";
    case Section::logging:
      return "Logging";
    case Section::listeners:
      return "Listeners";
  }
  UNREACHABLE();
}

OptionBase* OptionSet::find(std::string_view name) const {
  for (OptionBase* option : options_) {
    const auto& aliases = option->about.aliases;
    if (option->about.name == name) return option;
    if (std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return option;
  }
  return nullptr;
}

void copy_given(const OptionSet& from, OptionSet& to) {
  ASSERT(from.options().size() == to.options().size());
  for (std::size_t i = 0; i < from.options().size(); ++i) {
    if (!from.options()[i]->is_given()) continue;
    to.options()[i]->reset();
    for (const std::string& line : from.options()[i]->lines()) {
      const auto assigned = to.options()[i]->assign(line);
      ASSERT(assigned.has_value());
    }
  }
}

namespace {

// What a limit that may be off is "within" whatever its bounds: bounds are about the number.
template <class T>
bool is_switched_off(const T& value) {
  if constexpr (requires { value.is_off(); }) return value.is_off();
  return false;
}

template <class T>
std::string_view text_in(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) return value;
  if constexpr (std::is_same_v<T, Path>) return value.text;
  return {};
}

std::optional<BadValue> fault_in_text(std::string_view text, const About& about) {
  if (text.size() > about.length_max) {
    return BadValue{{},
                    fmt::format("is {} bytes long; allowed are {}", text.size(), about.length_max)};
  }
  const auto at = text.find_first_of(about.forbidden);
  if (at == std::string_view::npos) return std::nullopt;
  return BadValue{{}, fmt::format("has a \"{}\" in it, which is not allowed there", text[at])};
}

template <class T>
constexpr bool grows = requires(T& so_far) { Syntax<T>::add(so_far, std::string_view{}); };
template <class T>
constexpr bool is_ordered = requires(const T& a, const T& b) { a < b; };

}  // namespace

template <class T>
bool Option<T>::is_within_bounds(const T& value) const {
  if constexpr (is_ordered<T>) {
    if (bounds_ && !is_switched_off(value))
      return !(value < bounds_->low) && !(bounds_->high < value);
  }
  return true;
}

template <class T>
base::Result<void, BadValue> Option<T>::assign(std::string_view text) {
  if constexpr (grows<T>) {
    T next = given_ ? value_ : T{};  // The first line replaces the default, more add to it.
    const auto added = Syntax<T>::add(next, text);
    if (!added) return base::Error{BadValue{allowed(), added.error().instead}};
    set(std::move(next));
  } else {
    const auto value = Syntax<T>::read(text);
    if (!value) return base::Error{BadValue{allowed(), value.error().instead}};
    if (!is_within_bounds(*value)) return base::Error{BadValue{allowed(), {}}};
    if (auto fault = fault_in_text(text_in(*value), about)) return base::Error{std::move(*fault)};
    set(*value);
  }
  return {};
}

template <class T>
std::string Option<T>::allowed() const {
  if constexpr (!grows<T>) {
    if (bounds_) {
      return fmt::format("{} from {} to {}", Syntax<T>::kind(), Syntax<T>::write(bounds_->low),
                         Syntax<T>::write(bounds_->high));
    }
  }
  return Syntax<T>::kind();
}

template <class T>
bool Option<T>::takes_whole_line() const {
  return Syntax<T>::whole_line;
}

template <class T>
Repeat Option<T>::repeat() const {
  if (about.repeat) return *about.repeat;
  if constexpr (grows<T>) return Repeat::adds;
  return Syntax<T>::whole_line ? Repeat::error : Repeat::last_wins;
}

template <class T>
std::vector<std::string> Option<T>::lines_of(const T& value) {
  if constexpr (grows<T>) {
    return Syntax<T>::lines(value);
  } else {
    std::string text = Syntax<T>::write(value);
    if (text.empty()) return {};
    return {std::move(text)};
  }
}

template class Option<bool>;
template class Option<std::optional<bool>>;
template class Option<std::uint8_t>;
template class Option<std::uint16_t>;
template class Option<Seconds>;
template class Option<Minutes>;
template class Option<ByteSize>;
template class Option<ByteLimit>;
template class Option<ZeroIsOff>;
template class Option<MinusOneIsOff>;
template class Option<ExpiryCap>;
template class Option<QueueFullPolicy>;
template class Option<Protocol>;
template class Option<SocketDomain>;
template class Option<LogFacility>;
template class Option<std::string>;
template class Option<Path>;
template class Option<Endpoint>;
template class Option<ProtocolVersions>;
template class Option<LogTypes>;
template class Option<LogDestinations>;

}  // namespace config
