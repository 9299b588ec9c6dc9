#include "server/built_in_hooks.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "hook/acl_file.h"
#include "hook/password_file.h"

namespace server {

namespace {

// A file for each listener that names one; listeners that name the same file share it.
template <class File>
class FileOfListener final {
 public:
  template <class Load>
  base::Result<void, std::string> add(const config::Listener& listener, const std::string& path,
                                      Load&& load, std::vector<std::string>& warnings) {
    if (path.empty()) return {};
    auto& file = by_path_[path];
    if (!file) {
      auto loaded = load(path);
      if (!loaded) return base::Error{loaded.error()};
      warnings.insert(warnings.end(), loaded->warnings.begin(), loaded->warnings.end());
      file = std::make_shared<const File>(std::move(loaded->file));
    }
    by_listener_[&listener] = file;
    return {};
  }
  std::shared_ptr<const File> find(const config::Listener* listener) const {
    const auto found = by_listener_.find(listener);
    return found == by_listener_.end() ? nullptr : found->second;
  }
  bool empty() const { return by_listener_.empty(); }

 private:
  std::map<std::string, std::shared_ptr<const File>> by_path_;
  std::map<const config::Listener*, std::shared_ptr<const File>>
      by_listener_;  // Looked up, never walked.
};

hook::Decision decision_of(hook::Verdict verdict, const std::string& user, broker::Log& log) {
  if (verdict == hook::Verdict::failed) {
    log.write(config::LogType::error,
              "Error: not enough memory to check the password of user '" + user + "': refused.");
  }
  return verdict == hook::Verdict::right ? hook::Decision::allow : hook::Decision::deny;
}

hook::Decision check(const std::shared_ptr<const hook::PasswordFile>& file,
                     hook::Authenticate& event, broker::Log& log) {
  if (!event.client.user) return hook::Decision::next;  // Anonymous: the listener's rule decides.
  std::optional<std::string> password;
  if (event.password) password = base::as_text(*event.password);
  event.work = [file, &log, user = std::string{*event.client.user},
                password = std::move(password)] {
    std::optional<base::Bytes> bytes;
    if (password) bytes = base::as_bytes(*password);
    return decision_of(hook::check_password(*file, user, bytes), user, log);
  };
  return hook::Decision::defer;
}

}  // namespace

base::Result<void, std::string> add_built_in_hooks(const config::Config& config, broker::Log& log,
                                                   hook::Hooks& hooks,
                                                   std::vector<std::string>& warnings) {
  FileOfListener<hook::PasswordFile> passwords;
  FileOfListener<hook::AclFile> rules;
  for (const auto& listener : config.listeners) {
    const config::SecurityOptions& options = config.security_of(*listener);
    if (auto added = passwords.add(*listener, options.password_file().text,
                                   hook::load_password_file, warnings);
        !added) {
      return added;
    }
    if (auto added = rules.add(*listener, options.acl_file().text, hook::load_acl_file, warnings);
        !added) {
      return added;
    }
  }
  if (!passwords.empty()) {
    hooks.on<hook::Authenticate>("password_file", [passwords, &log](hook::Authenticate& event) {
      const auto file = passwords.find(event.client.listener);
      return file ? check(file, event, log) : hook::Decision::next;
    });
  }
  if (!rules.empty()) {
    hooks.on<hook::Authorize>("acl_file", [rules](hook::Authorize& event) {
      const auto file = rules.find(event.client.listener);
      if (!file) return hook::Decision::next;
      const hook::ClientView& client = event.client;
      const bool may = file->allows(client.user, client.id, event.topic, event.access);
      return may ? hook::Decision::allow : hook::Decision::deny;
    });
  }
  return {};
}

}  // namespace server
