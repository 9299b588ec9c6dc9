#!/usr/bin/env python3
"""The house rules that a pattern can hold, as a test: a finding says what to write instead and why.

A place that breaks a rule for a good reason stands in tools/tidy_allow.txt, one a line:
    PATH RULE REASON...
An entry that nothing needs any more is a finding too. Usage: tidy.py [FILE...]
"""
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass

from cpp_text import code_of, comments_of, functions_of

CPP_COLUMNS_MAX = 100  # As .clang-format has it.
COLUMNS_MAX = 120  # Everything else.
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 800

CPP = (".h", ".cpp")
TEXT = (*CPP, ".py", ".sh", ".cmake", ".js", ".mjs", "CMakeLists.txt", "dev", ".ci/run")


@dataclass(frozen=True)
class Ban:
    """Words that may not stand in the code of C++ files, except under some paths."""
    rule: str
    pattern: str
    instead: str
    allowed_in: str = r"(?!)"  # A pattern for paths; by default it matches none.
    only_in: str = r""


TESTS = r"_test\.cpp$|^test/"
THREADED = r"^src/(runtime|server|client)/|^bench/|^examples/"

BANS = (
    Ban("sleep", r"\b(u|nano|clock_nano)?sleep\s*\(|\bsleep_(for|until)\b",
        "move the clock or wait for the event itself: a sleep is always too long or too short"),
    Ban("system", r"(?<![\w.>])(std::)?(system|popen)\s*\(",
        "call the library, or spawn the program itself: a shell reads its input as code"),
    Ban("thread", r"\bstd::(jthread|thread|async)\b(?!::)|\bpthread_create\b",
        "give the work to `runtime`: below it nothing starts threads, so it runs in the simulator",
        allowed_in=TESTS + "|" + THREADED),
    Ban("clock",
        r"_clock::now\b|\b(clock_gettime|gettimeofday)\s*\(|\btime\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)",
        "take `now` as an argument: whoever drives a machine says what time it is",
        allowed_in=r"^(src/runtime|apps|bench|test|examples)/"),
    Ban("random", r"\b(s?rand|srandom|[dlm]rand48)\s*\(|\bstd::(mt19937|default_random_engine)",
        "use base::Random with a seed that is an argument: a run must be repeatable"),
    Ban("distribution", r"\bstd::\w+_distribution\b|\bstd::(ranges::)?(shuffle|sample)\b",
        "use base::Random::range(): the standard's differ by library, so seeds don't replay"),
    Ban("assert", r"(?<!\w)assert\s*\(|#\s*include\s*<(cassert|assert\.h)>",
        "use ASSERT (base/assert.h): it is on in release too"),
    Ban("iostream", r"#\s*include\s*<iostream>",
        "return values, or log through what was passed in: modules don't own the terminal",
        only_in=r"^src/"),
    Ban("using-namespace", r"\busing\s+namespace\b(?! std::\w*literals;)",
        "name what is used: a header's `using namespace` is everyone's", only_in=r"\.h$"),
    Ban("throwing-print", r"\bfmt::print\s*\(",
        "use apps::print: fmt::print throws when whoever read the other end has gone",
        only_in=r"^(src|apps)/"),
    Ban("unbounded-copy", r"(?<!fmt::)\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\s*\(",
        "use std::string, fmt::format or snprintf: these write past the end"),
    Ban("unchecked-number", r"\b(std::)?(ato[ifl]|atoll)\s*\(",
        "use std::from_chars: these can't tell 0 from nonsense"),
    Ban("volatile", r"\bvolatile\b",
        "use std::atomic: volatile orders nothing between threads"),
    Ban("catch-all", r"\bcatch\s*\(\s*\.\.\.\s*\)",
        "catch the exception that the library documents: our own mistakes must stop the process"),
    Ban("endl", r"\bstd::endl\b", r"write '\n': endl flushes each line"),
    Ban("thread-local", r"\bthread_local\b",
        "keep it in the object that the thread owns: hidden state breaks repeatability"),
)


def check_bans(path, text):
    if not path.endswith(CPP):
        return
    code = code_of(text).split("\n")
    for ban in BANS:
        if re.search(ban.allowed_in, path) or not re.search(ban.only_in, path):
            continue
        for number, line in enumerate(code, 1):
            if re.search(ban.pattern, line):
                yield number, ban.rule, ban.instead


def check_layout(path, text):
    """What every kind of source keeps to."""
    if not text.endswith("\n") and text:
        yield text.count("\n") + 1, "last-newline", "end the file with a newline"
    columns = CPP_COLUMNS_MAX if path.endswith(CPP) else COLUMNS_MAX
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            yield number, "tab", r"indent with spaces; in a literal write \t"
        if line != line.rstrip():
            yield number, "trailing-space", "remove the blanks at the end of the line"
        if len(line) > columns and "://" not in line and "NOLINT" not in line:
            yield number, "long-line", f"{len(line)} columns; at most {columns}"
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield 1, "long-file", f"{lines} lines; at most {FILE_LINES_MAX}: split what it holds"


def check_header(path, text):
    if not path.endswith(".h"):
        return
    if not text.startswith("//"):
        yield 1, "header-comment", "say on top what it is, who owns it, what it never does"
    if not re.search(r"(?m)^#pragma once$", text):
        yield 1, "pragma-once", "write `#pragma once`, not #ifndef guards: it can't clash"


def check_functions(path, text):
    if not path.endswith(CPP):
        return
    for first, last, name in functions_of(code_of(text)):
        lines = last - first + 1
        if lines > FUNCTION_LINES_MAX:
            yield first, "long-function", f"{name}: {lines} lines; at most {FUNCTION_LINES_MAX}"


# Three blanks or more after the slashes mark an example, which may well be code.
_CODE = re.compile(r"//+ {0,2}(?! )(\}|(if|for|while|return|else)\b.*[;{]|#\s*include\b.*|"
                   r"[\w:.<>*&\[\]-]+( [\w:.<>*&\[\]]+)*( ?=[^=].*|\(.*\));)\s*$")
_NAMED_NOLINT = re.compile(r"NOLINT(NEXTLINE|BEGIN|END)?\([\w.,* -]+\)")
_MARK = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def check_comments(path, text):
    if not path.endswith(CPP):
        return
    for number, comment in comments_of(text):
        if _CODE.match(comment):
            yield number, "dead-code", "delete it: git remembers; indent an example by 3 blanks"
        hit = _MARK.search(comment)
        if hit and not re.search(r"TODO\(#\d+\): \w", comment):
            yield number, "todo", "do it, or write TODO(#ISSUE): why not now"
        if "NOLINT" in comment and not _NAMED_NOLINT.search(comment):
            yield number, "nolint", "name the check that is wrong here: NOLINT(check-name)"


CHECKS = (check_bans, check_layout, check_header, check_functions, check_comments)


def check_text(path, text):
    """[(line, rule, what to do)] of one file, by line."""
    return sorted({finding for check in CHECKS for finding in check(path, text)})


def read_allowed(text):
    """{(path, rule): line} and the lines that are no entry or give no reason."""
    allowed, broken = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        path, rule, reason = (line.split(None, 2) + ["", "", ""])[:3]
        allowed[path, rule] = number
        if not reason:
            broken.append((number, "allow-list", f"say why {path} may break `{rule}`"))
    return allowed, broken


def sources(root):
    """The tracked files and the new ones that nothing ignores, as paths from the root."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"], cwd=root, check=True, capture_output=True, text=True).stdout
    names = sorted({name for name in listed.split("\0") if name.endswith(TEXT)})
    return [name for name in names if (root / name).is_file()]


def check_tree(root, names, complete):
    """Findings as printable lines; a complete run also looks for allowances that nothing needs."""
    allow_file = "tools/tidy_allow.txt"
    allowed, broken = read_allowed((root / allow_file).read_text())
    lines = [f"{allow_file}:{number}: {rule}: {what}" for number, rule, what in broken]
    used = set()
    for name in names:
        for number, rule, what in check_text(name, (root / name).read_text()):
            if (name, rule) in allowed:
                used.add((name, rule))
            else:
                lines.append(f"{name}:{number}: {rule}: {what}")
    if complete:
        lines += [f"{allow_file}:{number}: allow-list: {path} keeps to `{rule}`: remove the line"
                  for (path, rule), number in allowed.items() if (path, rule) not in used]
    return lines


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    names = sys.argv[1:] or sources(root)
    lines = check_tree(root, names, complete=not sys.argv[1:])
    print("\n".join(lines) or f"{len(names)} files keep to the house rules")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
