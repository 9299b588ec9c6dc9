// `midge pub` (mosquitto_pub): publishes a message, a file, or lines of the standard input.
#pragma once

namespace apps {

// `argv[0]` decides which name the program has. Returns the exit status.
int pub_main(int argc, char** argv);

}  // namespace apps
