#!/usr/bin/python3
"""Runs the conformance suite: every normative statement of MQTT 3.1, 3.1.1 and 5 against a broker and clients.

    test/conformance/run.py                     against Midge; prints what failed and a summary
    test/conformance/run.py --host H --port P   against any broker that lets anonymous clients in
    test/conformance/run.py --mute              against a server that says nothing: no test may pass
    test/conformance/run.py --write | --check   also against mosquitto; writes or compares the document

It needs Debian's Python and nothing else. Status 1: a test failed, a statement is not covered, a stale table.
"""
import argparse
import concurrent.futures
import importlib
import pathlib
import shlex
import sys
import time
import traceback

import brokers
import cases
import registry
import statements

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DOCUMENT = ROOT / "docs/reference/conformance.md"
THEIR_BROKER, THEIR_PUB, THEIR_SUB = ["/usr/sbin/mosquitto"], ["/usr/bin/mosquitto_pub"], ["/usr/bin/mosquitto_sub"]
MUTE_PATIENCE = 1.0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", default="midge", help="midge (of --bin), mosquitto, or a command")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="where Midge's program is")
    parser.add_argument("--host", help="a broker that runs already")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--pub", help="the command to play the broker to instead of `midge pub`")
    parser.add_argument("--sub", help="likewise for `midge sub`")
    parser.add_argument("--filter", action="append", default=[], help="only tests with one of these in their name")
    parser.add_argument("--jobs", type=int, default=40, help="tests at a time")
    parser.add_argument("--mute", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--list", action="store_true", help="name the tests, run none")
    parser.add_argument("--verbose", action="store_true", help="name each test as it ends")
    return parser.parse_args()


def load_tests(words):
    for path in sorted(HERE.glob("*.py")):
        if path.stem.startswith(("server_", "client_")):
            importlib.import_module(path.stem)
    registry.tests.extend(cases.tests())
    return [test for test in registry.tests if not words or any(word in test.name for word in words)]


# ---------------------------------------------------------------- running

def run_one(suite, test, version):
    context = registry.Context(suite, version)
    try:
        test.function(context)
        return "pass", ""
    except registry.NotRun as reason:
        return "not run", str(reason)
    except AssertionError as error:
        frames = traceback.extract_tb(error.__traceback__)[1:]
        return "fail", f"{error or frames[-1].line} ({pathlib.Path(frames[0].filename).name}:{frames[0].lineno})"
    except Exception:  # A mistake of the suite's own must show as one.
        return "fail", traceback.format_exc()
    finally:
        context.end()


def run_all(suite, tests, jobs, verbose=False):
    """{(test, version): (verdict, why)}"""
    pairs = [(test, version) for test in tests for version in test.versions]
    pairs.sort(key=lambda pair: not pair[0].is_slow)
    results = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        began = {}

        def work(test, version):
            began[test, version] = time.monotonic()
            return run_one(suite, test, version)

        running = {pool.submit(work, *pair): pair for pair in pairs}
        for future in concurrent.futures.as_completed(running):
            test, version = running[future]
            results[test.name, version] = future.result()
            if verbose:
                took = time.monotonic() - began[test, version]
                verdict, why = future.result()
                reason = why if verdict == "not run" else ""
                print(f"{took:6.2f} s {verdict:8}{test.name} [{version}] {reason}", flush=True)
        statuses = suite.end()
    if suite.is_strict and any(statuses):
        results["suite.the_brokers_end_well", ""] = ("fail", f"their exit statuses are {statuses}")
    return results


def show(results, title):
    for (name, version), (verdict, why) in sorted(results.items()):
        if verdict == "fail":
            print(f"FAIL {name} [{version}]: {why}")
    count = {word: sum(verdict == word for verdict, _ in results.values()) for word in ("pass", "fail", "not run")}
    print(f"{title}: {count['pass']} passed, {count['fail']} failed, {count['not run']} not run")


# ---------------------------------------------------------------- what is under test

def client_commands(arguments):
    if arguments.pub or arguments.sub:
        return shlex.split(arguments.pub or ""), shlex.split(arguments.sub or "")
    midge = arguments.bin / "midge"
    return [str(midge), "pub"], [str(midge), "sub"]


def suite_of(arguments):
    if arguments.host:
        return registry.Suite(brokers.Existing((arguments.host, arguments.port)), *client_commands(arguments))
    if arguments.broker == "mosquitto":
        return their_suite()
    command = [str(arguments.bin / "midge"), "broker"] if arguments.broker == "midge" else shlex.split(arguments.broker)
    return registry.Suite(brokers.Broker(command), *client_commands(arguments), is_strict=True)


def their_suite():
    return registry.Suite(brokers.Broker(THEIR_BROKER), THEIR_PUB, THEIR_SUB)


def run_mute(arguments, tests):
    """Neither silence nor a closed door may be taken for conformance."""
    served = [test for test in tests if test.role == "broker"]
    proved = True
    for slams in (False, True):
        suite = registry.Suite(brokers.Mute(slams), patience=MUTE_PATIENCE)
        results = run_all(suite, served, 200)
        suite.broker.stop()
        wrong = [f"{name} [{version}]" for (name, version), (verdict, _) in results.items() if verdict == "pass"]
        what = "closes at once" if slams else "says nothing"
        for name in sorted(wrong):
            print(f"FAIL {name} passes against a server that {what}")
        print(f"against a server that {what}: {len(results)} run, {len(wrong)} pass")
        proved &= not wrong
    return 0 if proved else 1


def main():
    arguments = parse_arguments()
    tests = load_tests(arguments.filter)
    if arguments.list:
        print("\n".join(f"{test.name} [{', '.join(test.versions)}]" for test in tests))
        return 0
    if arguments.mute:
        return run_mute(arguments, tests)
    table = statements.load()
    problems = [] if arguments.filter else statements.check(table, tests)
    began = time.monotonic()
    results = run_all(suite_of(arguments), tests, arguments.jobs, arguments.verbose)
    show(results, "broker and clients")
    print(f"it took {time.monotonic() - began:.0f} s")
    if arguments.write or arguments.check:
        theirs = run_all(their_suite(), tests, arguments.jobs)
        problems += statements.document(arguments, table, tests, results, theirs, DOCUMENT)
    print("".join(f"FAIL {problem}\n" for problem in problems), end="")
    return 1 if problems or any(verdict == "fail" for verdict, _ in results.values()) else 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main())
