// The checkers: one promise each. Made for one run; see Checker in model.h.
#pragma once

#include <memory>
#include <vector>

#include "sim/model.h"

namespace sim {

std::vector<std::unique_ptr<Checker>> all_checkers(const Model& model);

}  // namespace sim
