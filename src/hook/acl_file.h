// An ACL file in Mosquitto's grammar, compiled once into an immutable table: who may read and write
// which topics. Share it between threads by shared_ptr<const AclFile>; a reload makes a new one.
// allows() runs per message and allocates, locks and formats nothing. SUBSCRIBE is not asked about:
// as in Mosquitto only delivery is filtered.
//
//   user NAME                                      the following topics are this user's; before the
//   first, anonymous clients' topic [read|write|readwrite|deny] FILTER       no word: readwrite; a
//   filter with spaces needs the word pattern [read|write|readwrite|deny] FILTER     for every
//   user; a level %c is the client id, %u the user name
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/result.h"
#include "hook/file_text.h"

namespace hook {

// Receiving is `read`, publishing is `write`.
enum class Access : std::uint8_t { read, write };

class AclFile final {
 public:
  // `name` is what errors call the file. An error is one sentence: `name:line: what is wrong, what
  // is allowed`.
  static base::Result<AclFile, std::string> parse(std::string_view text, std::string_view name);

  // `topic` is a valid topic name. A user's own lines come before patterns, denials before grants;
  // nothing matching is a no.
  bool allows(std::optional<std::string_view> user, std::string_view client_id,
              std::string_view topic, Access access) const;

  // Sentences about lines that are valid but hardly mean what they say.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  friend class AclParser;

  enum class Grant : std::uint8_t { deny, read, write, readwrite };
  enum class Placeholder : std::uint8_t { client_id, user };
  // A pattern's placeholders stand as `+` in its filter; the levels of the topic that they met are
  // compared after.
  struct Bound {
    std::size_t level;
    Placeholder what;
  };
  struct Rule {
    std::string filter;
    std::vector<Bound> bounds;
    Grant grant;
  };
  struct Rules {
    std::vector<Rule> denials;
    std::vector<Rule> grants;
  };
  struct Client {
    std::optional<std::string_view> user;
    std::string_view id;
  };
  enum class Answer : std::uint8_t { no, yes, unsaid };

  static bool matches(const Rule& rule, const Client& client, std::string_view topic);
  static Answer ask(const Rules& rules, const Client& client, std::string_view topic,
                    Access access);
  const Rules* rules_of(std::optional<std::string_view> user) const;

  Rules anonymous_;
  absl::flat_hash_map<std::string, Rules, NameHash, std::equal_to<>> users_;
  Rules patterns_;
  std::vector<std::string> warnings_;
};

struct LoadedAclFile {
  AclFile file;
  std::vector<std::string> warnings;  // Of the lines and of who else can read or write the file.
};
base::Result<LoadedAclFile, std::string> load_acl_file(const std::string& path);

}  // namespace hook
