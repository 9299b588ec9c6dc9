// The options of `midge pub` and `midge sub`, one row each: names, values, who has it, what reads
// it, what --help says. Parser and help derive from the table. Constant data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "client_options.h"

namespace apps {

enum class Tools : std::uint8_t { pub = 1, sub = 2, both = 3 };

struct OptionRow {
  // Of the option's own values, as many as values_of() says.
  using Handler = Outcome (*)(ClientOptions& options, Arguments values);

  std::string_view short_name{};
  std::string_view long_name{};
  std::string_view value{};  // As the help names it; empty: the option takes none.
  Tools tools = Tools::both;
  Handler handle = nullptr;    // Null for what is not there yet: see `missing`.
  std::string_view lacks{};    // The error when the value is left out.
  std::string_view help{};     // Lines separated by \n. Empty: not in the help.
  std::string_view missing{};  // Why midge refuses the option.
};

std::span<const OptionRow> option_rows();

bool is_for(const OptionRow& row, Tool tool);
const OptionRow* find_option(std::string_view name, Tool tool);

// How many values follow, given what does follow: -D takes three or four.
std::size_t values_of(const OptionRow& row, Arguments rest);

}  // namespace apps
