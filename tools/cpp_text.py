"""C++ source as text: blanks out comments and literals, and finds function bodies. Enough for rules
that look at words and braces; it expands no macros and is no parser."""
import re

# What starts first wins, so a quote in a comment starts no string. An include's path is no literal.
_TOKEN = re.compile(
    r"""(?P<include>^[ ]*\#[ ]*include[ ]*"[^"\n]*")"""
    r"""|(?P<comment>//[^\n]*|/\*.*?\*/)"""
    r"""|(?P<raw>R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)")"""
    r"""|(?P<text>"(?:\\.|[^"\\\n])*")"""
    r"""|(?P<number>\b\d[\w']*)"""
    r"""|(?P<char>'(?:\\.|[^'\\\n])+')""",
    re.DOTALL | re.MULTILINE | re.VERBOSE)

_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_of(text):
    """The text with comments and the insides of literals as blanks: same lines, same columns."""
    def replace(hit):
        if hit.group("number") or hit.group("include"):
            return hit.group()
        if hit.group("comment"):
            return _blank(hit.group())
        return hit.group()[0] + _blank(hit.group()[1:-1]) + hit.group()[-1]

    return _TOKEN.sub(replace, text)


def comments_of(text):
    """(line number, comment) of each comment, a line of a block comment each."""
    found = []
    for hit in _TOKEN.finditer(text):
        if hit.group("comment"):
            first = text.count("\n", 0, hit.start()) + 1
            found += [(first + i, line) for i, line in enumerate(hit.group().split("\n"))]
    return found


def _opens_function(head):
    """Whether the text between the last ; { or } and a { is the head of a function."""
    return "(" in head and not _SCOPE.search(head.split("(")[0])


def functions_of(code):
    """(first line, last line, name) of each function body in code_of() text. A lambda or a local
    class is part of the function that it stands in."""
    found, stack, head_start = [], [], 0
    code = re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda hit: _blank(hit.group()), code)
    for hit in re.finditer(r"[{};]", code):
        mark, at = hit.group(), hit.start()
        if mark == "{":
            head = code[head_start:at]
            inside = any(kind == "function" for kind, _, _ in stack)
            kind = "function" if not inside and _opens_function(head) else "other"
            stack.append((kind, head_start + len(head) - len(head.lstrip()), head))
        elif mark == "}" and stack:
            kind, start, head = stack.pop()
            if kind == "function":
                name = re.search(r"([\w:~]+|operator\W+)\s*\(", head)
                found.append((code.count("\n", 0, start) + 1, code.count("\n", 0, at) + 1,
                              name.group(1) if name else "function"))
        head_start = at + 1
    return found
