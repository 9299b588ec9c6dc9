// Topic names and topic filters as text: what is valid, how a shared subscription is written, what
// matches what (MQTT 5, sections 4.7 and 4.8.2). Free functions over views that the wire has
// already found to be UTF-8. Any thread; allocates nothing, remembers nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace topic {

inline constexpr std::size_t text_size_max = 65'535;  // [MQTT-4.7.3-3]
inline constexpr std::size_t levels_max_default = 200;

enum class FilterFault : std::uint8_t {
  none,
  empty,               // [MQTT-4.7.3-1]
  too_long,            // [MQTT-4.7.3-3]
  null_character,      // [MQTT-4.7.3-2]
  misplaced_hash,      // [MQTT-4.7.1-1]
  misplaced_plus,      // [MQTT-4.7.1-2]
  too_many_levels,     // Our own limit: the depth of the trees.
  bad_share_name,      // [MQTT-4.8.2-1], [MQTT-4.8.2-2]
  empty_share_filter,  // [MQTT-4.8.2-2]
};
// One sentence for a Reason String or a log line.
std::string_view explain(FilterFault fault);

// [MQTT-4.7.0-1]
[[nodiscard]] bool is_valid_name(std::string_view name,
                                 std::size_t levels_max = levels_max_default);
// Also takes `$share/name/filter`, whose share name and filter it checks.
[[nodiscard]] FilterFault check_filter(std::string_view filter,
                                       std::size_t levels_max = levels_max_default);
[[nodiscard]] bool has_wildcard(std::string_view filter);

struct SharedFilter {
  std::string_view group;
  std::string_view filter;
};
// Nothing when this is an ordinary filter or a faulty shared one (check_filter tells which).
[[nodiscard]] std::optional<SharedFilter> split_share(std::string_view filter);

// One filter against one name, both valid. Right for one pair; for many filters use an index.
[[nodiscard]] bool matches(std::string_view filter, std::string_view name);

// `for (std::string_view level : levels("a//b"))` gives "a", "", "b".
class Levels final {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    Iterator() = default;
    explicit Iterator(std::string_view text) : rest_(text), at_end_(false) { cut(); }
    std::string_view operator*() const { return level_; }
    Iterator& operator++() {
      if (level_.size() == rest_.size()) {
        *this = Iterator();
      } else {
        rest_.remove_prefix(level_.size() + 1);
        cut();
      }
      return *this;
    }
    bool operator==(const Iterator& other) const {
      return at_end_ == other.at_end_ && rest_.size() == other.rest_.size();
    }

   private:
    void cut() { level_ = rest_.substr(0, rest_.find('/')); }

    std::string_view rest_;
    std::string_view level_;
    bool at_end_ = true;
  };

  explicit Levels(std::string_view text) : text_(text) {}
  Iterator begin() const { return Iterator(text_); }
  Iterator end() const { return {}; }

 private:
  std::string_view text_;
};
inline Levels levels(std::string_view text) {
  return Levels(text);
}
[[nodiscard]] std::size_t level_count(std::string_view text);

}  // namespace topic
