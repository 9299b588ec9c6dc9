// -D COMMAND NAME VALUE [VALUE]: a property of MQTT 5 for one kind of packet. What a property is
// and where it may stand comes from the table of `wire`. Pure.
#pragma once

#include "client_options.h"

namespace apps {

// `values` is what follows -D: three words, or four for a user property.
Outcome add_property(Arguments values, ClientOptions& options);

// Each block as a whole: nothing twice, nothing that needs what is not there.
Outcome check_properties(const ClientOptions& options);

bool has_properties(const ClientOptions& options);

}  // namespace apps
