// `midge passwd`, alias mosquitto_passwd: makes and edits password files. Needs nothing of the
// broker but `hook`.
#pragma once

namespace apps {

// Returns the exit status: 0, 1 for any error, 2 when the two typed passwords differ (as
// mosquitto_passwd).
int passwd_main(int argc, char** argv);

}  // namespace apps
