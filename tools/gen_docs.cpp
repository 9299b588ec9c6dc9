// midge_gen_docs: writes the documents that are made from the option declarations, or checks that
// the written one is up to date (what the test docs_options does).
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "config/reference.h"

namespace {

constexpr std::string_view usage =
    "usage: midge_gen_docs --write FILE | --check FILE | --markdown | --man | --example\n";

int print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}

int write(const char* path) {
  std::ofstream out(path, std::ios::binary);
  out << config::option_reference_markdown() << std::flush;
  if (out) return 0;
  std::fprintf(stderr, "%s: can't be written\n", path);
  return 1;
}

int check(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text == config::option_reference_markdown()) return 0;
  std::fprintf(stderr,
               "%s: not what the declarations in src/config say; run: midge_gen_docs --write %s\n",
               path, path);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "--write" && argc == 3) return write(argv[2]);
  if (verb == "--check" && argc == 3) return check(argv[2]);
  if (verb == "--markdown") return print(config::option_reference_markdown());
  if (verb == "--man") return print(config::man_page());
  if (verb == "--example") return print(config::example_config());
  std::fputs(usage.data(), stderr);
  return 1;
}
