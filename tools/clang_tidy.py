#!/usr/bin/env python3
"""clang-tidy over src and apps, as many at once as there are cores. A file is looked at again only
when its preprocessed text, its compile command, .clang-tidy or clang-tidy itself has changed since
it was last clean. Usage: clang_tidy.py BUILD [FILE...], BUILD holding compile_commands.json.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

TIDY, CLANG = "clang-tidy-19", "clang++-19"
ROOT = pathlib.Path(__file__).resolve().parent.parent
# With the user's other caches, as ccache's: a second clone finds what the first has looked at.
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "midge-clang-tidy"
# The tests' macros expand to what half the checks object to; their style is tidy.py's alone.
WANTED = re.compile(r"^(src|apps)/(?!.*_test\.cpp$)")


def commands(build, wanted_files):
    """(path from the root, compile command) of what is to be looked at, by path."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(ROOT):
            continue
        name = str(path.relative_to(ROOT))
        if name in wanted_files if wanted_files else WANTED.match(name):
            found[name] = entry
    return sorted(found.items())


def preprocessed(entry):
    """What the compiler sees of a file, comments (they hold NOLINT) included; None if it can't."""
    words = shlex.split(entry["command"])
    words = words[next(i for i, word in enumerate(words) if "clang++" in word) + 1:]
    while "-o" in words:
        del words[words.index("-o"):words.index("-o") + 2]
    result = subprocess.run([CLANG, *words, "-E", "-C", "-w"], cwd=entry["directory"],
                            capture_output=True, check=False)
    return result.stdout if result.returncode == 0 else None


def key_of(entry, fixed):
    text = preprocessed(entry)
    if text is None:
        return None
    seen = "\0".join(shlex.split(entry["command"])).encode() + text
    return hashlib.sha256(fixed + seen.replace(str(ROOT).encode(), b"")).hexdigest()


def look_at(name, entry, build, fixed):
    """What clang-tidy has to say of one file (nothing if clean), and whether it had to be asked."""
    key = key_of(entry, fixed)
    if key and (CACHE / key).exists():
        os.utime(CACHE / key)
        return "", False
    result = subprocess.run([TIDY, "-p", str(build), "--quiet", str(ROOT / name)],
                            check=False, capture_output=True, text=True, cwd=ROOT)
    if result.returncode == 0 and key:
        (CACHE / key).touch()
    # stderr only counts suppressed warnings, unless clang-tidy itself went wrong.
    said = result.stdout.strip() or result.stderr.strip()
    return (said if result.returncode else ""), True


def forget_old(days):
    """Each change to a header leaves keys behind that nothing matches any more."""
    for key in CACHE.iterdir():
        if key.stat().st_mtime < time.time() - days * 86400:
            key.unlink(missing_ok=True)


def main():
    build = pathlib.Path(sys.argv[1])
    CACHE.mkdir(parents=True, exist_ok=True)
    forget_old(days=30)
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True).stdout
    fixed = version + (ROOT / ".clang-tidy").read_bytes()
    files = commands(build, sys.argv[2:])
    if not files:
        print("clang-tidy: no such file is compiled")
        return True
    asked = bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(look_at, name, entry, build, fixed): name for name, entry in files}
        for job in concurrent.futures.as_completed(jobs):
            said, was_asked = job.result()
            asked, bad = asked + was_asked, bad + bool(said)
            if said:
                print(f"--- {jobs[job]}\n{said}", flush=True)
    print(f"clang-tidy: {len(files)} files, {asked} changed since they were clean, {bad} not clean")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
