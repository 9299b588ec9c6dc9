// `midge broker`, alias mosquitto: the command line of the broker.
#pragma once

namespace apps {

// Returns the exit status: 0 after a stop, 1 for a bad command line, 3 for a bad configuration (as
// mosquitto).
int broker_main(int argc, char** argv);

}  // namespace apps
