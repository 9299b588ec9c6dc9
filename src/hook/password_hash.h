// Password hashes as they stand in a password file: `$6$` (SHA-512), `$7$` (PBKDF2-HMAC-SHA512) and
// `$argon2id$`. Plain values and pure functions: any thread may call them at once, and none draws
// random numbers (the salt is an argument). Hashing is slow on purpose (milliseconds, and memory
// for Argon2), so the broker calls it on its worker pool only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace hook {

enum class HashAlgorithm : std::uint8_t { sha512, sha512_pbkdf2, argon2id };

// Bounds on what one line may cost whoever checks a password: about two seconds or 1 GiB.
inline constexpr std::uint32_t pbkdf2_iterations_max = 5'000'000;
inline constexpr std::uint32_t argon2_passes_max = 64;
inline constexpr std::uint32_t argon2_memory_kib_max = 1'048'576;
inline constexpr std::uint64_t argon2_memory_kib_times_passes_max = 2'097'152;
inline constexpr std::uint32_t argon2_lanes_max = 64;
inline constexpr std::size_t password_size_max = 65'535;  // Binary Data, section 1.5.6 of MQTT 5.0.

// What decides how long a check takes. `memory_kib` and `lanes` are Argon2's and 0 for the others.
struct HashRecipe {
  HashAlgorithm algorithm = HashAlgorithm::argon2id;
  std::uint32_t iterations = 1;  // PBKDF2 rounds or Argon2 passes; SHA-512 has one round.
  std::uint32_t memory_kib = 0;
  std::uint32_t lanes = 0;

  bool operator==(const HashRecipe&) const = default;
  template <class H>
  friend H AbslHashValue(H state, const HashRecipe& recipe) {
    return H::combine(std::move(state), recipe.algorithm, recipe.iterations, recipe.memory_kib,
                      recipe.lanes);
  }
};

// What Mosquitto 2.1 writes: 1,000 rounds, or 46 MiB in one pass and one lane.
HashRecipe default_recipe(HashAlgorithm algorithm);
// Bytes of salt to draw for a new hash. 12 for the older two: Mosquitto 2.0 reads no other length.
std::size_t salt_size(HashAlgorithm algorithm);

struct PasswordHash {
  HashRecipe recipe;
  std::vector<std::uint8_t> salt;
  std::vector<std::uint8_t> digest;

  bool operator==(const PasswordHash&) const = default;
};

// The error says what is wrong without repeating the text, which may be somebody's password.
base::Result<PasswordHash, std::string> parse_password_hash(std::string_view text);
std::string to_text(const PasswordHash& hash);

base::Result<PasswordHash, std::string> hash_password(base::Bytes password,
                                                      const HashRecipe& recipe, base::Bytes salt);

// `failed`: the hash could not be computed (no memory for Argon2). Refuse, and say so in the log.
enum class Verdict : std::uint8_t { right, wrong, failed };
Verdict verify_password(const PasswordHash& hash, base::Bytes password);

}  // namespace hook
