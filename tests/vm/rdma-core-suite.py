#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""rdma-core-suite.py TESTS DEVICE MODULE...: run modules of rdma-core's own tests on an RDMA device.

TESTS is the folder that they are in. Prints KTAP.
"""
import importlib
import sys
import unittest
import warnings

# Tests that are wrong, by what they take for granted
UNSOUND = {
    "test_cq.CQTest.test_resize_cq": "what was posted need not have completed at once",
}


class Ktap(unittest.TestResult):
    """One line per test, flushed, so that a test that hangs is the one after the last line"""

    def __init__(self, total):
        super().__init__()
        self.count = self.bad = 0
        print(f"KTAP version 1\n1..{total}", flush=True)

    def line(self, test, good=True, skip=None, why=None):
        name = test.id().removeprefix("tests.")
        if not good:
            for text in self._exc_info_to_string(why, test).splitlines():
                print("#", text)
            skip = UNSOUND.get(name)
            good = skip is not None
        self.count += 1
        self.bad += not good
        print(f"{'' if good else 'not '}ok {self.count} {name}"
              f"{f' # SKIP {skip}' if skip is not None else ''}", flush=True)

    def addSuccess(self, test):
        self.line(test)

    def addSkip(self, test, reason):
        self.line(test, skip=" ".join(reason.split()))

    def addFailure(self, test, err):
        self.line(test, good=False, why=err)

    addError = addFailure


def main():
    folder, device, *modules = sys.argv[1:]
    # The tests look each other up as a package, and their options in a module beside it.
    sys.path[:0] = [folder, folder + "/.."]
    warnings.simplefilter("ignore")
    sys.argv[1:] = ["--dev", device]
    importlib.import_module("args_parser").parser.parse_args()
    tests = unittest.TestSuite(
        unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module("tests." + name))
        for name in modules)
    result = Ktap(tests.countTestCases())
    tests.run(result)
    return result.bad != 0


sys.exit(main())
