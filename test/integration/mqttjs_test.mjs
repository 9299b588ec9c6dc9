// MQTT.js on a string: reads commands from standard input, one a line, answers each with a line on
// standard output when the broker has answered, and prints each message that arrives. The same
// commands as paho_c_test.c, and for MQTT 5 `ask TOPIC QOS PAYLOAD`: a request, which whoever
// runs this program and subscribes to the topic answers.
//
//   node mqttjs_test.mjs PORT 4|5 CLIENT_ID clean|stay [WILL_TOPIC WILL_PAYLOAD WILL_QOS WILL_RETAIN]
import { createInterface } from 'node:readline';
import mqtt from 'mqtt';

const [port, level, clientId, session, ...will] = process.argv.slice(2);
const protocolVersion = Number(level);
const printedMax = 100;
let client;
const pending = new Set();

const say = (line) => process.stdout.write(`${line}\n`);

function checksum(data) { // FNV-1a
  let sum = 2166136261;
  for (const byte of data) sum = Math.imul(sum ^ byte, 16777619);
  return (sum >>> 0).toString(16).padStart(8, '0');
}

function onMessage(topic, payload, packet) {
  const shown = payload.length <= printedMax ? payload.toString() : `${payload.length} ${checksum(payload)}`;
  say(`message ${topic} ${packet.qos} ${packet.retain ? 1 : 0} ${shown}`);
  const { responseTopic, correlationData } = packet.properties ?? {};
  if (responseTopic) publish(responseTopic, 1, false, `answer to ${payload} ${correlationData.toString('hex')}`);
}

function publish(topic, qos, retain, payload, properties) {
  const done = client.publishAsync(topic, payload, { qos, retain, properties });
  pending.add(done);
  done.finally(() => pending.delete(done));
}

function connectOptions() {
  const options = { port: Number(port), host: '127.0.0.1', protocolVersion, clientId, clean: session === 'clean',
    reconnectPeriod: 500 };
  if (protocolVersion === 5 && session === 'stay') options.properties = { sessionExpiryInterval: 3600 };
  if (will.length) options.will = { topic: will[0], payload: will[1], qos: Number(will[2]), retain: will[3] === '1' };
  return options;
}

const commands = {
  connect: () => new Promise((resolve, reject) => {
    client = mqtt.connect(connectOptions());
    client.on('message', onMessage);
    client.once('connect', (packet) => resolve(`connected ${packet.sessionPresent ? 1 : 0}`));
    client.once('error', reject);
  }),
  subscribe: async (topic, qos) => `subscribed ${(await client.subscribeAsync(topic, { qos: Number(qos) }))[0].qos}`,
  unsubscribe: async (topic) => { await client.unsubscribeAsync(topic); return 'unsubscribed'; },
  send: async (topic, qos, retain, payload) => { publish(topic, Number(qos), retain === '1', payload); return 'sent'; },
  ask: async (topic, qos, payload) => {
    const correlationData = Buffer.from('0001ff', 'hex');
    publish(topic, Number(qos), false, payload, { responseTopic: 'answers', correlationData });
    return 'sent';
  },
  fill: async (topic, qos, size) => {
    const payload = Buffer.alloc(Number(size));
    for (let i = 0; i < payload.length; ++i) payload[i] = (i * 7 + Math.floor(i / 256)) & 255;
    publish(topic, Number(qos), false, payload);
    return `filled ${checksum(payload)}`;
  },
  flush: async () => { while (pending.size) await Promise.all(pending); return 'flushed'; },
  disconnect: async () => { await client.endAsync(); return 'disconnected'; },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, topic, ...rest] = line.split(' ');
  const fields = verb === 'send' ? [rest[0], rest[1], rest.slice(2).join(' ')] : rest;
  say(await commands[verb](topic, ...fields));
}
process.exit(0);
