"""Texts that would do harm where a name is put into a statement, a path, a header or a page without care."""

from __future__ import annotations

#: A part of every payload: statements are searched for it.
MARK = "zq9"

#: What comes before, between and after the mark in what scanners and advisories try.
_SHAPES = (
    "{m}", "{m}'", '{m}"', "{m}`", "{m}--", "{m}/*", "{m};", "{m})", "{m}\\", "{m}%", "{m}_", "{m}\n", "{m}\t",
    "{m}\r\nX-A: b",
    "' OR '{m}'='{m}", "\" OR \"{m}\"=\"{m}", "1 OR 1=1 --{m}", "name; DROP TABLE t__deal; --{m}", "name DESC, (SELECT {m})",
    "(SELECT {m} FROM dw_account)", "name UNION SELECT {m}", "name AND pg_sleep(9) --{m}", "CASE WHEN 1=1 THEN {m} END",
    "name COLLATE {m}", "t__deal.{m}", "t__account.{m}", "margin/**/{m}", "name::{m}",
    "CAST(name AS {m})", "randomblob({m})",
    "load_extension('{m}')", "pg_read_file('{m}')", "sqlite_master.{m}", "pg_catalog.{m}", "rowid+{m}", "rowid {m}", "ctid {m}",
    "__class__.{m}", "__dict__.{m}", "account.__init__.{m}", "env.{m}", "self.{m}", "constructor.{m}", "__proto__.{m}",
    "../../{m}", "..\\{m}", "%2e%2e%2f{m}", "%00{m}", "\x01{m}", "{m}\u0000", "{m}\u202e", "{m}\u2028",
    "{m}\U0001f600", "ｎａｍｅ{m}", "N\u0430me{m}", "${{m}}", "{{{m}}}", "%({m})s", "{0.{m}}", "%s{m}", ":{m}", "@{m}", "?{m}",
    "[{m}]", "<script>{m}</script>",
    "{m}" * 500, "-{m}", "--{m}", "{m}.{m}.{m}.{m}.{m}.{m}.{m}.{m}", "null{m}", "true{m}", "0x{m}", "1e999{m}", "{m},{m}",
)  # fmt: skip


PAYLOADS = tuple(shape.replace("{m}", MARK) for shape in _SHAPES)
assert len(set(PAYLOADS)) == len(PAYLOADS) >= 60
