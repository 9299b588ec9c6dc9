"""MQTT.js, through mqttjs_test.mjs, with MQTT 3.1.1 and 5."""
import pathlib

import line_client

HERE = pathlib.Path(__file__).resolve().parent


class MqttJs(line_client.LineClientTests):
    def program(self):
        if not (HERE / "node_modules/mqtt").exists():
            self.fail(f"MQTT.js is not installed: ./dev setup, or npm ci in {HERE}")
        return ["node", HERE / "mqttjs_test.mjs"]

    def test_a_request_is_answered(self):
        """Response Topic and Correlation Data pass through."""
        broker = self.broker()
        asker, server = self.client(broker.port, 5), self.client(broker.port, 5)
        server.tell("subscribe service 1")
        asker.tell("subscribe answers 1")
        asker.tell("ask service 1 question")
        self.assertEqual(asker.wait_for_messages(1), [["answers", "1", "0", "answer to question 0001ff"]])


def load_tests(loader, _tests, _pattern):
    return loader.loadTestsFromTestCase(MqttJs)
