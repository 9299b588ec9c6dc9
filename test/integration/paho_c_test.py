"""Eclipse Paho C, through paho_c_test.c, with MQTT 3.1.1 and 5."""
import harness
import line_client


class PahoC(line_client.LineClientTests):
    def program(self):
        return [harness.options.helper_bin / "paho_c_test"]


def load_tests(loader, _tests, _pattern):
    return loader.loadTestsFromTestCase(PahoC)
