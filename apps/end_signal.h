// SIGINT and SIGTERM as a descriptor that becomes readable, for an event loop; a write that they
// interrupt ends with EINTR. One at a time in a process, since signal handlers are the process's.
#pragma once

#include "runtime/fd.h"

namespace apps {

class EndSignal final {
 public:
  EndSignal();
  ~EndSignal();
  EndSignal(const EndSignal&) = delete;
  EndSignal& operator=(const EndSignal&) = delete;

  // Stays readable once a signal came.
  int fd() const { return event_.get(); }

 private:
  runtime::Fd event_;
};

}  // namespace apps
