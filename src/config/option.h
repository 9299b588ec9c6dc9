// One declaration an option: name, type, default, bounds, when a change takes effect, and
// documentation. Parser, reference, man page, sample file and reload differences all walk the
// declarations. An OptionSet owns its options, which hold their address: built once by one thread,
// then shared as const.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/result.h"
#include "config/value.h"

namespace config {

// When a changed value takes effect on reload.
enum class Reload : std::uint8_t { live, new_connections, restart };
std::string_view name_of(Reload reload);

enum class Section : std::uint8_t { general, security, limits, sessions, logging, listeners };
std::string_view title_of(Section section);

// What a second line with the same option does.
enum class Repeat : std::uint8_t { error, last_wins, adds };

struct About {
  std::string_view name = {};
  Section section = Section::general;
  Reload reload = Reload::live;
  std::string_view doc = {};
  std::string_view unset = {};       // What holds when it is not set, for values without a text.
  std::string_view deprecated = {};  // What to use instead; said as a warning.
  std::vector<std::string_view> aliases = {};
  bool needs_listener = false;  // Before the first `listener`: an error, not a default listener.
  std::optional<Repeat> repeat = {};  // Else: text is an error, what fits in a token wins last.
  std::size_t length_max = 65'535;    // Bytes of text.
  std::string_view forbidden = {};    // Characters that text may not have.
};

class OptionBase;

class OptionSet {
 public:
  OptionSet() = default;
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;
  const std::vector<OptionBase*>& options() const { return options_; }
  OptionBase* find(std::string_view name_or_alias) const;  // Null: not one of these.

 private:
  friend class OptionBase;
  std::vector<OptionBase*> options_;
};

// Gives `to` what was given to `from`, a set of the same options.
void copy_given(const OptionSet& from, OptionSet& to);

class OptionBase {
 public:
  OptionBase(OptionSet& set, About text) : about(std::move(text)) { set.options_.push_back(this); }
  OptionBase(const OptionBase&) = delete;
  OptionBase& operator=(const OptionBase&) = delete;

  // On an error the option keeps its value.
  virtual base::Result<void, BadValue> assign(std::string_view text) = 0;
  virtual void reset() = 0;                            // Back to the default, as if never given.
  virtual std::vector<std::string> lines() const = 0;  // The value, one entry a line of the file.
  virtual std::vector<std::string> default_lines() const = 0;
  virtual std::string allowed() const = 0;  // "a whole number from 0 to 2"
  virtual bool takes_whole_line() const = 0;
  virtual Repeat repeat() const = 0;

  bool is_given() const { return given_; }
  bool differs_from(const OptionBase& other) const { return lines() != other.lines(); }

  const About about;

 protected:
  ~OptionBase() = default;
  bool given_ = false;
};

template <class T>
struct Between {
  T low;
  T high;
};

template <class T>
class Option final : public OptionBase {
 public:
  Option(OptionSet& set, About text, const T& fallback,
         const std::optional<Between<T>>& bounds = {})
      : OptionBase(set, std::move(text)), value_(fallback), default_(fallback), bounds_(bounds) {}

  const T& operator()() const { return value_; }
  void set(T value) {
    value_ = std::move(value);
    given_ = true;
  }

  base::Result<void, BadValue> assign(std::string_view text) override;
  void reset() override {
    value_ = default_;
    given_ = false;
  }
  std::vector<std::string> lines() const override { return lines_of(value_); }
  std::vector<std::string> default_lines() const override { return lines_of(default_); }
  std::string allowed() const override;
  bool takes_whole_line() const override;
  Repeat repeat() const override;

 private:
  static std::vector<std::string> lines_of(const T& value);
  bool is_within_bounds(const T& value) const;

  T value_;
  const T default_;
  const std::optional<Between<T>> bounds_;
};

// Defined in option.cpp for every type that syntax.h has.
extern template class Option<bool>;
extern template class Option<std::optional<bool>>;
extern template class Option<std::uint8_t>;
extern template class Option<std::uint16_t>;
extern template class Option<Seconds>;
extern template class Option<Minutes>;
extern template class Option<ByteSize>;
extern template class Option<ByteLimit>;
extern template class Option<ZeroIsOff>;
extern template class Option<MinusOneIsOff>;
extern template class Option<ExpiryCap>;
extern template class Option<QueueFullPolicy>;
extern template class Option<Protocol>;
extern template class Option<SocketDomain>;
extern template class Option<LogFacility>;
extern template class Option<std::string>;
extern template class Option<Path>;
extern template class Option<Endpoint>;
extern template class Option<ProtocolVersions>;
extern template class Option<LogTypes>;
extern template class Option<LogDestinations>;

}  // namespace config
