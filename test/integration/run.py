#!/usr/bin/python3
"""Runs the integration tests: real clients and brokers, each test with a broker process of its own.

    test/integration/run.py [--broker midge|mosquitto|COMMAND] [--bin DIR] [--client-bin DIR]
                            [--filter WORD]... [--list] [GROUP]...

A GROUP is a file GROUP_test.py here; without one all are run. It needs Debian's Python, for
which python3-paho-mqtt is packaged. Ends with `N passed, N failed, N skipped` and status 1 if any failed.
"""
import argparse
import importlib
import pathlib
import sys
import time
import unittest

import harness

HERE = pathlib.Path(__file__).resolve().parent


class PlainResult(unittest.TestResult):
    """One line a test; a failure is followed by its traceback."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def say(self, word, test, more=""):
        took = time.monotonic() - self.began
        print(f"{word:4} {short_name(test)} ({took:.2f} s){more}", flush=True)

    def addSuccess(self, test):
        self.passed += 1
        self.say("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say("skip", test, f": {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say("FAIL", test, "\n" + self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.say("FAIL", test, "\n" + self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.say("FAIL", test, f" {subtest._subDescription()}\n" + self._exc_info_to_string(err, test))

    def failed(self):
        """Tests, not faults: one test may fail itself, in parts, and then again in its clean-up."""
        return len({short_name(getattr(test, "test_case", test)) for test, _ in self.failures + self.errors})


def short_name(test):
    return test.id().replace("_test.", ".", 1).replace(".test_", ".", 1)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", default="midge", help="midge (of --bin), mosquitto, or a command")
    parser.add_argument("--bin", type=pathlib.Path, default=HERE.parents[1] / "build/release/bin",
                        help="the folder with Midge's programs")
    parser.add_argument("--client-bin", type=pathlib.Path, default=harness.THEIR_BIN,
                        help="the folder of mosquitto_pub and mosquitto_sub (/usr/bin: the distribution's)")
    parser.add_argument("--helper-bin", type=pathlib.Path, help="the folder of paho_c_test")
    parser.add_argument("--filter", action="append", default=[], help="only tests with this in their name")
    parser.add_argument("--known", action="store_true",
                        help="also run what the distribution's programs are known not to pass")
    parser.add_argument("--list", action="store_true", help="name the tests, run none")
    parser.add_argument("groups", nargs="*", metavar="GROUP")
    return parser.parse_args()


def all_tests(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from all_tests(item)
        else:
            yield item


def chosen_tests(arguments):
    groups = arguments.groups or sorted(path.name[:-len("_test.py")] for path in HERE.glob("*_test.py"))
    loader = unittest.TestLoader()
    for group in groups:
        for test in all_tests(loader.loadTestsFromModule(importlib.import_module(group + "_test"))):
            if all(word in short_name(test) for word in arguments.filter):
                yield test


def main():
    arguments = parse_arguments()
    harness.options = harness.Options.of(arguments)
    tests = list(chosen_tests(arguments))
    if arguments.list:
        print("\n".join(short_name(test) for test in tests))
        return 0
    result = PlainResult()
    unittest.TestSuite(tests).run(result)
    print(f"{result.passed} passed, {result.failed()} failed, {len(result.skipped)} skipped")
    return 1 if result.failed() or not result.testsRun else 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main())
