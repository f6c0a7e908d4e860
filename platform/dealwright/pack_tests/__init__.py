"""Tests of packs: data that says what is given, what happens and what is true then (``docs/pack-tests.md``).

run(folder, pattern, coverage)     runs the tests of a pack in a throw-away workspace and returns a Report
generate(folder)                   writes into golden tests what is so now
trial(folders)                     runs the tests of packs on what a plan would put in force
"""

from __future__ import annotations

from dealwright.pack_tests.run import Report, Result, generate, run
from dealwright.pack_tests.stage import Beside
from dealwright.pack_tests.trial import trial

__all__ = ["Beside", "Report", "Result", "generate", "run", "trial"]
