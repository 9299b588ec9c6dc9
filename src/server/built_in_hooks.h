// The hooks that come with the broker, from the options password_file and acl_file of each
// listener.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "broker/log.h"
#include "config/config.h"
#include "hook/hooks.h"

namespace server {

// Reads the files. An error is a sentence that names the file and what is wrong in it. `warnings`
// get sentences for the log.
// `log` outlives the hooks.
base::Result<void, std::string> add_built_in_hooks(const config::Config& config, broker::Log& log,
                                                   hook::Hooks& hooks,
                                                   std::vector<std::string>& warnings);

}  // namespace server
