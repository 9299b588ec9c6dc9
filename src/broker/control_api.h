// $CONTROL/broker/v1 (option enable_control_api): a client publishes {"commands":[...]} there and
// gets the answer, for itself alone, on $CONTROL/broker/v1/response. Commands: listListeners,
// listPlugins. The requests' and answers' form is Mosquitto's. One a shard; not on any hot path.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "broker/core.h"
#include "broker/deliverer.h"

namespace broker {

class ControlApi final {
 public:
  ControlApi(Core& core, Deliverer& deliverer) : core_(core), deliverer_(deliverer) {}

  static constexpr std::string_view response_suffix = "/response";
  static bool is_endpoint(std::string_view topic) { return topic.starts_with("$CONTROL/"); }
  // A request that the access rules allow. Answers at QoS 1 at most.
  void on_request(Client& client, std::string_view topic, base::Bytes payload);

 private:
  std::string answer(std::string_view topic, base::Bytes payload) const;

  Core& core_;
  Deliverer& deliverer_;
};

}  // namespace broker
