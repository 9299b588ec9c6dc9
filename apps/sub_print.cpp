#include "sub_print.h"

#include <fmt/format.h>

namespace apps {
namespace {

// Those of the sixteen that can be read on black and on white. The same topic always has the same:
// FNV-1a, not std::hash, which may differ from run to run.
int colour_of(std::string_view topic) {
  constexpr int colours[] = {31, 32, 33, 34, 35, 36, 91, 92, 94, 95};
  std::uint32_t hash = 2'166'136'261U;
  for (const char c : topic) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  return colours[hash % std::size(colours)];
}

// An empty message prints nothing by itself, and "(null)" behind its topic.
void print_plain(const midge::Message& message, const SubscribeRequest& request, std::string& out) {
  if (request.verbose) {
    if (message.payload.empty() && request.no_end_of_line) return;
    out += message.topic;
    out += ' ';
    out += message.payload.empty() ? std::string_view{"(null)"} : message.text();
    return;
  }
  out += message.text();
}

bool prints_nothing(const midge::Message& message, const SubscribeRequest& request) {
  return !request.format && !request.verbose && message.payload.empty();
}

}  // namespace

bool print_message(const midge::Message& message, const SubscribeRequest& request,
                   base::WallTime now, Colours colours, std::string& out) {
  if (prints_nothing(message, request)) return true;
  bool complete = true;
  if (colours == Colours::on) out += fmt::format("\033[{}m", colour_of(message.topic));
  if (request.format) {
    complete = request.format->print(message, now, request.pretty, out);
  } else {
    print_plain(message, request, out);
  }
  if (colours == Colours::on) out += "\033[0m";
  if (!request.no_end_of_line) out += '\n';
  return complete;
}

}  // namespace apps
