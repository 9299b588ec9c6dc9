#!/usr/bin/env python3
"""Tests of tidy.py: for each rule something that breaks it and something close by that does not."""
import unittest

import tidy
from check_layers import check_file, read_layers
from cpp_text import code_of, functions_of

HEADER = "// What it is.\n#pragma once\n"
LONG_BODY = "  work();\n" * 69

# rule: (path, text that breaks it, text that keeps to it)
RULES = {
    "sleep": ("src/server/a.cpp", "std::this_thread::sleep_for(1s);\n", "int sleep_forever = 1;\n"),
    "system": ("apps/a.cpp", "std::system(line);\n", "file_system(line);\n"),
    "thread": ("src/broker/a.cpp", "std::thread worker;\n", "std::thread::id worker;\n"),
    "clock": ("src/broker/a.cpp", "auto now = std::chrono::steady_clock::now();\n",
              "auto now = a.time(); WallTime time(now);\n"),
    "random": ("src/base/a.cpp", "int x = rand();\n", "base::Random random(1);\n"),
    "distribution": ("src/base/a.cpp", "std::shuffle(a, b, c);\n", "cards.shuffle();\n"),
    "assert": ("src/base/a.cpp", "assert(x);\n", "static_assert(x);\n"),
    "iostream": ("src/base/a.cpp", "#include <iostream>\n", "#include <ios>\n"),
    "using-namespace": ("src/base/a.h", HEADER + "using namespace std;\n",
                        HEADER + "using namespace std::chrono_literals;\n"),
    "throwing-print": ("apps/a.cpp", "fmt::print(stderr, text);\n", "apps::print(stderr, text);\n"),
    "unbounded-copy": ("src/base/a.cpp", "sprintf(out, in);\n", "fmt::sprintf(in); snprintf(out, 3, in);\n"),
    "unchecked-number": ("src/base/a.cpp", "int x = atoi(text);\n", "int x = ratio(text);\n"),
    "volatile": ("src/base/a.cpp", "volatile int x;\n", "std::atomic<int> x;\n"),
    "catch-all": ("src/base/a.cpp", "} catch (...) {\n", "} catch (const E& error) {\n"),
    "endl": ("src/base/a.cpp", "out << std::endl;\n", "out << '\\n';\n"),
    "thread-local": ("src/base/a.cpp", "thread_local int x;\n", "int x;\n"),
    "last-newline": ("src/base/a.cpp", "int x;", "int x;\n"),
    "tab": ("dev", "\tsay\n", "  say\n"),
    "trailing-space": ("tools/a.py", "x = 1 \n", "x = 1\n"),
    "long-line": ("src/base/a.cpp", "//" + "-" * 99 + "\n", "//" + "-" * 98 + "\n"),
    "long-file": ("src/base/a.cpp", "int x;\n" * 801, "int x;\n" * 800),
    "header-comment": ("src/base/a.h", "#pragma once\n", HEADER),
    "pragma-once": ("src/base/a.h", "// What it is.\n#ifndef A\n#define A\n#endif\n", HEADER),
    "long-function": ("src/base/a.cpp", "void f() {\n" + LONG_BODY + "}\n",
                      "void f() {\n" + LONG_BODY[:-10] + "}\n"),
    "dead-code": ("src/base/a.cpp", "// close(socket);\n", "// Then close(socket) does nothing.\n"),
    "todo": ("src/base/a.cpp", "// TODO: faster\n", "// TODO(#7): needs a kernel that has it\n"),
    "nolint": ("src/base/a.cpp", "int x;  // NOLINT\n", "int x;  // NOLINT(misc-a)\n"),
}


def broken(path, text):
    return {rule for _, rule, _ in tidy.check_text(path, text)}


class Rules(unittest.TestCase):
    def test_each_rule_finds_what_breaks_it_and_nothing_else(self):
        for rule, (path, bad, good) in RULES.items():
            with self.subTest(rule):
                self.assertEqual(broken(path, bad), {rule})
                self.assertEqual(broken(path, good), set())

    def test_each_banned_word_has_an_example_here(self):
        self.assertEqual({ban.rule for ban in tidy.BANS} - set(RULES), set())

    def test_words_in_comments_and_strings_are_no_calls(self):
        self.assertEqual(broken("src/a/a.cpp", '// rand() is weak\nauto x = "volatile";\n'), set())

    def test_a_rule_does_not_hold_where_its_paths_are_allowed(self):
        self.assertEqual(broken("src/runtime/a.cpp", "std::thread worker;\n"), set())
        self.assertEqual(broken("src/topic/index_test.cpp", "std::thread worker;\n"), set())

    def test_an_example_in_a_comment_is_no_dead_code(self):
        self.assertEqual(broken("src/a/a.cpp", "//   client.publish(topic);\n"), set())

    def test_other_languages_have_a_little_more_room(self):
        self.assertEqual(broken("tools/a.py", "#" * 120 + "\n"), set())
        self.assertEqual(broken("tools/a.py", "#" * 121 + "\n"), {"long-line"})

    def test_a_finding_names_the_line(self):
        self.assertEqual(tidy.check_text("src/a/a.cpp", "int a;\nint x = rand();\n")[0][0], 2)


class Allowances(unittest.TestCase):
    def test_an_entry_without_a_reason_is_a_finding(self):
        allowed, wrong = tidy.read_allowed("# why\na.cpp sleep\nb.cpp sleep it has none\n")
        self.assertEqual(allowed, {("a.cpp", "sleep"): 2, ("b.cpp", "sleep"): 3})
        self.assertEqual([line for line, _, _ in wrong], [2])


class CppText(unittest.TestCase):
    def test_blanks_keep_lines_and_columns(self):
        text = ('int a; // x\nauto b = R"(\n"{)"; char c = \'{\';\n'
                'int d = 1\'000; /* {\n */ f("\\"{");\n')
        code = code_of(text)
        self.assertEqual(len(code), len(text))
        self.assertEqual(code.count("\n"), text.count("\n"))
        self.assertNotIn("{", code)
        self.assertIn("1'000", code)

    def test_functions_are_found_in_classes_and_with_initialisers(self):
        code = ("namespace a {\nclass B final : public C {\n  B(int x)\n      : x_{x} {\n    f();\n"
                "  }\n  int x_ = {};\n};\nint g(int y) {\n  if (y) {\n    h();\n  }\n}\n}\n")
        self.assertEqual([name for _, _, name in functions_of(code)][-1], "g")
        self.assertIn((9, 13, "g"), functions_of(code))

    def test_a_lambda_belongs_to_its_function(self):
        code = "void f() {\n  run([](int x) {\n    g(x);\n  });\n}\n"
        self.assertEqual(functions_of(code), [(1, 5, "f")])


class Layers(unittest.TestCase):
    allowed, _ = read_layers("base:\nwire: base\ntopic: base\n")

    def test_a_module_may_include_itself_and_what_its_line_names(self):
        text = '#include "wire/packet.h"\n#include "base/bytes.h"\n#include "absl/hash.h"\n'
        self.assertEqual(check_file(tidy.pathlib.Path("wire/a.h"), text, self.allowed), [])

    def test_another_module_is_refused_by_line(self):
        errors = check_file(tidy.pathlib.Path("wire/a.h"), '\n#include "topic/a.h"\n', self.allowed)
        self.assertEqual(errors, ["src/wire/a.h:2: wire may not include topic, only base"])

    def test_an_include_without_a_module_and_an_unlisted_module_are_refused(self):
        self.assertTrue(check_file(tidy.pathlib.Path("wire/a.h"), '#include "a.h"\n', self.allowed))
        self.assertTrue(check_file(tidy.pathlib.Path("new/a.h"), "", self.allowed))

    def test_a_layer_names_only_what_stands_above_it(self):
        self.assertTrue(read_layers("wire: base\nbase:\n")[1])


if __name__ == "__main__":
    unittest.main()
