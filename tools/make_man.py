#!/usr/bin/env python3
"""A manual page from a command's own --help, so that the two cannot disagree.

make_man.py NAME "one line about it" < help.txt > NAME.1
"""
import re
import sys


def roff(text):
    """Text as roff takes it: backslashes and leading dots mean nothing special."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def page(name, summary, lines):
    yield f'.TH {name.upper()} 1 "" "midge" "Midge"'
    yield ".SH NAME"
    yield f"{roff(name)} \\- {summary}"
    yield ".SH DESCRIPTION"
    option = re.compile(r"^ {2}(-\S.*?)(?: {2,}(\S.*))?$")
    for line in lines:
        hit = option.match(line)
        if hit:
            yield ".TP"
            yield f".B {roff(hit.group(1))}"
            if hit.group(2):
                yield roff(hit.group(2))
        elif line.startswith(" " * 8):
            yield roff(line.strip())
        elif line in ("Options:", "Commands:"):
            yield f".SH {line[:-1].upper()}"
        elif line.startswith(("Usage:", "       ", "  ")):
            yield ".br"
            yield roff(line.strip())
        elif line:
            yield roff(line)
        else:
            yield ".PP"


def main():
    name, summary = sys.argv[1:]
    print("\n".join(page(name, summary, sys.stdin.read().splitlines())))


main()
