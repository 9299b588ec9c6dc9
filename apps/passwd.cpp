#include "passwd.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "hook/password_edit.h"
#include "hook/password_hash.h"
#include "passwd_file.h"
#include "passwd_prompt.h"

namespace apps {
namespace {

using hook::HashAlgorithm;
using hook::HashRecipe;

constexpr std::string_view usage =
    R"(midge passwd (alias mosquitto_passwd) manages the password files of the broker.

Usage: midge passwd [-H hash] [-I iterations] [-c | -D] passwordfile username
       midge passwd [-H hash] [-I iterations] [-c] -b passwordfile username password
       midge passwd [-H hash] [-I iterations] -U passwordfile
 -b : take the password from the command line, where other users of the machine can see it.
 -c : make a new password file. An existing one is overwritten. With - for the file the line
      goes to standard output.
 -D : delete the user rather than adding one or changing its password.
 -H : the hash: argon2id (the default), sha512-pbkdf2 (what Mosquitto 2.0 reads) or sha512
      (what Mosquitto 1.6 reads; weak).
 -I : iterations of sha512-pbkdf2, 1000 unless told. Without -H, -I means that hash.
 -U : hash the passwords of a file that has them in plain text. Hashed ones stay as they are.
 --help : show this.

Without -b the password is asked for twice, or read as two lines from a pipe.
)";

enum class Action : std::uint8_t { set_password, remove_user, hash_file, show_help };

struct Options {
  Action action = Action::set_password;
  bool is_batch = false;
  bool is_new_file = false;
  std::optional<HashAlgorithm> algorithm;
  std::optional<std::uint32_t> iterations;
  std::string file;
  std::string user;
  std::optional<std::string> password;

  bool to_stdout() const { return is_new_file && file == "-"; }
};

// An empty message: show how the program is used instead.
using OptionsResult = base::Result<Options, std::string>;
using Outcome = base::Result<void, std::string>;
using Arguments = std::vector<std::string_view>;

void print(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
}

int fail(std::string_view message) {
  print(stderr, fmt::format("Error: {}\n", message));
  return 1;
}

Outcome set_algorithm(Options& options, std::string_view name) {
  if (name == "argon2id") {
    options.algorithm = HashAlgorithm::argon2id;
  } else if (name == "sha512-pbkdf2") {
    options.algorithm = HashAlgorithm::sha512_pbkdf2;
  } else if (name == "sha512") {
    options.algorithm = HashAlgorithm::sha512;
  } else {
    return base::Error{fmt::format(
        "Unknown hash type '{}': argon2id, sha512-pbkdf2 and sha512 are allowed", name)};
  }
  return {};
}

Outcome set_iterations(Options& options, std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1) {
    return base::Error{std::string("Number of iterations must be > 0.")};
  }
  if (number > hook::pbkdf2_iterations_max) {
    return base::Error{
        fmt::format("Number of iterations must be at most {}.", hook::pbkdf2_iterations_max)};
  }
  options.iterations = number;
  return {};
}

struct Actions {
  bool creates = false;
  bool deletes = false;
  bool hashes = false;
};

Outcome check_combination(const Options& options, const Actions& given) {
  const auto clash = [](std::string_view a, std::string_view b) {
    return base::Error{fmt::format("{} and {} cannot be used together.", a, b)};
  };
  if (given.creates && given.deletes) return clash("-c", "-D");
  if (given.creates && given.hashes) return clash("-c", "-U");
  if (given.deletes && given.hashes) return clash("-D", "-U");
  if (given.deletes && options.is_batch) return clash("-b", "-D");
  return {};
}

// The options in front; `arguments` keeps what comes after them.
Outcome take_options(Options& options, Actions& given, Arguments& arguments) {
  std::size_t used = 0;
  for (; used < arguments.size(); ++used) {
    const std::string_view argument = arguments[used];
    if (argument == "--help") {
      options.action = Action::show_help;
    } else if (argument == "-b") {
      options.is_batch = true;
    } else if (argument == "-c") {
      given.creates = true;
    } else if (argument == "-D") {
      given.deletes = true;
    } else if (argument == "-U") {
      given.hashes = true;
    } else if (argument == "-H" || argument == "-I") {
      if (++used == arguments.size()) {
        return base::Error{
            fmt::format("{} argument given but not enough other arguments.", argument)};
      }
      const Outcome taken = argument == "-H" ? set_algorithm(options, arguments[used])
                                             : set_iterations(options, arguments[used]);
      if (!taken) return taken;
    } else if (argument.size() > 1 && argument.starts_with('-')) {
      return base::Error{
          fmt::format("Unknown option '{}'. `midge passwd --help` lists them.", argument)};
    } else {
      break;
    }
  }
  arguments.erase(arguments.begin(),
                  std::next(arguments.begin(), static_cast<std::ptrdiff_t>(used)));
  return {};
}

Outcome take_set_arguments(Options& options, const Arguments& arguments) {
  const std::size_t wanted = options.is_batch ? 3 : 2;
  if (options.is_new_file && arguments.size() < wanted) {
    return base::Error{std::string(
        options.is_batch ? "-c argument given but password file, username, or password missing."
                         : "-c argument given but password file or username missing.")};
  }
  if (arguments.size() != wanted) return base::Error{std::string()};
  options.file = arguments[0];
  options.user = arguments[1];
  if (options.is_batch) options.password = arguments[2];
  if (options.password && options.password->size() > hook::password_size_max) {
    return base::Error{std::string("Password must be less than 65536 characters long.")};
  }
  return hook::check_user_name(options.user);
}

Outcome take_arguments(Options& options, const Arguments& arguments) {
  switch (options.action) {
    case Action::show_help:
      return {};
    case Action::set_password:
      return take_set_arguments(options, arguments);
    case Action::remove_user:
      if (arguments.size() < 2)
        return base::Error{std::string("-D argument given but password file or username missing.")};
      options.file = arguments[0];
      options.user = arguments[1];
      return hook::check_user_name(options.user);
    case Action::hash_file:
      if (arguments.size() != 1)
        return base::Error{std::string("-U argument given but password file missing.")};
      options.file = arguments[0];
      return {};
  }
  return {};
}

OptionsResult parse_options(Arguments arguments) {
  if (arguments.empty()) return base::Error{std::string()};
  Options options;
  Actions given;
  if (const Outcome taken = take_options(options, given, arguments); !taken)
    return base::Error{taken.error()};
  if (const Outcome checked = check_combination(options, given); !checked)
    return base::Error{checked.error()};
  options.is_new_file = given.creates;
  if (options.action != Action::show_help) {
    if (given.deletes) options.action = Action::remove_user;
    if (given.hashes) options.action = Action::hash_file;
  }
  if (const Outcome taken = take_arguments(options, arguments); !taken)
    return base::Error{taken.error()};
  return options;
}

// -I alone means the hash that has iterations: that is Mosquitto's default, which scripts with -I
// count on.
HashRecipe recipe_for(const Options& options) {
  const auto unless_named =
      options.iterations ? HashAlgorithm::sha512_pbkdf2 : HashAlgorithm::argon2id;
  HashRecipe recipe = hook::default_recipe(options.algorithm.value_or(unless_named));
  if (!options.iterations) return recipe;
  if (recipe.algorithm == HashAlgorithm::sha512_pbkdf2) {
    recipe.iterations = *options.iterations;
  } else {
    print(stderr, "Warning: -I only counts for sha512-pbkdf2, it is ignored here.\n");
  }
  return recipe;
}

base::Result<std::string, std::string> fresh_hash(const HashRecipe& recipe, base::Bytes password) {
  std::vector<std::uint8_t> salt(hook::salt_size(recipe.algorithm));
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) {
    return base::Error{std::string("Unable to draw random numbers for the salt.")};
  }
  const auto hash = hook::hash_password(password, recipe, salt);
  if (!hash) return base::Error{fmt::format("Unable to hash password: {}.", hash.error())};
  return hook::to_text(*hash);
}

int finish(const Outcome& done) {
  return done ? 0 : fail(done.error());
}

int create(const Options& options, std::string_view hash) {
  const std::string line = fmt::format("{}:{}\n", options.user, hash);
  if (options.to_stdout()) {
    print(stdout, line);
    return std::fflush(stdout) == 0 ? 0 : fail("Unable to write to standard output.");
  }
  print(stdout, fmt::format("Adding password for user {}\n", options.user));
  return finish(create_file(options.file, line));
}

int update(const Options& options, std::string_view hash) {
  const auto edit = [&](std::string_view text) -> base::Result<std::string, std::string> {
    auto edited = hook::with_user(text, options.user, hash);
    if (!edited) return base::Error{edited.error()};
    print(stdout, fmt::format("{} password for user {}\n", edited->found ? "Updating" : "Adding",
                              options.user));
    return std::move(edited->text);
  };
  return finish(edit_file(options.file, edit));
}

// A missing file is said before anybody types a password for it.
Outcome check_editable(const Options& options) {
  if (options.is_new_file) return {};
  return edit_file(options.file,
                   [](std::string_view text) -> base::Result<std::string, std::string> {
                     return std::string(text);
                   });
}

int set_password(const Options& options) {
  if (const Outcome checked = check_editable(options); !checked) return fail(checked.error());
  std::string password = options.password.value_or("");
  if (!options.password) {
    auto typed = ask_new_password(options.to_stdout() ? stderr : stdout);
    if (!typed) {
      fail(typed.error().message);
      return typed.error().exit_status;
    }
    password = std::move(*typed);
  }
  const auto hash = fresh_hash(recipe_for(options), base::as_bytes(password));
  if (!hash) return fail(hash.error());
  return options.is_new_file ? create(options, *hash) : update(options, *hash);
}

int remove_user(const Options& options) {
  bool found = false;
  const Outcome done =
      edit_file(options.file, [&](std::string_view text) -> base::Result<std::string, std::string> {
        auto edited = hook::without_user(text, options.user);
        if (!edited) return base::Error{edited.error()};
        found = edited->found;
        return std::move(edited->text);
      });
  if (!done) return fail(done.error());
  if (found) return 0;
  print(stderr, fmt::format("Warning: User {} not found in password file.\n", options.user));
  return 1;
}

int hash_file(const Options& options) {
  const HashRecipe recipe = recipe_for(options);
  const auto hasher = [&recipe](base::Bytes password) { return fresh_hash(recipe, password); };
  return finish(edit_file(options.file, [&](std::string_view text) {
    return hook::with_hashed_passwords(text, hasher);
  }));
}

}  // namespace

int passwd_main(int argc, char** argv) {
  const auto options = parse_options(Arguments(argv + (argc > 0 ? 1 : 0), argv + argc));
  if (!options) {
    if (!options.error().empty()) return fail(options.error());
    print(stdout, usage);
    return 1;
  }
  switch (options->action) {
    case Action::show_help:
      print(stdout, usage);
      return 0;
    case Action::set_password:
      return set_password(*options);
    case Action::remove_user:
      return remove_user(*options);
    case Action::hash_file:
      return hash_file(*options);
  }
  return 1;
}

}  // namespace apps
