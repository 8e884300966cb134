"""Runs unittest cases: one line per test, and a final line with the counts."""

import os
import sys
import time
import traceback
import unittest
from concurrent.futures import ThreadPoolExecutor


class _Lines(unittest.TestResult):
    """Prints each outcome when it is known, and the reason for a failure on standard error."""

    def __init__(self):
        super().__init__()
        self.passed = self.failed = 0
        self._sub_failed = False

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()
        self._sub_failed = False

    def _say(self, word, test, more=""):
        seconds = time.monotonic() - getattr(self, "_began", time.monotonic())
        name = getattr(test, "_testMethodName", str(test)).removeprefix("test_").replace("_", " ")
        doubt = f": {more}" if more else ""
        # One piece, as other threads write too.
        sys.stdout.write(f"{word:4} {type(test).__name__}: {name} ({seconds:.1f} s){doubt}\n")
        sys.stdout.flush()

    def addSuccess(self, test):
        if not self._sub_failed:
            self.passed += 1
            self._say("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._say("skip", test, reason)

    def _fail(self, test, error, more=""):
        self.failed += 1
        self._say("FAIL", test, more)
        lines = traceback.format_exception(*error)
        print("     " + "".join(lines).strip().replace("\n", "\n     "), file=sys.stderr, flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._sub_failed = True
            self._fail(test, err, str(subtest._subDescription()))


def main(module_name="__main__", at_once=1):
    """Runs the cases of a module; arguments select those whose name contains one of them. Ends the process.

    Tests that mostly wait, and share nothing, can run several at once.
    """
    if not os.environ.get("LEASEHOLD"):
        sys.exit("LEASEHOLD must be the path of the command to test")
    # Tests run it in their own folders.
    os.environ["LEASEHOLD"] = os.path.abspath(os.environ["LEASEHOLD"])
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module_name])
    wanted = sys.argv[1:]
    if wanted:
        suite = unittest.TestSuite(t for t in _flat(suite) if any(word in t.id() for word in wanted))
    with ThreadPoolExecutor(at_once) as workers:
        results = list(workers.map(_result, _flat(suite) if at_once > 1 else [suite]))
    passed, failed = sum(result.passed for result in results), sum(result.failed for result in results)
    skipped = sum(len(result.skipped) for result in results)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or passed + failed + skipped == 0 else 0)


def _result(suite):
    result = _Lines()
    suite.run(result)
    return result


def _flat(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _flat(item)
        else:
            yield item
