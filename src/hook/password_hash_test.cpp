#include "hook/password_hash.h"

#include <argon2.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>

namespace hook {
namespace {

using testing::HasSubstr;

Verdict verify(std::string_view hash, std::string_view password) {
  const auto parsed = parse_password_hash(hash);
  EXPECT_TRUE(parsed.has_value()) << parsed.error();
  return verify_password(*parsed, base::as_bytes(password));
}

std::string error_of(std::string_view hash) {
  const auto parsed = parse_password_hash(hash);
  return parsed ? "accepted" : parsed.error();
}

struct KnownAnswer {
  std::string_view hash;
  std::string_view password;
};

// Made by mosquitto_passwd 2.0.11, and for Argon2 by the reference implementation's own test suite.
constexpr std::array known_answers{
    KnownAnswer{
        "$7$101$W03AN/SoKhH1VqNw$45IhGZOOlPn4Ab8Io055RfvCIZYD8yCNTX5quBu5d8W76MJ02P53Ly7zRedf1UH"
        "JReWEnWTf07I6MLfGRu43Cg==",
        "correct horse"},
    KnownAnswer{
        "$7$7$40UQ7QVU8M/HiR9W$fKNH6yhtj2ZVHLxLwJVTB1RfzeiaIYzhklxxbbDHwi4HnAvcryYSR79M5el/FBeTH"
        "AP9oDqBGEkIQpZcAOW3yQ==",
        "pässwörd"},
    KnownAnswer{
        "$6$FsaaMBjDmjxc6kgo$dS5h/3QlOaBJP4tr+7T1LrgjJehbpNJV794kQAqkYQCtSpYRfAGiK/Y1jQfjbWF4RBZ"
        "fOV8Z9NbQ6u0w1n7KNw==",
        "x"},
    KnownAnswer{
        "$6$1PcryFjLZMqlq6NZ$pwPrSjPGL3dIb/GibP8wSWS/5KzD97aSzu8/YCGcNScGZFGhMVAcS6O3oaasRhSgqv2"
        "QONOHiIv36jRTftqHKg==",
        "s p a c e"},
    KnownAnswer{
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "password"},
    KnownAnswer{
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "password"},
};

TEST(PasswordHash, AcceptsThePasswordThatOtherToolsHashed) {
  for (const auto& [hash, password] : known_answers) {
    EXPECT_EQ(verify(hash, password), Verdict::right) << hash;
  }
}

TEST(PasswordHash, RefusesEveryOtherPassword) {
  for (const auto& [hash, password] : known_answers) {
    EXPECT_EQ(verify(hash, ""), Verdict::wrong) << hash;
    EXPECT_EQ(verify(hash, std::string(password) + "!"), Verdict::wrong) << hash;
    EXPECT_EQ(verify(hash, password.substr(1)), Verdict::wrong) << hash;
  }
}

TEST(PasswordHash, IsWrittenAsItWasRead) {
  for (const auto& [hash, password] : known_answers) {
    EXPECT_EQ(to_text(*parse_password_hash(hash)), hash);
  }
}

TEST(PasswordHash, ReadsTheReferenceLibrarysEncoding) {
  std::array<char, 512> encoded{};
  const std::string_view salt = "a salt of thirty-two bytes......";
  ASSERT_EQ(argon2id_hash_encoded(3, 64, 4, "secret", 6, salt.data(), salt.size(), 64,
                                  encoded.data(), encoded.size()),
            ARGON2_OK);
  EXPECT_EQ(verify(encoded.data(), "secret"), Verdict::right);
  EXPECT_EQ(verify(encoded.data(), "Secret"), Verdict::wrong);
}

TEST(PasswordHash, OfOursIsVerifiedByTheReferenceLibrary) {
  const HashRecipe recipe{HashAlgorithm::argon2id, 2, 64, 3};
  const auto hash =
      hash_password(base::as_bytes("secret"), recipe, base::as_bytes("0123456789abcdef"));
  ASSERT_TRUE(hash.has_value());
  EXPECT_EQ(argon2id_verify(to_text(*hash).c_str(), "secret", 6), ARGON2_OK);
}

TEST(PasswordHash, CountsBytesAfterANullToo) {
  using std::string_view_literals::operator""sv;
  const HashRecipe recipe{HashAlgorithm::sha512_pbkdf2, 1, 0, 0};
  const auto hash = hash_password(base::as_bytes("a\0b"sv), recipe, base::as_bytes("123456789012"));
  ASSERT_TRUE(hash.has_value());
  EXPECT_EQ(verify_password(*hash, base::as_bytes("a\0b"sv)), Verdict::right);
  EXPECT_EQ(verify_password(*hash, base::as_bytes("a\0c"sv)), Verdict::wrong);
  EXPECT_EQ(verify_password(*hash, base::as_bytes("a")), Verdict::wrong);
}

TEST(PasswordHash, TakesAnEmptyPasswordAsAnyOther) {
  for (const auto algorithm :
       {HashAlgorithm::sha512, HashAlgorithm::sha512_pbkdf2, HashAlgorithm::argon2id}) {
    HashRecipe recipe = default_recipe(algorithm);
    if (algorithm == HashAlgorithm::argon2id) recipe.memory_kib = 8;
    const std::string salt(salt_size(algorithm), 's');
    const auto hash = hash_password({}, recipe, base::as_bytes(salt));
    ASSERT_TRUE(hash.has_value()) << hash.error();
    EXPECT_EQ(verify_password(*hash, {}), Verdict::right);
    EXPECT_EQ(verify_password(*hash, base::as_bytes("x")), Verdict::wrong);
  }
}

TEST(PasswordHash, ReadsTheLongerSaltsOfMosquitto21) {
  const HashRecipe recipe{HashAlgorithm::sha512_pbkdf2, 2, 0, 0};
  const std::string salt(64, 's');
  const auto hash = hash_password(base::as_bytes("pw"), recipe, base::as_bytes(salt));
  ASSERT_TRUE(hash.has_value());
  EXPECT_EQ(verify(to_text(*hash), "pw"), Verdict::right);
}

TEST(PasswordHash, OfAnUnknownKindNamesTheKnownOnes) {
  for (const std::string_view text : {"", "$", "$5$salt$hash", "$2b$10$abc", "plain", "7$1$a$b",
                                      "$argon2i$v=19$m=8,t=1,p=1$a$b"}) {
    EXPECT_THAT(error_of(text), HasSubstr("$6$, $7$ and $argon2id$ are allowed")) << text;
  }
}

TEST(PasswordHash, WithAPieceMissingOrTooManySaysHowItIsWritten) {
  EXPECT_THAT(error_of("$6$salt"), HasSubstr("$6$salt$hash"));
  EXPECT_THAT(error_of("$6$a$b$c"), HasSubstr("$6$salt$hash"));
  EXPECT_THAT(error_of("$7$salt$hash"), HasSubstr("$7$iterations$salt$hash"));
  EXPECT_THAT(error_of("$7$ten$a$b"), HasSubstr("$7$iterations$salt$hash"));
  EXPECT_THAT(error_of("$7$-1$a$b"), HasSubstr("$7$iterations$salt$hash"));
  EXPECT_THAT(error_of("$argon2id$m=8,t=1,p=1$a$b"), HasSubstr("$argon2id$v=19$"));
  EXPECT_THAT(error_of("$argon2id$v=16$m=8,t=1,p=1$a$b"), HasSubstr("$argon2id$v=19$"));
  EXPECT_THAT(error_of("$argon2id$v=19$t=1,m=8,p=1$a$b"), HasSubstr("$argon2id$v=19$"));
  EXPECT_THAT(error_of("$argon2id$v=19$m=8,t=1$a$b"), HasSubstr("$argon2id$v=19$"));
}

TEST(PasswordHash, WithDamagedBase64IsRefused) {
  EXPECT_THAT(error_of("$6$FsaaMBjD!jxc6kgo$AAAA"), HasSubstr("the salt is not base64"));
  EXPECT_THAT(error_of("$6$FsaaMBjDmjxc6kgo$AA AA"), HasSubstr("the hash is not base64"));
  EXPECT_THAT(error_of("$6$FsaaMBjDmjxc6kgo$A===="), HasSubstr("the hash is not base64"));
  EXPECT_THAT(error_of("$6$FsaaMBjDmjxc6kgo$AAAAA"), HasSubstr("the hash is not base64"));
  EXPECT_THAT(error_of("$6$FsaaMBjDmjxc6kgo$AA=A"), HasSubstr("the hash is not base64"));
}

TEST(PasswordHash, WithAnotherSizeOfSaltOrHashIsRefused) {
  EXPECT_THAT(error_of("$6$AAAA$AAAA"), HasSubstr("12 or 64"));
  EXPECT_THAT(error_of("$6$FsaaMBjDmjxc6kgo$AAAA"), HasSubstr("64 to 64"));
  EXPECT_THAT(error_of("$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"), HasSubstr("salt size"));
  EXPECT_THAT(error_of("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA"), HasSubstr("hash size"));
}

// A line of a file may not keep a worker busy for minutes or take the machine's memory.
TEST(PasswordHash, ThatWouldCostTooMuchIsRefusedUncomputed) {
  constexpr std::string_view tail = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  const auto argon2 = [&](std::string_view parameters) {
    return error_of(fmt::format("$argon2id$v=19${}{}", parameters, tail));
  };
  EXPECT_THAT(error_of("$7$5000001$FsaaMBjDmjxc6kgo$AAAA"), HasSubstr("1 to 5000000 are allowed"));
  EXPECT_THAT(error_of("$7$0$FsaaMBjDmjxc6kgo$AAAA"), HasSubstr("1 to 5000000 are allowed"));
  EXPECT_THAT(error_of("$7$99999999999$FsaaMBjDmjxc6kgo$AAAA"),
              HasSubstr("$7$iterations$salt$hash"));
  EXPECT_THAT(argon2("m=1048577,t=1,p=1"), HasSubstr("memory (m) 1048577 is out of range"));
  EXPECT_THAT(argon2("m=1048576,t=3,p=1"), HasSubstr("8 to 699050 are allowed"));
  EXPECT_THAT(argon2("m=8,t=65,p=1"), HasSubstr("passes (t) 65 is out of range"));
  EXPECT_THAT(argon2("m=8,t=0,p=1"), HasSubstr("passes (t) 0"));
  EXPECT_THAT(argon2("m=4096,t=1,p=65"), HasSubstr("lanes (p) 65 is out of range"));
  EXPECT_THAT(argon2("m=15,t=1,p=2"), HasSubstr("16 to 1048576 are allowed"));
}

TEST(PasswordHash, ErrorsNeverRepeatWhatMayBeAPassword) {
  EXPECT_THAT(error_of("hunter2"), testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(error_of("$7$hunter2$hunter2$hunter2"), testing::Not(HasSubstr("hunter2")));
}

TEST(PasswordHash, IsNotMadeOfAnOversizedPasswordOrAnUnreadableSalt) {
  const std::string oversized(password_size_max + 1, 'x');
  const HashRecipe recipe = default_recipe(HashAlgorithm::sha512);
  EXPECT_FALSE(
      hash_password(base::as_bytes(oversized), recipe, base::as_bytes("123456789012")).has_value());
  EXPECT_FALSE(hash_password(base::as_bytes("x"), recipe, base::as_bytes("short")).has_value());
  EXPECT_EQ(verify(known_answers[0].hash, oversized), Verdict::wrong);
}

RC_GTEST_PROP(PasswordHash, SurvivesAnyBytes, (const std::string& text)) {
  const auto parsed = parse_password_hash(text);
  if (parsed) RC_ASSERT(!to_text(*parsed).empty());
}

// Mutations of a valid hash reach deeper into the parser than random text.
RC_GTEST_PROP(PasswordHash, SurvivesAnyDamage, ()) {
  std::string text((*rc::gen::elementOf(known_answers)).hash);
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  text.replace(at, *rc::gen::inRange<std::size_t>(0, 4), *rc::gen::arbitrary<std::string>());
  const auto parsed = parse_password_hash(text);
  if (parsed) RC_ASSERT(*parse_password_hash(to_text(*parsed)) == *parsed);
}

RC_GTEST_PROP(PasswordHash, OfAnySmallRecipeVerifiesItsOwnPasswordOnly,
              (const std::string& password)) {
  const auto algorithm = *rc::gen::element(HashAlgorithm::sha512, HashAlgorithm::sha512_pbkdf2,
                                           HashAlgorithm::argon2id);
  HashRecipe recipe{algorithm, 1, 0, 0};
  if (algorithm == HashAlgorithm::argon2id)
    recipe = {algorithm, *rc::gen::inRange(1u, 3u), 32, *rc::gen::inRange(1u, 5u)};
  const auto salt =
      *rc::gen::container<std::string>(salt_size(algorithm), rc::gen::arbitrary<char>());
  const auto hash = hash_password(base::as_bytes(password), recipe, base::as_bytes(salt));
  RC_ASSERT(hash.has_value());
  RC_ASSERT(*parse_password_hash(to_text(*hash)) == *hash);
  RC_ASSERT(verify_password(*hash, base::as_bytes(password)) == Verdict::right);
  RC_ASSERT(verify_password(*hash, base::as_bytes(password + "x")) == Verdict::wrong);
}

}  // namespace
}  // namespace hook
