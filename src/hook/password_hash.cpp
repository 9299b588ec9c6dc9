#include "hook/password_hash.h"

#include <argon2.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include "base/assert.h"
#include "hook/file_text.h"

namespace hook {
namespace {

using Octets = std::vector<std::uint8_t>;
using HashResult = base::Result<PasswordHash, std::string>;
using Fields = std::vector<std::string_view>;

constexpr std::size_t sha512_size = 64;
constexpr std::size_t argon2_salt_min = 8;
constexpr std::size_t argon2_digest_min = 16;
constexpr std::size_t argon2_field_max = 256;
constexpr std::size_t argon2_digest_size = 32;  // What RFC 9106, section 4, recommends.

std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// With or without the padding. OpenSSL's decoder skips white space and counts padding as bytes, so
// both are dealt with here.
std::optional<Octets> parse_base64(std::string_view text) {
  const std::string_view digits = text.substr(0, text.find('='));
  const std::string_view padding = text.substr(digits.size());
  if (!padding.empty() && padding != "=" && padding != "==") return std::nullopt;
  if (digits.find_first_not_of(base64_digits) != std::string_view::npos || digits.size() % 4 == 1)
    return std::nullopt;
  Octets quads(digits.begin(), digits.end());
  quads.resize((digits.size() + 3) / 4 * 4, '=');
  Octets octets(quads.size() / 4 * 3);
  const int decoded = EVP_DecodeBlock(octets.data(), quads.data(), static_cast<int>(quads.size()));
  if (decoded < 0) return std::nullopt;
  octets.resize(digits.size() * 3 / 4);
  return octets;
}

std::string to_base64(const Octets& octets) {
  Octets text((octets.size() + 2) / 3 * 4 + 1);  // The encoder adds a null.
  const int size = EVP_EncodeBlock(text.data(), octets.data(), static_cast<int>(octets.size()));
  return std::string(base::as_text(std::span(text).first(static_cast<std::size_t>(size))));
}

std::string to_unpadded_base64(const Octets& octets) {
  const std::string text = to_base64(octets);
  return text.substr(0, text.find('='));
}

base::Error<std::string> out_of_range(std::string_view what, std::uint64_t found, std::uint64_t low,
                                      std::uint64_t high) {
  return base::Error{
      fmt::format("{} {} is out of range: {} to {} are allowed", what, found, low, high)};
}

base::Result<void, std::string> check_argon2(const HashRecipe& recipe) {
  if (recipe.iterations < 1 || recipe.iterations > argon2_passes_max) {
    return out_of_range("Argon2 passes (t)", recipe.iterations, 1, argon2_passes_max);
  }
  if (recipe.lanes < 1 || recipe.lanes > argon2_lanes_max) {
    return out_of_range("Argon2 lanes (p)", recipe.lanes, 1, argon2_lanes_max);
  }
  const std::uint64_t memory_max = std::min<std::uint64_t>(
      argon2_memory_kib_max, argon2_memory_kib_times_passes_max / recipe.iterations);
  const std::uint64_t memory_min = std::uint64_t{8} * recipe.lanes;  // RFC 9106, section 3.1.
  if (recipe.memory_kib < memory_min || recipe.memory_kib > memory_max) {
    return out_of_range("Argon2 memory (m)", recipe.memory_kib, memory_min, memory_max);
  }
  return {};
}

base::Result<void, std::string> check_recipe(const HashRecipe& recipe) {
  switch (recipe.algorithm) {
    case HashAlgorithm::sha512:
      return {};
    case HashAlgorithm::sha512_pbkdf2:
      if (recipe.iterations >= 1 && recipe.iterations <= pbkdf2_iterations_max) return {};
      return out_of_range("PBKDF2 iterations", recipe.iterations, 1, pbkdf2_iterations_max);
    case HashAlgorithm::argon2id:
      return check_argon2(recipe);
  }
  UNREACHABLE();
}

base::Result<void, std::string> check_sizes(HashAlgorithm algorithm, std::size_t salt,
                                            std::size_t digest) {
  if (algorithm != HashAlgorithm::argon2id) {
    if (salt != 12 && salt != 64)
      return base::Error{fmt::format("the salt has {} bytes: 12 or 64 are allowed", salt)};
    if (digest != sha512_size) return out_of_range("hash size", digest, sha512_size, sha512_size);
    return {};
  }
  if (salt < argon2_salt_min || salt > argon2_field_max)
    return out_of_range("salt size", salt, argon2_salt_min, argon2_field_max);
  if (digest < argon2_digest_min || digest > argon2_field_max) {
    return out_of_range("hash size", digest, argon2_digest_min, argon2_field_max);
  }
  return {};
}

HashResult finish(const HashRecipe& recipe, std::string_view salt_text,
                  std::string_view digest_text) {
  if (const auto checked = check_recipe(recipe); !checked) return base::Error{checked.error()};
  auto salt = parse_base64(salt_text);
  auto digest = parse_base64(digest_text);
  if (!salt || !digest)
    return base::Error{fmt::format("the {} is not base64", salt ? "hash" : "salt")};
  if (const auto checked = check_sizes(recipe.algorithm, salt->size(), digest->size()); !checked) {
    return base::Error{checked.error()};
  }
  return PasswordHash{recipe, *std::move(salt), *std::move(digest)};
}

HashResult parse_sha512(const Fields& fields) {
  if (fields.size() != 4) return base::Error{std::string("a $6$ hash is written $6$salt$hash")};
  return finish(HashRecipe{HashAlgorithm::sha512, 1, 0, 0}, fields[2], fields[3]);
}

HashResult parse_pbkdf2(const Fields& fields) {
  const auto iterations = fields.size() == 5 ? parse_number(fields[2]) : std::nullopt;
  if (!iterations) return base::Error{std::string("a $7$ hash is written $7$iterations$salt$hash")};
  return finish(HashRecipe{HashAlgorithm::sha512_pbkdf2, *iterations, 0, 0}, fields[3], fields[4]);
}

std::optional<std::uint32_t> parse_parameter(std::string_view text, std::string_view name) {
  if (!text.starts_with(name)) return std::nullopt;
  return parse_number(text.substr(name.size()));
}

HashResult parse_argon2(const Fields& fields) {
  const base::Error shape{
      std::string("an Argon2 hash is written $argon2id$v=19$m=KIB,t=PASSES,p=LANES$salt$hash")};
  if (fields.size() != 6 || fields[2] != "v=19") return shape;
  const Fields parameters = split(fields[3], ',');
  if (parameters.size() != 3) return shape;
  const auto memory = parse_parameter(parameters[0], "m=");
  const auto passes = parse_parameter(parameters[1], "t=");
  const auto lanes = parse_parameter(parameters[2], "p=");
  if (!memory || !passes || !lanes) return shape;
  return finish(HashRecipe{HashAlgorithm::argon2id, *passes, *memory, *lanes}, fields[4],
                fields[5]);
}

bool derive_sha512(base::Bytes password, base::Bytes salt, Octets& digest) {
  Octets input(password.begin(), password.end());
  input.insert(input.end(), salt.begin(), salt.end());
  const int done =
      EVP_Digest(input.data(), input.size(), digest.data(), nullptr, EVP_sha512(), nullptr);
  OPENSSL_cleanse(input.data(), input.size());
  return done == 1;
}

bool derive_pbkdf2(std::uint32_t iterations, base::Bytes password, base::Bytes salt,
                   Octets& digest) {
  return PKCS5_PBKDF2_HMAC(base::as_text(password).data(), static_cast<int>(password.size()),
                           salt.data(), static_cast<int>(salt.size()), static_cast<int>(iterations),
                           EVP_sha512(), static_cast<int>(digest.size()), digest.data()) == 1;
}

// Not argon2id_hash_raw(): that starts a thread a lane. The lanes one after the other give the same
// hash.
bool derive_argon2(const HashRecipe& recipe, base::Bytes password, base::Bytes salt,
                   Octets& digest) {
  Octets password_copy(password.begin(),
                       password.end());  // The library's structs aren't const-correct.
  Octets salt_copy(salt.begin(), salt.end());
  argon2_context context{};
  context.out = digest.data();
  context.outlen = static_cast<std::uint32_t>(digest.size());
  context.pwd = password_copy.data();
  context.pwdlen = static_cast<std::uint32_t>(password_copy.size());
  context.salt = salt_copy.data();
  context.saltlen = static_cast<std::uint32_t>(salt_copy.size());
  context.t_cost = recipe.iterations;
  context.m_cost = recipe.memory_kib;
  context.lanes = recipe.lanes;
  context.threads = 1;
  context.version = ARGON2_VERSION_13;
  const int status = argon2_ctx(&context, Argon2_id);
  OPENSSL_cleanse(password_copy.data(), password_copy.size());
  return status == ARGON2_OK;
}

bool derive(const HashRecipe& recipe, base::Bytes password, base::Bytes salt, Octets& digest) {
  switch (recipe.algorithm) {
    case HashAlgorithm::sha512:
      return derive_sha512(password, salt, digest);
    case HashAlgorithm::sha512_pbkdf2:
      return derive_pbkdf2(recipe.iterations, password, salt, digest);
    case HashAlgorithm::argon2id:
      return derive_argon2(recipe, password, salt, digest);
  }
  UNREACHABLE();
}

}  // namespace

HashRecipe default_recipe(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha512:
      return {algorithm, 1, 0, 0};
    case HashAlgorithm::sha512_pbkdf2:
      return {algorithm, 1'000, 0, 0};
    case HashAlgorithm::argon2id:
      return {algorithm, 1, 47'104, 1};
  }
  UNREACHABLE();
}

std::size_t salt_size(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::argon2id ? 16 : 12;
}

HashResult parse_password_hash(std::string_view text) {
  const Fields fields = split(text, '$');
  const std::string_view kind = fields.size() > 1 && fields[0].empty() ? fields[1] : "";
  if (kind == "6") return parse_sha512(fields);
  if (kind == "7") return parse_pbkdf2(fields);
  if (kind == "argon2id") return parse_argon2(fields);
  return base::Error{std::string("not a password hash: $6$, $7$ and $argon2id$ are allowed")};
}

std::string to_text(const PasswordHash& hash) {
  const HashRecipe& recipe = hash.recipe;
  switch (recipe.algorithm) {
    case HashAlgorithm::sha512:
      return fmt::format("$6${}${}", to_base64(hash.salt), to_base64(hash.digest));
    case HashAlgorithm::sha512_pbkdf2:
      return fmt::format("$7${}${}${}", recipe.iterations, to_base64(hash.salt),
                         to_base64(hash.digest));
    case HashAlgorithm::argon2id:
      return fmt::format("$argon2id$v=19$m={},t={},p={}${}${}", recipe.memory_kib,
                         recipe.iterations, recipe.lanes, to_unpadded_base64(hash.salt),
                         to_unpadded_base64(hash.digest));
  }
  UNREACHABLE();
}

HashResult hash_password(base::Bytes password, const HashRecipe& recipe, base::Bytes salt) {
  const std::size_t digest_size =
      recipe.algorithm == HashAlgorithm::argon2id ? argon2_digest_size : sha512_size;
  if (password.size() > password_size_max)
    return out_of_range("password size", password.size(), 0, password_size_max);
  if (const auto checked = check_recipe(recipe); !checked) return base::Error{checked.error()};
  if (const auto checked = check_sizes(recipe.algorithm, salt.size(), digest_size); !checked) {
    return base::Error{checked.error()};
  }
  PasswordHash hash{recipe, Octets(salt.begin(), salt.end()), Octets(digest_size)};
  if (!derive(recipe, password, salt, hash.digest)) {
    return base::Error{std::string("cannot compute the hash: not enough memory")};
  }
  return hash;
}

Verdict verify_password(const PasswordHash& hash, base::Bytes password) {
  if (password.size() > password_size_max) return Verdict::wrong;
  Octets digest(hash.digest.size());
  if (!derive(hash.recipe, password, hash.salt, digest)) return Verdict::failed;
  return CRYPTO_memcmp(digest.data(), hash.digest.data(), digest.size()) == 0 ? Verdict::right
                                                                              : Verdict::wrong;
}

}  // namespace hook
