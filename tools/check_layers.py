#!/usr/bin/env python3
"""Fails when a module includes one that src/layers.txt does not allow.

layers.txt has one line a module, lowest first:   name: allowed allowed ...
A module may include itself and what its line names; what a line names must stand above it, so there
are no cycles. Usage: check_layers.py [ROOT]
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')


def read_layers(text):
    """The modules with what each may include, and what is wrong with the list itself."""
    allowed, errors = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, below = line.partition(":")
        for module in below.split():
            if module not in allowed:
                errors.append(f"src/layers.txt:{number}: {module} is not listed above {name}")
        if name in allowed:
            errors.append(f"src/layers.txt:{number}: {name} is listed twice")
        allowed[name] = {name, *below.split()}
    return allowed, errors


def check_file(path, text, allowed):
    """What is wrong with the includes of one file; path is relative to src."""
    if len(path.parts) < 2:
        return [f"src/{path}: lies in no module; move it into a folder that src/layers.txt lists"]
    module, errors = path.parts[0], []
    if module not in allowed:
        return [f"src/{path}: src/layers.txt does not list the module {module}"]
    for number, line in enumerate(text.splitlines(), 1):
        hit = INCLUDE.match(line)
        if not hit:
            continue
        target = hit.group(1).split("/")[0]
        if target == hit.group(1):
            errors.append(f'src/{path}:{number}: write "{module}/{target}", with the module')
        elif target in allowed and target not in allowed[module]:
            may = ", ".join(sorted(allowed[module] - {module})) or "nothing else"
            errors.append(f"src/{path}:{number}: {module} may not include {target}, only {may}")
    return errors


def check(root):
    src = root / "src"
    allowed, errors = read_layers((src / "layers.txt").read_text())
    files = sorted([*src.rglob("*.h"), *src.rglob("*.cpp")])
    for path in files:
        errors += check_file(path.relative_to(src), path.read_text(), allowed)
    return len(allowed), len(files), errors


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent
    modules, files, errors = check(root)
    print("\n".join(errors) or f"{modules} modules, {files} files: the layers hold")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
