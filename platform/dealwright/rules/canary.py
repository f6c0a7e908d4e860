"""The canary: try the C library on the very rules it is to serve, in a process that may die.

    python -m dealwright.rules.canary  < {"shards": [{"chains": [...], "facts": [{measure: code}, ...]}, ...]}
                                       > {"matches": [[[name, ...], ...], ...]}

The parent (:mod:`dealwright.rules.matcher`) knows the right answers. A crash, a hang, a refusal or one wrong answer
here costs nothing; in a worker it would cost a save.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

from dealwright.rules import durable
from dealwright.rules.pattern import Chain, Test

#: Codes by measure.
Codes = Mapping[str, int]


class CanaryError(RuntimeError):
    """The library died, hung or failed in the throw-away process. The message says which."""


def matches(
    shards: Sequence[Sequence[Chain]], facts: Sequence[Sequence[Codes]], timeout: float
) -> list[list[set[str]]]:
    """Return what the library answers in a process of its own: for each shard and each of its facts, chain names.

    Args:
        shards: Chains as they will be served.
        facts: For each shard, the facts to try.
        timeout: Seconds after which the process is ended.

    Raises:
        CanaryError: If the process dies, takes longer, or does not answer as it should.
    """
    question = json.dumps(
        {
            "shards": [
                {
                    "chains": [[chain.name, [[t.measure, t.op, t.code] for t in chain.tests]] for chain in chains],
                    "facts": [dict(codes) for codes in tried],
                }
                for chains, tried in zip(shards, facts, strict=True)
            ]
        }
    )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "dealwright.rules.canary"],
            input=question,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CanaryError(f"it had not answered after {timeout:g} seconds") from None
    except OSError as error:
        raise CanaryError(f"the process could not be started: {error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CanaryError(f"the process ended with {done.returncode}: {last}")
    try:
        answers = json.loads(done.stdout)["matches"]
        return [[set(names) for names in one] for one in answers]
    except (ValueError, KeyError, TypeError):
        raise CanaryError("the process answered something else than matches") from None


def _answer(question: str) -> str:
    shards = json.loads(question)["shards"]
    answers = []
    for one in shards:
        chains = [Chain(name, tuple(Test(*test) for test in tests)) for name, tests in one["chains"]]
        shard = durable.Shard(chains)
        answers.append([shard.matches(codes) for codes in one["facts"]])
        shard.close()
    return json.dumps({"matches": answers})


if __name__ == "__main__":
    sys.stdout.write(_answer(sys.stdin.read()))
