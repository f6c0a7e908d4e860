"""Each guard is taken away once, and the tests must notice: a test that cannot fail guards nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REFUSALS, TWINS, INVENTORY = "security/test_refusals.py", "security/test_twins.py", "access/test_inventory.py"
LIMITS, RATES = "access/test_sign_in_limits.py", "access/test_rates.py"
CHANGES, FORMS, SPACES = "access/test_changes.py", "web/test_intake.py", "web/test_spaces.py"
REPEATED = "web/test_repeated.py"
READ, REQUESTS, SAVE = "records/test_read.py", "security/test_requests.py", "records/test_save.py"


@dataclass(frozen=True)
class Fault:
    """One line of the platform made wrong.

    Attributes:
        file: Below ``platform/dealwright``.
        old, new: What is replaced; ``old`` stands in the file once.
        detector: The test file that must fail.
    """

    file: str
    old: str
    new: str
    detector: str


FAULTS = (
    # what may be seen
    Fault("access/rights.py", "see -= _tainted(catalog, roles, entity, see)", "pass", REFUSALS),
    Fault(
        "access/rights.py",
        "if op in g.ops and (g.rows is None or g.rows.evaluate(env) is True)",
        "if op in g.ops",
        REFUSALS,
    ),
    Fault("access/rights.py", 'for grant in self.matching("read", env)))', "for grant in self.grants))", REFUSALS),
    Fault("access/rights.py", 'otherwise = levels.get("*", "none")', 'otherwise = levels.get("*", "see")', TWINS),
    Fault("access/rights.py", 'one in ("see", "edit")}', 'one in ("see", "edit", "none")}', REFUSALS),
    Fault("access/rights.py", 'if one == "edit" and name in see and', "if name in see and", REFUSALS),
    Fault(
        "access/rights.py",
        'if grant.rows is None and "read" in grant.ops and _covers',
        'if "read" in grant.ops and _covers',
        TWINS,
    ),
    Fault(
        "access/rights.py",
        "        return sees(formula.fields) and _others_seen(catalog, roles, formula)",
        "        return True",
        REFUSALS,
    ),
    Fault(
        "access/rights.py",
        "    if not found.grants:\n        raise NotFoundError",
        "    if False:\n        raise NotFoundError",
        REFUSALS,
    ),
    Fault("access/rights.py", "    if not found.allows(op):", "    if False:", REFUSALS),
    Fault("access/rows.py", "if showing != held:", "if False:", READ),
    Fault("access/rows.py", "        if not showing:", "        if False:", REFUSALS),
    Fault("access/rows.py", "if any(grant.rows is None for grant in grants):", "if True:", READ),
    Fault("access/rows.py", "if first not in seen or (dot", "if (dot", REFUSALS),
    Fault("access/asking.py", "    if not all_seen(catalog, user, found):", "    if False:", REFUSALS),
    Fault(
        "access/asking.py",
        'if name is None and error.reason != "unknown-field":',
        'if error.reason != "unknown-field":',
        REFUSALS,
    ),
    # reading
    Fault(
        "records/read.py",
        "    where = allowed(work, entity, looked_at | set(shown_paths), op_fields=looked_at)",
        "    where = []",
        TWINS,
    ),
    Fault("records/read.py", "    where = allowed(work, entity, looked_at)\n", "    where = []\n", TWINS),
    Fault(
        "records/read.py",
        "        seen &= frozenset(only) | access.ALWAYS_SEEN",
        "        seen = frozenset(only) | access.ALWAYS_SEEN",
        TWINS,
    ),
    Fault("records/read.py", 'if path.partition(".")[0] not in shown:', "if False:", TWINS),
    Fault(
        "records/read.py",
        "places.append((entity.id, where or [], searchable(work, entity)))",
        "places.append((entity.id, [], searchable(work, entity)))",
        TWINS,
    ),
    Fault("records/read.py", '    if op != "read":', "    if False:", TWINS),
    Fault(
        "records/read.py",
        "return tuple(name for name in declared if all(name in one.see for one in grants))",
        "return declared",
        "records/test_searchable.py",
    ),
    Fault(
        "records/following.py",
        '"text" in comments[user].get(one.comment, ())',
        "True",
        "records/test_following.py",
    ),
    Fault(
        "records/submissions.py",
        "return [one for one in problems if one.code not in _THERE]",
        "return list(problems)",
        FORMS,
    ),
    Fault("records/exports.py", 'op="export"', 'op="read"', TWINS),
    Fault("records/past.py", "if name in may_see}", "if name}", TWINS),
    Fault("records/past.py", 'if (changes or not event["changes"]) and shown:', "if shown:", TWINS),
    Fault("records/past.py", "for row in found if decision_seen(work, row, may_see)]", "for row in found]", TWINS),
    Fault("records/past.py", "    if not decision_seen(work, row, may_see):", "    if False:", TWINS),
    Fault("records/passage.py", 'only = None if held.matching("move", env) else seen', "only = None", TWINS),
    Fault(
        "records/approval_views.py",
        "if row.record in envs and (seen[row.record] or has_to_do(work, row))]",
        "if row.record in envs]",
        TWINS,
    ),
    Fault(
        "records/approval_views.py",
        "return has_to_do(work, row) or seen >= frozenset(row.facts)",
        "return True",
        TWINS,
    ),
    Fault("records/approval_views.py", "only=seen & frozenset(row.facts))", "only=frozenset(row.facts))", TWINS),
    Fault("records/approving.py", "    if not mine and work.user.id != row.requester:", "    if False:", INVENTORY),
    Fault(
        "records/approving.py",
        '    if held is not None and not held.matching("update", env):',
        "    if False:",
        "records/test_approving.py",
    ),
    Fault(
        "records/suggestions.py",
        "    if not past.shows(work, one.entity, one.reads, may_see):",
        "    if False:",
        "records/test_suggestions.py",
    ),
    Fault(
        "records/enrolling.py",
        '    if draft is None or not held.matching("update", draft.env):',
        "    if draft is None:",
        "records/test_sequences.py",
    ),
    Fault("records/reasons.py", "    if not _seen(work, rule, known):", "    if False:", "records/test_reasons.py"),
    Fault("records/reports.py", "        where = read.allowed(work, entity, looked_at)", "        where = []", TWINS),
    Fault(
        "records/reports.py",
        "        where += read.allowed(work, entity, condition.fields | condition.paths)",
        "        pass",
        TWINS,
    ),
    Fault(
        "records/approval_links.py",
        "    if link.expires_at <= clock.now():",
        "    if False:",
        "records/test_approval_mail.py",
    ),
    Fault(
        "packs/plan.py",
        "            escalation.demand(prepared.old, prepared.catalog, _coming(prepared), roles)",
        "            pass",
        "packs/test_permissions.py",
    ),
    # changing
    Fault("records/judge.py", "        if not matching:", "        if False:", REFUSALS),
    Fault(
        "records/judge.py",
        "        elif field.system and not settable(name, new=draft.new):",
        "        elif False:",
        REFUSALS,
    ),
    Fault("records/judge.py", "        if field is None or name not in seen:", "        if field is None:", REFUSALS),
    Fault("records/judge.py", "        _forget(draft)", "        pass", REFUSALS),
    Fault("records/judge.py", "    if draft.new or seen:", "    if True:", REFUSALS),
    Fault("records/remove.py", '    if not held.matching("delete", draft.env):', "    if False:", TWINS),
    Fault("records/happenings.py", "    if not events.is_sendable(kind):", "    if False:", REFUSALS),
    Fault("records/happenings.py", 'or not held.matching("update", draft.env):', "or False:", INVENTORY),
    # who asks
    Fault(
        "access/sign_in.py",
        "    if user is None:\n        raise refused",
        "    if user is None:\n        user = User(None, '', '', ())",
        INVENTORY,
    ),
    Fault(
        "storage/accounts.py", "if row is None or (row[4] is not None and row[4] <= now):", "if row is None:", INVENTORY
    ),
    Fault(
        "storage/accounts.py", "if row is None or row[2] <= now or row[1] < idle_since:", "if row is None:", INVENTORY
    ),
    Fault("access/sign_in.py", "        attempts.refuse_early(connection, keys, now)\n", "", LIMITS),
    Fault("access/attempts.py", "    _refuse([one.free_at for one in held.values()], now)", "    pass", LIMITS),
    Fault("access/attempts.py", 'f"origin:{origin(address)}": ORIGIN', 'f"origin:{address}": ORIGIN', LIMITS),
    Fault(
        "access/attempts.py",
        "    attempts.forget(connection, [person])",
        "    attempts.forget(connection, list(keys))",
        LIMITS,
    ),
    Fault("access/sign_in.py", "hashed or nobody, password[:LONGEST]) and", "hashed, password[:LONGEST]) and", LIMITS),
    Fault("access/rates.py", "            if after > rate.window + 1e-6:", "            if False:", RATES),
    Fault("access/rates.py", "                    self._known.pop(secret, None)", "                    pass", RATES),
    Fault("web/visit.py", "if g.user is None and request.endpoint not in OPEN:", "if False:", INVENTORY),
    Fault("web/visit.py", "    csrf.check()", "    pass", REQUESTS),
    Fault(
        "web/csrf.py",
        '    return origin is None or origin == request.host_url.rstrip("/")',
        "    return True",
        REQUESTS,
    ),
    # requests
    Fault("api/answers.py", "    if len(found) < len(pairs):", "    if False:", REFUSALS),
    Fault("api/answers.py", "            parse_constant=_constant,\n", "", REFUSALS),
    Fault("api/answers.py", "    if len(values) > 1:", "    if False:", REQUESTS),
    Fault("api/answers.py", '    if begun.state == "other":', "    if False:", REQUESTS),
    Fault("app.py", "    return csp.secured(response, tls=request.is_secure)", "    return response", REQUESTS),
    Fault("web/csp.py", '        response.headers["Cache-Control"] = "no-store"', "        pass", REQUESTS),
    # what open pages are told, public forms, spaces of teams
    Fault("web/pulse.py", "                if one.record in sight:", "                if True:", CHANGES),
    Fault("web/pulse.py", "                if secret not in users:", "                if False:", CHANGES),
    Fault("web/intake.py", "        if not _fresh(one, token):", "        if False:", FORMS),
    Fault("web/intake.py", "    if request.form.get(HONEY):", "    if False:", FORMS),
    Fault("metadata/intakes.py", 'frozenset({"create"})', 'frozenset({"create", "read"})', FORMS),
    Fault(
        "records/spaces.py",
        "    if not changes and not is_in(work, entity, record):",
        "    if False:",
        SPACES,
    ),
    Fault("web/repeated.py", '        if begun.state == "other":', "        if False:", REPEATED),
)
#: Faults that the ordinary suite tries; all of them are tried at night.
SAMPLE = FAULTS[2], FAULTS[29]


def undetected(fault: Fault, folder: Path) -> str:
    """Put a fault into a copy of the platform and run its detector; return what it said if it did not fail."""
    folder.mkdir(exist_ok=True)
    shutil.copytree(ROOT / "platform", folder / "platform", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("metadata", "rule_packs", "ui"):
        (folder / name).symlink_to(ROOT / name)
    file = folder / "platform" / "dealwright" / fault.file
    file.write_text(file.read_text().replace(fault.old, fault.new))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-m",
        "not nightly",
        "-k",
        "not postgresql",
    ]
    done = subprocess.run(
        [*command, str(ROOT / "tests" / fault.detector)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{folder / 'platform'}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return (
        ""
        if done.returncode == 1
        else f"{fault.file}: {fault.old!r} → {fault.new!r}\n{done.stdout[-600:]}{done.stderr[-300:]}"
    )


def test_every_fault_can_be_put_in():
    assert len(FAULTS) >= 40
    for fault in FAULTS:
        text = (ROOT / "platform" / "dealwright" / fault.file).read_text()
        assert text.count(fault.old) == 1, fault
        compile(text.replace(fault.old, fault.new), fault.file, "exec")


@pytest.mark.slow
@pytest.mark.parametrize("fault", SAMPLE, ids=lambda fault: fault.file)
def test_a_sample_of_faults_is_found(fault, tmp_path):
    assert undetected(fault, tmp_path) == ""


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_every_fault_is_found(number, tmp_path):
    assert undetected(FAULTS[number], tmp_path) == ""
