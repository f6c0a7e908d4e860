"""Tests of packs: data that says what is given, what happens and what is true then (``docs/pack-tests.md``).

run(folder, pattern, coverage)     runs the tests of a pack in a throw-away workspace and returns a Report
generate(folder)                   writes into golden tests what is so now
"""

from __future__ import annotations

from dealwright.pack_tests.run import Report, Result, generate, run
from dealwright.pack_tests.stage import Beside

__all__ = ["Beside", "Report", "Result", "generate", "run"]
