#include "client_options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client_option_table.h"

namespace apps {
namespace {

using midge::PropertyId;
using midge::Qos;
using midge::Version;

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = line.find(' ');
    if (end != 0) words.push_back(line.substr(0, end));
    line = end == std::string_view::npos ? std::string_view{} : line.substr(end + 1);
  }
  return words;
}

ClientOptions parsed(Tool tool, const std::vector<std::string_view>& arguments) {
  ClientOptions options{tool};
  const Outcome applied = apply_arguments(arguments, options);
  EXPECT_TRUE(applied) << (applied ? "" : applied.error());
  const Outcome completed = complete(42, options);
  EXPECT_TRUE(completed) << (completed ? "" : completed.error());
  return options;
}
ClientOptions pub(std::string_view line) {
  return parsed(Tool::pub, split(line));
}
ClientOptions sub(std::string_view line) {
  return parsed(Tool::sub, split(line));
}

std::string error_of(Tool tool, const std::vector<std::string_view>& arguments) {
  ClientOptions options{tool};
  if (const Outcome applied = apply_arguments(arguments, options); !applied) {
    return applied.error();
  }
  const Outcome completed = complete(42, options);
  return completed ? "" : completed.error();
}
std::string pub_error(std::string_view line) {
  return error_of(Tool::pub, split(line));
}
std::string sub_error(std::string_view line) {
  return error_of(Tool::sub, split(line));
}

TEST(ClientOptions, HaveTheDefaultsOfMosquittosTools) {
  const ClientOptions options = pub("-t a -m x");
  EXPECT_EQ(options.connection.host, "localhost");
  EXPECT_EQ(options.connection.port, 1883);
  EXPECT_EQ(options.connection.version, Version::v311);
  EXPECT_EQ(options.connection.keep_alive, 60);
  EXPECT_TRUE(options.connection.clean_start);
  EXPECT_EQ(options.connection.client_id, "");
  EXPECT_EQ(options.connection.in_flight_max, 20);
  EXPECT_EQ(options.connection.receive_maximum, 20);
  EXPECT_EQ(options.connection.session_expiry, std::nullopt);
  EXPECT_EQ(options.qos, Qos::at_most_once);
  EXPECT_FALSE(options.publish.retain);
}

TEST(ClientOptions, ShortAndLongNamesMeanTheSame) {
  const ClientOptions a = pub("-h x -p 1 -i me -u n -P s -k 9 -q 1 -t a -m x -r -d -c -V 5");
  const ClientOptions b =
      pub("--host x --port 1 --id me --username n --pw s --keepalive 9 --qos 1 --topic a "
          "--message x --retain --debug --disable-clean-session --protocol-version mqttv5");
  for (const ClientOptions* options : {&a, &b}) {
    EXPECT_EQ(options->connection.host, "x");
    EXPECT_EQ(options->connection.port, 1);
    EXPECT_EQ(options->connection.client_id, "me");
    EXPECT_EQ(options->connection.user_name, "n");
    EXPECT_EQ(options->connection.password, "s");
    EXPECT_EQ(options->connection.keep_alive, 9);
    EXPECT_EQ(options->connection.version, Version::v5);
    EXPECT_FALSE(options->connection.clean_start);
    EXPECT_EQ(options->qos, Qos::at_least_once);
    EXPECT_EQ(options->publish.topic, "a");
    EXPECT_EQ(options->publish.text, "x");
    EXPECT_TRUE(options->publish.retain);
    EXPECT_TRUE(options->debug);
  }
}

TEST(ClientOptions, EachKindOfMessageIsTaken) {
  EXPECT_EQ(pub("-t a -m x").publish.source, Source::text);
  EXPECT_EQ(pub("-t a -f x").publish.source, Source::file);
  EXPECT_EQ(pub("-t a -n").publish.source, Source::nothing);
  EXPECT_EQ(pub("-t a -s").publish.source, Source::input);
  EXPECT_EQ(pub("-t a -l").publish.source, Source::input_lines);
  EXPECT_EQ(pub("-t a --null-message").publish.source, Source::nothing);
  EXPECT_EQ(pub("-t a --stdin-file").publish.source, Source::input);
  EXPECT_EQ(pub("-t a --stdin-line --blank-lines").publish.source, Source::input_lines);
}

TEST(ClientOptions, OnlyOneMessageIsAllowed) {
  for (const char* line : {"-m x -f y", "-m x -l", "-l -m x", "-l -n", "-l -s", "-m x -m y"}) {
    EXPECT_EQ(pub_error(line), "Only one type of message can be sent at once.") << line;
  }
}

TEST(ClientOptions, TopicAndMessageAreBothNeeded) {
  EXPECT_EQ(pub_error("-t a"), "Both topic and message must be supplied.");
  EXPECT_EQ(pub_error("-m x"), "Both topic and message must be supplied.");
  EXPECT_EQ(sub_error(""),
            "You must specify a topic to subscribe to (-t) or unsubscribe from (-U).");
}

TEST(ClientOptions, RepeatingTakesACountAndSeconds) {
  const ClientOptions options = pub("-t a -m x --repeat 3 --repeat-delay 0.25");
  EXPECT_EQ(options.publish.repeat, 3U);
  EXPECT_EQ(options.publish.repeat_delay, std::chrono::milliseconds{250});
}

TEST(ClientOptions, SubHasItsOwn) {
  const ClientOptions options =
      sub("-t a/# -t b -T a/x -T a/y -U c -C 3 -W 7 -E -v -N -R --remove-retained --pretty "
          "--retain-as-published --retain-handling new -V 5");
  const SubscribeRequest& request = options.subscribe;
  EXPECT_EQ(request.filters, (std::vector<std::string>{"a/#", "b"}));
  EXPECT_EQ(request.filters_out, (std::vector<std::string>{"a/x", "a/y"}));
  EXPECT_EQ(request.unsubscribe, (std::vector<std::string>{"c"}));
  EXPECT_EQ(request.count, 3U);
  EXPECT_EQ(request.time_limit, std::chrono::seconds{7});
  EXPECT_TRUE(request.exit_after_subscribe && request.verbose && request.no_end_of_line &&
              request.hides_retained && request.remove_retained && request.pretty &&
              request.retain_as_published);
  EXPECT_EQ(request.retain_handling, midge::RetainHandling::send_if_new);
  EXPECT_TRUE(options.warnings.empty());
}

TEST(ClientOptions, ACountBelowTwentyIsTheReceiveMaximum) {
  EXPECT_EQ(sub("-t a").connection.receive_maximum, 20);
  EXPECT_EQ(sub("-t a -C 3").connection.receive_maximum, 3);
  EXPECT_EQ(sub("-t a -C 100").connection.receive_maximum, 20);
}

TEST(ClientOptions, UnsubscribingNeedsNoSubscription) {
  EXPECT_EQ(sub_error("-U a"), "");
}

TEST(ClientOptions, OptionsOfTheOtherToolAreUnknown) {
  for (const char* name : {"-C", "-E", "-F", "-N", "--pretty", "-R", "--remove-retained",
                           "--retain-as-published", "--retain-handling", "--retained-only", "-T",
                           "-U", "-v", "-W", "-w", "-e", "--nonsense", "stray", ""}) {
    EXPECT_EQ(error_of(Tool::pub, {name, "1"}), std::string{"Unknown option '"} + name + "'.");
  }
  for (const char* name :
       {"-l", "-m", "-n", "-r", "--repeat", "--repeat-delay", "-s", "-f", "--blank-lines"}) {
    EXPECT_EQ(error_of(Tool::sub, {name, "1"}), std::string{"Unknown option '"} + name + "'.");
  }
}

TEST(ClientOptions, AMissingValueIsNamed) {
  for (const OptionRow& row : option_rows()) {
    if (row.value.empty() || !row.missing.empty()) continue;
    for (const std::string_view name : {row.short_name, row.long_name}) {
      if (name.empty()) continue;
      const Tool tool = is_for(row, Tool::pub) ? Tool::pub : Tool::sub;
      const std::string error = error_of(tool, {name});
      EXPECT_EQ(error, row.lacks) << name;
      EXPECT_NE(error.find(" argument given but "), std::string::npos) << error;
    }
  }
}

TEST(ClientOptions, WhatMidgeLacksIsRefusedByName) {
  EXPECT_EQ(pub_error("-t a -m x --cafile f"),
            "--cafile: TLS is not supported by this version of midge.");
  EXPECT_EQ(pub_error("--psk"), "--psk: TLS is not supported by this version of midge.");
  EXPECT_EQ(pub_error("--ws"), "--ws: WebSockets are not supported by this version of midge.");
  EXPECT_EQ(sub_error("--proxy x"),
            "--proxy: SOCKS proxies are not supported by this version of midge.");
  EXPECT_EQ(sub_error("--watch"), "--watch: This is not supported yet by this version of midge.");
  EXPECT_EQ(pub_error("-t a -m x --no-tls"), "");
}

TEST(ClientOptions, TheRowsHaveNamesAndEitherAHandlerOrAReason) {
  for (const OptionRow& row : option_rows()) {
    const std::string_view name = row.short_name.empty() ? row.long_name : row.short_name;
    ASSERT_FALSE(name.empty());
    EXPECT_EQ(row.handle == nullptr && name != "-o", !row.missing.empty()) << name;
    EXPECT_EQ(row.value.empty() || !row.missing.empty(), row.lacks.empty()) << name;
    for (const Tool tool : {Tool::pub, Tool::sub}) {
      if (!is_for(row, tool)) continue;
      EXPECT_EQ(find_option(name, tool), &row) << name;
    }
  }
}

struct Bad {
  std::string_view line;
  std::string_view error;
};

TEST(ClientOptions, BadValuesAreNamedAsMosquittosToolsDo) {
  const Bad bad[] = {
      {"-k -1", "Invalid keepalive given, it must be between 5 and 65535 inclusive."},
      {"-k 4", "Invalid keepalive given, it must be between 5 and 65535 inclusive."},
      {"-k 65536", "Invalid keepalive given, it must be between 5 and 65535 inclusive."},
      {"-M 0", "Maximum inflight messages must be greater than 0."},
      {"-p -1", "Invalid port given: -1"},
      {"-p 0", "Invalid port given: 0"},
      {"-p 0x", "Invalid port given: 0x"},
      {"-p 65536", "Invalid port given: 65536"},
      {"-q -1", "Invalid QoS given: -1"},
      {"-q 3", "Invalid QoS given: 3"},
      {"-q x", "Invalid QoS given: x"},
      {"-V 0", "Invalid protocol version argument given."},
      {"-x A", "session-expiry-interval not a number."},
      {"-x -2", "session-expiry-interval out of range."},
      {"-x 4294967296", "session-expiry-interval out of range."},
      {"--will-qos -1", "Invalid will QoS -1."},
      {"--will-qos 3", "Invalid will QoS 3."},
      {"--will-topic +", "Invalid will topic '+', does it contain '+' or '#'?"},
      {"-i id -I prefix", "-i and -I argument cannot be used together."},
      {"-I prefix -i id", "-i and -I argument cannot be used together."},
  };
  for (const Bad& b : bad) {
    EXPECT_EQ(pub_error(b.line), b.error) << b.line;
    EXPECT_EQ(sub_error(b.line), b.error) << b.line;
  }
}

TEST(ClientOptions, BadValuesOfPubAreNamed) {
  const Bad bad[] = {
      {"--repeat 0", "--repeat argument must be >0."},
      {"--repeat-delay -1", "--repeat-delay argument must be >=0.0."},
      {"--repeat-delay nan", "--repeat-delay argument must be >=0.0."},
      {"-t topic/+", "Invalid publish topic 'topic/+', does it contain '+' or '#'?"},
      {"-t topic/#", "Invalid publish topic 'topic/#', does it contain '+' or '#'?"},
  };
  for (const Bad& b : bad) EXPECT_EQ(pub_error(b.line), b.error) << b.line;
}

TEST(ClientOptions, BadValuesOfSubAreNamed) {
  const Bad bad[] = {
      {"-C 0", "Invalid message count \"0\"."},
      {"-W 0", "Invalid timeout \"0\"."},
      {"-t ++", "Invalid subscription topic '++', are all '+' and '#' wildcards correct?"},
      {"-t a#", "Invalid subscription topic 'a#', are all '+' and '#' wildcards correct?"},
      {"-T ++", "Invalid filter topic '++', are all '+' and '#' wildcards correct?"},
      {"-U ++", "Invalid unsubscribe topic '++', are all '+' and '#' wildcards correct?"},
      {"-t $share/a",
       "Invalid subscription topic '$share/a': $share/ and the share name must be followed by / "
       "and a topic filter."},
      {"--retain-handling x", "Unknown value 'x' for --retain-handling."},
      {"-F %", "Incomplete format specifier."},
      {"-t a -R --retained-only", "Combining '-R' and '--retained-only' makes no sense."},
  };
  for (const Bad& b : bad) EXPECT_EQ(sub_error(b.line), b.error) << b.line;
}

TEST(ClientOptions, TextThatIsNoUtf8IsRefused) {
  EXPECT_EQ(error_of(Tool::pub, {"-t", "\xff"}), "Malformed UTF-8 in -t argument.");
  EXPECT_EQ(error_of(Tool::sub, {"-t", "\xff"}), "Malformed UTF-8 in -t argument.");
  EXPECT_EQ(error_of(Tool::sub, {"-T", "\xff"}), "Malformed UTF-8 in -T argument.");
  EXPECT_EQ(error_of(Tool::sub, {"-U", "\xff"}), "Malformed UTF-8 in -U argument.");
  EXPECT_EQ(error_of(Tool::pub, {"--will-topic", "\xff"}),
            "Malformed UTF-8 in --will-topic argument.");
}

TEST(ClientOptions, TheWillIsMadeOfItsParts) {
  const auto will = pub("-t a -m x --will-topic w --will-payload gone --will-qos 2 --will-retain")
                        .connection.will;
  ASSERT_TRUE(will);
  EXPECT_EQ(will->topic, "w");
  EXPECT_EQ(will->payload, "gone");
  EXPECT_EQ(will->qos, Qos::exactly_once);
  EXPECT_TRUE(will->retain);
  EXPECT_EQ(pub("-t a -m x --will-topic w").connection.will->payload, "");
}

TEST(ClientOptions, PartsOfAWillNeedItsTopic) {
  EXPECT_EQ(pub_error("--will-payload x"), "Will payload given, but no will topic given.");
  EXPECT_EQ(pub_error("--will-retain"), "Will retain given, but no will topic given.");
  EXPECT_EQ(pub_error("--will-qos 1"), "Will QoS given, but no will topic given.");
  EXPECT_EQ(pub_error("-D will content-type x"), "Will properties given, but no will topic given.");
}

TEST(ClientOptions, ASessionThatStaysNeedsAnId) {
  EXPECT_EQ(sub_error("-t a -c"), "You must provide a client id if you are using the -c option.");
  EXPECT_EQ(sub_error("-t a -c -I prefix"),
            "You must provide a client id if you are using the -c option.");
  const std::string infinite =
      "You must provide a client id if you are using an infinite session expiry interval.";
  EXPECT_EQ(sub_error("-t a -V 5 -c"), infinite);
  EXPECT_EQ(sub_error("-t a -x -1"), infinite);
  EXPECT_EQ(sub_error("-t a -x ∞"), infinite);
  EXPECT_EQ(sub_error("-t a -V 5 -c -x 5"), "");
}

TEST(ClientOptions, SessionExpiryImpliesMqtt5) {
  const ClientOptions options = sub("-t a -x 300");
  EXPECT_EQ(options.connection.version, Version::v5);
  EXPECT_EQ(options.connection.session_expiry, 300U);
  EXPECT_EQ(sub("-t a -c -i me -V 5").connection.session_expiry, UINT32_MAX);
  EXPECT_EQ(sub("-t a -x 0").connection.session_expiry, std::nullopt);
}

TEST(ClientOptions, AnIdPrefixIsFollowedByTheProcess) {
  EXPECT_EQ(sub("-t a -I prefix-").connection.client_id, "prefix-42");
}

TEST(ClientOptions, APasswordWithoutAUserIsLeftOutWithAWarning) {
  const ClientOptions options = pub("-t a -m x -P secret");
  EXPECT_EQ(options.connection.password, std::nullopt);
  EXPECT_EQ(options.warnings.size(), 1U);
}

TEST(ClientOptions, RetainOptionsOfMqtt5WarnBefore) {
  EXPECT_EQ(sub("-t a --retain-as-published").warnings.size(), 1U);
  EXPECT_EQ(sub("-t a --retain-handling never").warnings.size(), 1U);
}

TEST(ClientOptions, HelpAndVersionEndTheReading) {
  ClientOptions options{Tool::pub};
  const std::vector<std::string_view> arguments{"--help", "--nonsense"};
  EXPECT_TRUE(apply_arguments(arguments, options));
  EXPECT_EQ(options.action, ClientOptions::Action::show_help);
}

// ---------------------------------------------------------------- -D

TEST(ClientProperties, GoToTheirPackets) {
  const ClientOptions options =
      sub("-t a -D connect topic-alias-maximum 5 -D subscribe subscription-identifier 7 "
          "-D unsubscribe user-property a b -D disconnect session-expiry-interval 9 "
          "-D will will-delay-interval 3 --will-topic w");
  EXPECT_EQ(options.connection.version, Version::v5);
  EXPECT_EQ(options.connection.properties.view().number(PropertyId::topic_alias_maximum), 5U);
  EXPECT_EQ(options.subscribe.properties.view().number(PropertyId::subscription_identifier), 7U);
  EXPECT_EQ(options.subscribe.unsubscribe_properties.view().find(PropertyId::user_property)->value,
            "b");
  EXPECT_EQ(options.disconnect_properties.view().number(PropertyId::session_expiry_interval), 9U);
  EXPECT_EQ(options.connection.will->properties.view().number(PropertyId::will_delay_interval), 3U);
}

TEST(ClientProperties, AllOfAPublishAreTaken) {
  const ClientOptions options =
      pub("-t a -m x -D publish content-type text -D publish correlation-data corr "
          "-D publish message-expiry-interval 100 -D publish payload-format-indicator 1 "
          "-D publish response-topic r -D publish topic-alias 2 -D publish user-property k1 v1 "
          "-D publish user-property k1 v2");
  const midge::Properties properties = options.publish.properties.view();
  EXPECT_EQ(properties.text(PropertyId::content_type), "text");
  EXPECT_EQ(properties.text(PropertyId::correlation_data), "corr");
  EXPECT_EQ(properties.number(PropertyId::message_expiry_interval), 100U);
  EXPECT_EQ(properties.number(PropertyId::payload_format_indicator), 1U);
  EXPECT_EQ(properties.text(PropertyId::response_topic), "r");
  EXPECT_EQ(properties.number(PropertyId::topic_alias), 2U);
}

TEST(ClientProperties, MistakesAreNamed) {
  const Bad bad[] = {
      {"-D", "--property argument given but not enough arguments specified."},
      {"-D connect receive-maximum",
       "--property argument given but not enough arguments specified."},
      {"-D connect user-property k",
       "--property argument given but not enough arguments specified."},
      {"-D wrong receive-maximum 1", "Invalid command wrong given in --property argument."},
      {"-D connect wrong 1", "Invalid property name wrong given in --property argument."},
      {"-D connect will-delay-interval 1",
       "will-delay-interval property not allowed for connect in --property argument."},
      {"-D publish subscription-identifier 1",
       "subscription-identifier property not supported for publish in --property argument."},
      {"-D auth authentication-method 1",
       "authentication-method property not supported for auth in --property argument."},
      {"-D puback reason-string 1",
       "reason-string property not supported for puback in --property argument."},
      {"-D connect receive-maximum -1",
       "Property value (-1) out of range for property receive-maximum."},
      {"-D connect receive-maximum 0",
       "Property value (0) out of range for property receive-maximum."},
      {"-D connect receive-maximum 65536",
       "Property value (65536) out of range for property receive-maximum."},
      {"-D connect session-expiry-interval 4294967296",
       "Property value (4294967296) out of range for property session-expiry-interval."},
      {"-D connect session-expiry-interval 99999999999999999999",
       "Property value (99999999999999999999) out of range for property session-expiry-interval."},
      {"-D connect request-problem-information 256",
       "Property value (256) out of range for property request-problem-information."},
      {"-D publish message-expiry-interval abc",
       "Property value (abc) is not a number for property message-expiry-interval."},
      {"-D publish response-topic a/#",
       "Invalid response topic 'a/#', does it contain '+' or '#'?"},
  };
  for (const Bad& b : bad) EXPECT_EQ(pub_error(b.line), b.error) << b.line;
  EXPECT_EQ(error_of(Tool::pub, {"-D", "publish", "content-type", std::string(65536, 'x')}),
            "Property value too long for property content-type.");
}

TEST(ClientProperties, ABlockIsCheckedAsAWhole) {
  EXPECT_EQ(
      pub_error("-t a -m x -D publish content-type a -D publish content-type b").substr(0, 20),
      "PUBLISH properties: ");
  EXPECT_EQ(pub_error("-t a -m x -D connect authentication-data x").substr(0, 20),
            "CONNECT properties: ");
}

TEST(ClientProperties, AnOlderVersionAfterThemIsAMistake) {
  EXPECT_EQ(pub_error("-t a -m x -D publish content-type a -V 311"),
            "--property needs MQTT 5, but -V asks for another version after it.");
}

// ---------------------------------------------------------------- options files

ClientOptions from_file(std::string_view text) {
  ClientOptions options{Tool::pub};
  const Outcome applied = apply_file(text, "file", options);
  EXPECT_TRUE(applied) << (applied ? "" : applied.error());
  return options;
}

std::string file_error(std::string_view text) {
  ClientOptions options{Tool::pub};
  const Outcome applied = apply_file(text, "file", options);
  return applied ? "" : applied.error();
}

TEST(OptionsFile, HasOneOptionALine) {
  const ClientOptions options = from_file("# comment\n-h example\n\n-q 1\r\n-r\n-m two words \n");
  EXPECT_EQ(options.connection.host, "example");
  EXPECT_EQ(options.qos, Qos::at_least_once);
  EXPECT_TRUE(options.publish.retain);
  EXPECT_EQ(options.publish.text, "two words ");
}

TEST(OptionsFile, ALastLineNeedsNoEnd) {
  EXPECT_EQ(from_file("-h example").connection.host, "example");
}

TEST(OptionsFile, PropertiesAreSplitAtBlanks) {
  const ClientOptions options =
      from_file("-D publish user-property key some value\n-D publish content-type a b\n");
  const auto pair = options.publish.properties.view().find(PropertyId::user_property);
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->text, "key");
  EXPECT_EQ(pair->value, "some value");
  EXPECT_EQ(options.publish.properties.view().text(PropertyId::content_type), "a b");
}

TEST(OptionsFile, MistakesNameTheLine) {
  EXPECT_EQ(file_error("-h a\n--wrong\n"), "Unknown option '--wrong'. (file, line 2)");
  EXPECT_EQ(file_error("-q 7"), "Invalid QoS given: 7 (file, line 1)");
  EXPECT_EQ(file_error("-r yes"), "-r takes no value. (file, line 1)");
  EXPECT_EQ(file_error("-o other"), "-o is not allowed in an options file. (file, line 1)");
}

TEST(OptionsFile, TheCommandLineComesAfterIt) {
  ClientOptions options = from_file("-h file\n-q 1\n");
  EXPECT_TRUE(apply_arguments(split("-h line"), options));
  EXPECT_EQ(options.connection.host, "line");
  EXPECT_EQ(options.qos, Qos::at_least_once);
}

TEST(OptionsFile, IsNamedByAnOptionAndNotByTheValueOfOne) {
  EXPECT_EQ(options_file_of(Tool::pub, split("-m -o -t a")).value(), std::nullopt);
  EXPECT_EQ(options_file_of(Tool::pub, split("-t a -o f")).value(), "f");
  EXPECT_EQ(options_file_of(Tool::pub, split("-o f -o g")).error(), "Duplicate -o argument given.");
}

// ---------------------------------------------------------------- -L

TEST(ClientUrl, NamesUserPasswordHostPortAndTopic) {
  const ClientOptions options = pub("-L mqtt://user:pass@host:1234/a/b -m x");
  EXPECT_EQ(options.connection.user_name, "user");
  EXPECT_EQ(options.connection.password, "pass");
  EXPECT_EQ(options.connection.host, "host");
  EXPECT_EQ(options.connection.port, 1234);
  EXPECT_EQ(options.publish.topic, "a/b");
}

TEST(ClientUrl, NeedsOnlyHostAndTopic) {
  const ClientOptions options = sub("-L mqtt://host/# -t b");
  EXPECT_EQ(options.connection.user_name, std::nullopt);
  EXPECT_EQ(options.connection.host, "host");
  EXPECT_EQ(options.connection.port, 1883);
  EXPECT_EQ(options.subscribe.filters, (std::vector<std::string>{"#", "b"}));
}

TEST(ClientUrl, TakesAddressesOfIpv6InBrackets) {
  EXPECT_EQ(sub("-L mqtt://[::1]/a").connection.host, "::1");
  const ClientOptions options = sub("-L mqtt://[::1]:99/a");
  EXPECT_EQ(options.connection.host, "::1");
  EXPECT_EQ(options.connection.port, 99);
}

TEST(ClientUrl, MistakesAreNamed) {
  const Bad bad[] = {
      {"-L http://host/a", "Unsupported URL scheme."},
      {"-L mqtt://host", "Invalid URL for -L argument specified - topic missing."},
      {"-L mqtt:///a", "Invalid URL for -L argument specified - host missing."},
      {"-L mqtt://host:x/a", "Invalid port given: x"},
      {"-L mqtt://host/a#", "Invalid publish topic 'a#', does it contain '+' or '#'?"},
      {"-L mqtts://host/a", "-L mqtts://: TLS is not supported by this version of midge."},
      {"-L ws://host/a", "-L ws://: WebSockets are not supported by this version of midge."},
  };
  for (const Bad& b : bad) EXPECT_EQ(pub_error(b.line), b.error) << b.line;
}

}  // namespace
}  // namespace apps
