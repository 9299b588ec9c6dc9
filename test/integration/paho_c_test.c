/* Eclipse Paho C (MQTTAsync) on a string: reads commands from standard input, one a line, answers each
 * with a line on standard output when the broker has answered, and prints each message that arrives.
 *
 *   paho_c_test PORT 4|5 CLIENT_ID clean|stay [WILL_TOPIC WILL_PAYLOAD WILL_QOS WILL_RETAIN]
 *
 *   connect | subscribe TOPIC QOS | unsubscribe TOPIC | send TOPIC QOS RETAIN PAYLOAD | fill TOPIC QOS SIZE
 *   flush | disconnect
 *
 * send and fill do not wait; flush returns when all QoS 1 and 2 messages are delivered. The end of the
 * input ends the process at once, without DISCONNECT. Every wait has a bound. */
#define _POSIX_C_SOURCE 200809L
#include <MQTTAsync.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 60, LINE_MAX_BYTES = 4096, PRINTED_MAX = 100 };

static MQTTAsync client;
static int version;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int answered; /* 0 not yet, 1 well, -1 badly. */
static int answer_detail;
static int undelivered;

static void fail(const char* what, int code) {
  fprintf(stderr, "%s: %d\n", what, code);
  _exit(1);
}

static void answer(int how, int detail) {
  pthread_mutex_lock(&lock);
  answered = how;
  answer_detail = detail;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

/* Waits with the lock held until the flag is set or, for `undelivered`, is zero. */
static void wait_for_change(struct timespec* end, const char* what) {
  if (pthread_cond_timedwait(&changed, &lock, end) != 0) fail(what, -1);
}

static struct timespec end_of_patience(void) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += PATIENCE_SECONDS;
  return end;
}

static int wait_for_answer(const char* what) {
  struct timespec end = end_of_patience();
  pthread_mutex_lock(&lock);
  while (answered == 0) wait_for_change(&end, what);
  int how = answered;
  int detail = answer_detail;
  answered = 0;
  pthread_mutex_unlock(&lock);
  if (how < 0) fail(what, detail);
  return detail;
}

static void on_success(void* context, MQTTAsync_successData* data) {
  (void)context;
  answer(1, data ? data->alt.connect.sessionPresent : 0);
}
static void on_success5(void* context, MQTTAsync_successData5* data) {
  (void)context;
  answer(1, data ? data->alt.connect.sessionPresent : 0);
}
static void on_subscribed(void* context, MQTTAsync_successData* data) {
  (void)context;
  answer(1, data->alt.qos);
}
static void on_subscribed5(void* context, MQTTAsync_successData5* data) {
  (void)context;
  answer(1, (int)data->reasonCode);
}
static void on_failure(void* context, MQTTAsync_failureData* data) {
  (void)context;
  answer(-1, data ? data->code : -1);
}
static void on_failure5(void* context, MQTTAsync_failureData5* data) {
  (void)context;
  answer(-1, data ? (int)data->reasonCode : -1);
}

static void on_delivered(void* context, MQTTAsync_token token) {
  (void)context;
  (void)token;
  pthread_mutex_lock(&lock);
  --undelivered;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

static uint32_t checksum(const unsigned char* data, int length) { /* FNV-1a */
  uint32_t sum = 2166136261u;
  for (int i = 0; i < length; ++i) sum = (sum ^ data[i]) * 16777619u;
  return sum;
}

static int on_message(void* context, char* topic, int topic_length, MQTTAsync_message* message) {
  (void)context;
  (void)topic_length;
  printf("message %s %d %d ", topic, message->qos, message->retained);
  if (message->payloadlen <= PRINTED_MAX)
    printf("%.*s\n", message->payloadlen, (const char*)message->payload);
  else
    printf("%d %08x\n", message->payloadlen, checksum(message->payload, message->payloadlen));
  fflush(stdout);
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

static MQTTAsync_responseOptions response(void) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  if (version == MQTTVERSION_5) {
    options.onSuccess5 = on_subscribed5;
    options.onFailure5 = on_failure5;
  } else {
    options.onSuccess = on_subscribed;
    options.onFailure = on_failure;
  }
  return options;
}

static MQTTAsync_connectOptions connect_options(int stay, MQTTProperties* properties) {
  MQTTAsync_connectOptions old = MQTTAsync_connectOptions_initializer;
  MQTTAsync_connectOptions new = MQTTAsync_connectOptions_initializer5;
  MQTTAsync_connectOptions options = version == MQTTVERSION_5 ? new : old;
  if (version == MQTTVERSION_5) {
    options.cleanstart = !stay;
    options.onSuccess5 = on_success5;
    options.onFailure5 = on_failure5;
    if (stay) {
      MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, .value.integer4 = 3600};
      MQTTProperties_add(properties, &expiry);
      options.connectProperties = properties;
    }
  } else {
    options.MQTTVersion = version;
    options.cleansession = !stay;
    options.onSuccess = on_success;
    options.onFailure = on_failure;
  }
  options.keepAliveInterval = 60;
  options.maxInflight = 20;
  options.automaticReconnect = 1;
  options.minRetryInterval = 1;
  options.maxRetryInterval = 1;
  return options;
}

static void make_client(const char* port, const char* client_id) {
  char uri[64];
  snprintf(uri, sizeof uri, "tcp://127.0.0.1:%s", port);
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
  options.MQTTVersion = version;
  options.maxBufferedMessages = 1000;
  int code = MQTTAsync_createWithOptions(&client, uri, client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
  if (code != MQTTASYNC_SUCCESS) fail("create", code);
  MQTTAsync_setCallbacks(client, NULL, NULL, on_message, on_delivered);
}

static void subscribe(const char* topic, int qos) {
  MQTTAsync_responseOptions options = response();
  int code = MQTTAsync_subscribe(client, topic, qos, &options);
  if (code != MQTTASYNC_SUCCESS) fail("subscribe", code);
  printf("subscribed %d\n", wait_for_answer("subscribe"));
}

static void unsubscribe(const char* topic) {
  MQTTAsync_responseOptions options = response();
  if (version != MQTTVERSION_5) options.onSuccess = on_success;
  int code = MQTTAsync_unsubscribe(client, topic, &options);
  if (code != MQTTASYNC_SUCCESS) fail("unsubscribe", code);
  wait_for_answer("unsubscribe");
  puts("unsubscribed");
}

static void publish(const char* topic, int qos, int retain, const void* payload, int length) {
  if (qos > 0) {
    pthread_mutex_lock(&lock);
    ++undelivered;
    pthread_mutex_unlock(&lock);
  }
  int code = MQTTAsync_send(client, topic, length, payload, qos, retain, NULL);
  if (code != MQTTASYNC_SUCCESS) fail("send", code);
  puts("sent");
}

static void fill(const char* topic, int qos, int size) {
  unsigned char* payload = malloc((size_t)size);
  if (payload == NULL) fail("malloc", size);
  for (int i = 0; i < size; ++i) payload[i] = (unsigned char)(i * 7 + i / 256);
  printf("filled %08x\n", checksum(payload, size));
  publish(topic, qos, 0, payload, size);
  free(payload);
}

static void flush(void) {
  struct timespec end = end_of_patience();
  pthread_mutex_lock(&lock);
  while (undelivered > 0) wait_for_change(&end, "flush");
  int left = undelivered;
  pthread_mutex_unlock(&lock);
  if (left < 0) fail("more delivered than sent", left);
  puts("flushed");
}

static void disconnect(void) {
  MQTTAsync_disconnectOptions old = MQTTAsync_disconnectOptions_initializer;
  MQTTAsync_disconnectOptions new = MQTTAsync_disconnectOptions_initializer5;
  MQTTAsync_disconnectOptions options = version == MQTTVERSION_5 ? new : old;
  options.timeout = 1000;
  options.onSuccess = version == MQTTVERSION_5 ? NULL : on_success;
  options.onSuccess5 = version == MQTTVERSION_5 ? on_success5 : NULL;
  int code = MQTTAsync_disconnect(client, &options);
  if (code != MQTTASYNC_SUCCESS) fail("disconnect", code);
  wait_for_answer("disconnect");
  puts("disconnected");
}

static void obey(char* line, MQTTAsync_connectOptions* options) {
  char *verb = strtok(line, " \n"), *topic = strtok(NULL, " \n"), *rest = strtok(NULL, "\n");
  int first = 0, second = 0, read = 0;
  if (rest != NULL && sscanf(rest, "%d %d %n", &first, &second, &read) < 1) fail("bad numbers", 0);
  if (strcmp(verb, "connect") == 0) {
    int code = MQTTAsync_connect(client, options);
    if (code != MQTTASYNC_SUCCESS) fail("connect", code);
    printf("connected %d\n", wait_for_answer("connect"));
  } else if (strcmp(verb, "subscribe") == 0) {
    subscribe(topic, first);
  } else if (strcmp(verb, "unsubscribe") == 0) {
    unsubscribe(topic);
  } else if (strcmp(verb, "send") == 0) {
    publish(topic, first, second, rest + read, (int)strlen(rest + read));
  } else if (strcmp(verb, "fill") == 0) {
    fill(topic, first, second);
  } else if (strcmp(verb, "flush") == 0) {
    flush();
  } else if (strcmp(verb, "disconnect") == 0) {
    disconnect();
  } else {
    fail("unknown command", 0);
  }
  fflush(stdout);
}

int main(int count, char** words) {
  if (count != 5 && count != 9) fail("usage: PORT 4|5 CLIENT_ID clean|stay [TOPIC PAYLOAD QOS RETAIN]", count);
  version = atoi(words[2]);
  make_client(words[1], words[3]);
  MQTTProperties properties = MQTTProperties_initializer;
  MQTTAsync_connectOptions options = connect_options(strcmp(words[4], "stay") == 0, &properties);
  MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
  if (count == 9) {
    will.topicName = words[5];
    will.message = words[6];
    will.qos = atoi(words[7]);
    will.retained = atoi(words[8]);
    options.will = &will;
  }
  char line[LINE_MAX_BYTES];
  while (fgets(line, sizeof line, stdin) != NULL) obey(line, &options);
  _exit(0);
}
