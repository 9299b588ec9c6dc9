#include <cstdio>

#include "client/client.h"

int main() {
  midge::Client client{midge::Options{}};
  std::puts(client.is_at_rest() ? "at rest" : "busy");
}
