#!/usr/bin/env python3
"""kernel_symbols.py must find a planted function that two levels share. Usage: ... CXX"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).with_name("kernel_symbols.py")
CXX = sys.argv.pop() if len(sys.argv) > 1 else "c++"
SHARED = "inline __attribute__((noinline)) int Twice(int x) { return 2 * x; }\n"


class KernelSymbolsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def compiled(self, name, source):
        path = self.folder / f"{name}.cc"
        path.write_text(source, encoding="utf-8")
        subprocess.run([CXX, "-c", path, "-o", path.with_suffix(".o")], check=True)
        return path.with_suffix(".o")

    def check(self, *arguments):
        return subprocess.run([sys.executable, CHECK, *arguments], capture_output=True, text=True)

    def test_a_shared_inline_function_is_found(self):
        a = self.compiled("a", SHARED + "int A(int x) { return Twice(x); }")
        b = self.compiled("b", SHARED + "int B(int x) { return Twice(x); }")
        result = self.check(f"baseline={a}", f"v3={b}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("v3 shares with baseline: _Z5Twicei", result.stdout)

    def test_one_level_may_share_with_itself(self):
        a = self.compiled("a", SHARED + "int A(int x) { return Twice(x); }")
        b = self.compiled("b", SHARED + "int B(int x) { return Twice(x); }")
        self.assertEqual(self.check(f"v3={a},{b}").returncode, 0)

    def test_functions_in_namespaces_of_their_own_are_not_shared(self):
        a = self.compiled("a", f"namespace a {{ {SHARED} }} int A(int x) {{ return a::Twice(x); }}")
        b = self.compiled("b", f"namespace b {{ {SHARED} }} int B(int x) {{ return b::Twice(x); }}")
        self.assertEqual(self.check(f"baseline={a}", f"v3={b}").returncode, 0)

    def test_nothing_to_compare_is_an_error(self):
        self.assertEqual(self.check("v3=").returncode, 2)


if __name__ == "__main__":
    unittest.main()
