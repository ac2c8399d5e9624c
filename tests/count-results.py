"""Counts the test cases of one meson test run, for the closing line of ./bootstrap test.

usage: count-results.py RUN-NAME testlog.junit.xml; prints "PASSED FAILED SKIPPED", names failures and skips on stderr.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import xml.etree.ElementTree as ElementTree


def main():
    run, path = sys.argv[1:]
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{run}: {case.get('classname', '')} {case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            print(f"FAILED {name}", file=sys.stderr)
        elif (skip := case.find("skipped")) is not None:
            skipped += 1
            print(f"skipped {name}: {skip.get('message') or (skip.text or '').strip()}", file=sys.stderr)
        else:
            passed += 1
    print(passed, failed, skipped)


main()
