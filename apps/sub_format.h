// The output format of `midge sub -F`: compiled once, then applied to each message. Text in, text
// out; the time is an argument, only the time zone is the process's.
//
//   %X      a field of the message:  %[0][-][width][.precision]X
//   @X      strftime's %X; @N are the nanoseconds
//   \X      a character that is hard to type
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/message.h"

namespace apps {

class Format final {
 public:
  // How a field is laid out.
  struct Layout {
    bool left = false;
    bool zeros = false;
    std::uint32_t width = 0;
    std::int32_t precision = -1;  // Negative: none.
    char separator = ' ';         // Between groups of hexadecimal digits.
  };
  // The error is a sentence without "Error: ".
  static base::Result<Format, std::string> compile(std::string_view text);

  // Appends to `out`. False: a %J met a payload that is no JSON and printed nothing; the rest is
  // there.
  [[nodiscard]] bool print(const midge::Message& message, base::WallTime now, bool pretty,
                           std::string& out) const;

 private:
  enum class Kind : std::uint8_t { text, field, time };
  struct Piece {
    Kind kind = Kind::text;
    char letter = 0;
    Layout layout{};
    std::string text{};
  };
  struct Reader;

  std::vector<Piece> pieces_;
};

}  // namespace apps
