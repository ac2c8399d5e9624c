"""Counts the test cases of one meson test run, for the closing line of ./bootstrap test.

usage: count-results.py RUN-NAME MESON-LOGS-DIR; prints "PASSED FAILED SKIPPED", names failures and skips on stderr.
A program that ends badly without a failed case (a crash, a time-out) counts as one more failure.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def cases(logs):
    """(program, case, "passed" | "failed" | "skipped") of every program that reports cases of its own"""
    for suite in ElementTree.parse(logs / "testlog.junit.xml").getroot().iter("testsuite"):
        program = suite.get("name", "").partition(".")[2]
        for case in suite.iter("testcase") if program else ():
            bad = case.find("failure") is not None or case.find("error") is not None
            skipped = case.find("skipped") is not None
            yield program, case.get("name", ""), "failed" if bad else "skipped" if skipped else "passed"


def main():
    run, logs = sys.argv[1], Path(sys.argv[2])
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    reporting, failing = set(), set()

    def count(program, case, result):
        counts[result] += 1
        if result != "passed":
            print(f"{result.upper()} {run}: {program} {case}", file=sys.stderr)

    for program, case, result in cases(logs):
        reporting.add(program)
        if result == "failed":
            failing.add(program)
        count(program, case, result)
    for line in (logs / "testlog.json").read_text().splitlines():
        test = json.loads(line)
        program, result = test["name"], test["result"]
        if result in ("OK", "EXPECTEDFAIL"):
            if program not in reporting:
                count(program, "", "passed")
        elif result == "SKIP":
            if program not in reporting:
                count(program, "", "skipped")
        elif program not in failing:
            count(program, f"({result}, exit status {test.get('returncode')})", "failed")
    print(counts["passed"], counts["failed"], counts["skipped"])


main()
