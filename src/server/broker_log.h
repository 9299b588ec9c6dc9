// The broker's log: from shards to the writer's thread, and to subscribers of $SYS/broker/log
// (log_dest topic). Filters by log_type; makes what peers sent fit for one line. Any thread; never
// blocks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker/log.h"
#include "config/config.h"
#include "runtime/log_writer.h"

namespace server {

class BrokerLog final : public broker::Log {
 public:
  // `config` outlives it.
  static runtime::Outcome<std::unique_ptr<BrokerLog>> open(const config::Config& config);

  bool wants(config::LogType type) const override { return types_.has(type); }
  void write(config::LogType type, std::string line) override;

  // Lines for $SYS/broker/log/<letter> go there as well. Before the shards start.
  using ToTopic = std::function<void(std::string_view topic, std::string_view line)>;
  void also_to(ToTopic to_topic) { to_topic_ = std::move(to_topic); }
  void reopen() { writer_->reopen(); }
  void flush() { writer_->flush(); }

 private:
  BrokerLog(config::LogTypes types, std::unique_ptr<runtime::LogWriter> writer)
      : types_(types), writer_(std::move(writer)) {}

  const config::LogTypes types_;
  std::unique_ptr<runtime::LogWriter> writer_;
  ToTopic to_topic_;
};

}  // namespace server
