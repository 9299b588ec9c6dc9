#include "broker/control_api.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace broker {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::string_view broker_endpoint = "$CONTROL/broker/v1";
// A request that asks for the same over and over must not make an answer beyond all bounds.
constexpr std::size_t commands_max = 100;

Json list_listeners(const Environment& environment) {
  Json listeners = Json::array();
  for (const ListenerState& state : environment.listeners) {
    const config::Endpoint& endpoint = state.options->listener();
    Json listener{{"port", endpoint.port}, {"protocol", "mqtt"}, {"tls", false}};
    if (endpoint.is_unix()) listener["socket-path"] = endpoint.unix_path;
    listeners.push_back(std::move(listener));
  }
  return {{"listeners", std::move(listeners)}};
}

Json run(const Json& command, const Environment& environment) {
  if (!command.is_object() || !command.contains("command") || !command["command"].is_string()) {
    return {{"command", "Unknown command"}, {"error", "Missing command"}};
  }
  const auto name = command["command"].get<std::string>();
  Json response{{"command", name}};
  if (name == "listListeners") {
    response["data"] = list_listeners(environment);
  } else if (name == "listPlugins") {
    response["data"] = Json{{"plugins", Json::array()}};
  } else {
    response["error"] = "Unknown command";
  }
  // Text alone: copying and printing go as deep as a value is nested.
  if (command.contains("correlationData") && command["correlationData"].is_string()) {
    response["correlationData"] = command["correlationData"];
  }
  return response;
}

}  // namespace

std::string ControlApi::answer(std::string_view topic, base::Bytes payload) const {
  if (topic != broker_endpoint || !core_.config.enable_control_api()) {
    return R"({"error":"endpoint not available"})";
  }
  const Json request = Json::parse(payload.begin(), payload.end(), nullptr, false);
  Json responses = Json::array();
  if (request.is_object() && request.contains("commands") && request["commands"].is_array()) {
    for (const Json& command : request["commands"]) {
      if (responses.size() == commands_max) {
        responses.push_back({{"command", "Unknown command"}, {"error", "Too many commands"}});
        break;
      }
      responses.push_back(run(command, core_.environment));
    }
  } else {
    responses.push_back({{"command", "Unknown command"},
                         {"error", "Payload not valid JSON, or without \"commands\""}});
  }
  return Json{{"responses", std::move(responses)}}.dump();
}

void ControlApi::on_request(Client& client, std::string_view topic, base::Bytes payload) {
  const std::string text = answer(topic, payload);
  const std::string response_topic = fmt::format("{}{}", topic, response_suffix);
  const auto message = session::Message::make(
      {.topic = response_topic, .payload = base::as_bytes(text), .qos = wire::Qos::at_least_once});
  deliverer_.begin(message);
  deliverer_.deliver(*client.session, {.message = message,
                                       .more_identifiers = nullptr,
                                       .identifier = 0,
                                       .group = 0,
                                       .qos = wire::Qos::at_least_once,
                                       .retain = false});
}

}  // namespace broker
