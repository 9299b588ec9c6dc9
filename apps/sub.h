// `midge sub` (mosquitto_sub): subscribes and prints what comes.
#pragma once

namespace apps {

// `argv[0]` decides which name the program has. Returns the exit status.
int sub_main(int argc, char** argv);

}  // namespace apps
