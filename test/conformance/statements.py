"""The statements (statements.tsv), whether each is proved, and the document that says so.

A statement applies to the broker, to the clients or to both. For each it needs a test, or a note: why it cannot
be tested from outside and which code holds it. A note that begins "not there yet" may stand beside tests.
"""
import csv
import dataclasses
import fnmatch
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ROLES = {"server": ("broker",), "client": ("clients",), "both": ("broker", "clients")}
NOT_YET = "not there yet"
PASS, FAIL, NOT_RUN, REVIEW = "pass", "FAIL", "not run", "by review"


@dataclasses.dataclass(frozen=True)
class Statement:
    id: str
    version: str
    section: str
    roles: tuple
    summary: str
    notes: dict  # role -> why there is no test


def rows(name):
    with open(HERE / name, encoding="utf-8", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def load():
    return [Statement(row["id"], row["version"], row["section"], ROLES[row["applies_to"]], row["summary"],
                      {role: row[role] for role in ("broker", "clients") if row[role]})
            for row in rows("statements.tsv")]


def tests_of(statement, role, tests):
    return [test for test in tests if test.role == role and statement.id in test.ids[statement.version]]


def check(table, tests):
    """What is wrong with the table: sentences."""
    problems = []
    known = {(statement.version, statement.id) for statement in table}
    for test in tests:
        for version, ids in test.ids.items():
            problems += [f"{test.name} proves {one} of {version}, which does not exist"
                         for one in ids if (version, one) not in known]
    for statement in table:
        problems += [f"{statement.id} of {statement.version} does not apply to the {role}, and {test.name} proves it"
                     for role in ("broker", "clients") if role not in statement.roles
                     for test in tests_of(statement, role, tests)]
        for role in statement.roles:
            note, proofs = statement.notes.get(role, ""), tests_of(statement, role, tests)
            if not note and not proofs:
                problems.append(f"{statement.id} of {statement.version} has neither a test of the {role} nor a reason")
            if note and proofs and not note.startswith(NOT_YET):
                problems.append(f"{statement.id} of {statement.version} is said not to be testable, and is tested")
            problems += missing_code(statement, note)
    return problems


def missing_code(statement, note):
    """Notes name their code as path:word; both must exist."""
    problems = []
    for path, word in re.findall(r"\b((?:src|apps|test)/[\w/.]+):(\w+)", note):
        file = ROOT / path
        if not file.exists() or word not in file.read_text(errors="replace"):
            problems.append(f"{statement.id} of {statement.version}: there is no {word} in {path}")
    return problems


# ---------------------------------------------------------------- differences

def differences(tests, theirs):
    """The reasons why mosquitto fails a test, {(test, version): reason}, and what is wrong with them."""
    explained, problems = {}, []
    failed = {pair for pair, (verdict, _) in theirs.items() if verdict == "fail"}
    for row in rows("differences.tsv"):
        versions = row["versions"].split()
        matched = {(test.name, version) for test in tests for version in versions
                   if fnmatch.fnmatchcase(test.name, row["test"])}
        hit = matched & failed
        if not hit or ("*" not in row["test"] and hit != matched):
            problems.append(f"mosquitto is said to fail {row['test']} [{row['versions']}], and passes")
        explained.update({pair: row["reason"] for pair in hit})
    problems += [f"mosquitto fails {name} [{version}], unexplained by differences.tsv: {theirs[name, version][1]}"
                 for name, version in sorted(failed - set(explained))]
    return explained, problems


# ---------------------------------------------------------------- the document

def verdict_of(statement, role, tests, results):
    proofs = tests_of(statement, role, tests)
    if not proofs:
        return REVIEW
    got = {results[test.name, statement.version][0] for test in proofs}
    if "fail" in got:
        return FAIL
    return PASS if "pass" in got else NOT_RUN


def cell(statement, tests, results, failed):
    verdicts = {role: verdict_of(statement, role, tests, results) for role in statement.roles}
    words = {role: failed if verdict == FAIL else verdict for role, verdict in verdicts.items()}
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{role}: {word}" for role, word in words.items())


def proof_text(statement, tests):
    names = [f"`{test.name}`" for role in statement.roles for test in tests_of(statement, role, tests)]
    notes = [f"{role.capitalize()}: {note}." for role, note in statement.notes.items()]
    return "<br>".join(names + notes)


def counts(table, tests, results):
    words = {PASS: 0, FAIL: 0, NOT_RUN: 0, REVIEW: 0}
    for statement in table:
        for role in statement.roles:
            words[verdict_of(statement, role, tests, results)] += 1
    return words


HEAD = """# Conformance, statement by statement

<!-- Written by `./dev conformance --write`, compared by `./dev conformance --check`. -->

Each normative statement of the standards, what it says in short, and what shows that it holds. A *broker* is tested
over a socket by clients that the suite plays, with a codec of its own; the *clients*, `midge pub` and `midge sub`, by
brokers that it plays. *By review* means that it cannot be tested from outside: then the last column says why, and which
code holds it. Mosquitto's column is what the same tests say of the distribution's 2.0.11, its broker and its clients;
[below](#where-mosquitto-2011-differs) stands why it fails what it fails. The suite also runs against a server that says
nothing and one that closes at once: no test passes there.
"""


def summary(table, tests, results, theirs):
    lines = ["", "| Standard | Statements | | Pass | Fail | Not run | By review |",
             "| --- | ---: | --- | ---: | ---: | ---: | ---: |"]
    for version in ("3.1", "3.1.1", "5"):
        part = [statement for statement in table if statement.version == version]
        for name, of in (("Midge", results), ("Mosquitto 2.0.11", theirs)):
            got = counts(part, tests, of)
            lines.append(f"| MQTT {version} | {len(part)} | {name} | " + " | ".join(
                str(got[word]) for word in (PASS, FAIL, NOT_RUN, REVIEW)) + " |")
    lines += ["", "A statement that applies to brokers and clients counts once for each."]
    return lines


def statement_tables(table, tests, results, theirs):
    lines = []
    for version, more in (("5", ""), ("3.1.1", ""), ("3.1", ": where it differs from 3.1.1; the ids are ours")):
        lines += ["", f"## MQTT {version}{more}", "",
                  "| Statement | Section | What | Midge | Mosquitto 2.0.11 | Shown by |",
                  "| --- | --- | --- | --- | --- | --- |"]
        lines += [f"| {one.id} | {one.section} | {one.summary} | {cell(one, tests, results, 'FAIL')} "
                  f"| {cell(one, tests, theirs, 'differs')} | {proof_text(one, tests)} |"
                  for one in table if one.version == version]
    return lines


def difference_table(explained, all_cases):
    lines = ["", "## Where Mosquitto 2.0.11 differs", "", "| Test | Version | Why |", "| --- | --- | --- |"]
    merged = {}
    for (name, version), reason in sorted(explained.items()):
        if name not in all_cases:
            merged.setdefault((name, reason), []).append(version)
    return lines + [f"| `{name}` | {', '.join(versions)} | {reason} |" for (name, reason), versions in merged.items()]


def case_table(cases, results, theirs, explained):
    lines = ["", "## Malformed packets", "",
             "The packets of `test/cases/`, with the answer that each must get. Mosquitto may close for another",
             "reason than ours: the standard leaves the reason open.", "",
             "| Standard | Cases | Midge | Mosquitto 2.0.11 |", "| --- | ---: | ---: | ---: |"]
    for version in ("3.1", "3.1.1", "5"):
        part = [(test.name, version) for test in cases if version in test.versions]
        good = [sum(of[pair][0] == "pass" for pair in part) for of in (results, theirs)]
        lines.append(f"| MQTT {version} | {len(part)} | {good[0]} | {good[1]} |")
    lines += ["", "| What Mosquitto does otherwise | Cases |", "| --- | --- |"]
    by_reason = {}
    for test in cases:
        for version in test.versions:
            if (test.name, version) in explained:
                names = by_reason.setdefault(explained[test.name, version], {})
                names.setdefault(test.name.split(".", 1)[1], []).append(version)
    for reason, names in by_reason.items():
        listed = ", ".join(f"`{name}` ({', '.join(versions)})" for name, versions in names.items())
        lines.append(f"| {reason} | {listed} |")
    return lines


def document(arguments, table, tests, results, theirs, path):
    """Writes the document or compares it; returns what is wrong."""
    explained, problems = differences(tests, theirs)
    proofs = [test for test in tests if not test.is_case]
    problems += [f"{one.id} of {one.version} was not run, for no reason that is known" for one in table
                 for role in one.roles if verdict_of(one, role, proofs, results) == NOT_RUN
                 and not one.notes.get(role, "").startswith(NOT_YET)]
    cases = [test for test in tests if test.is_case]
    lines = HEAD.rstrip().split("\n") + summary(table, proofs, results, theirs)
    lines += statement_tables(table, proofs, results, theirs)
    lines += difference_table(explained, {test.name for test in cases}) + case_table(cases, results, theirs, explained)
    text = "\n".join(lines) + "\n"
    if arguments.write:
        path.write_text(text, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        problems.append(f"{path.name} is not what this run says: ./dev conformance --write")
    return problems
