"""Importing files: what a mapping can say, what becomes of each row, and that nothing is lost or done twice."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime, time, timedelta

import pytest
from openpyxl import Workbook

from dealwright import access, records
from dealwright.errors import DefinitionError, ForbiddenError, NotFoundError, TooLargeError, UnknownFieldError
from dealwright.records import Work, imports, read
from dealwright.records.tables_in import open_table
from dealwright.storage import audit
from sent import statements
from worlds import counts, made, opened, person, rows_of

TABLES = ["t__deal", "t__account", "dw_event", "dw_decision", "dw_outbox", "dw_audit", "dw_import"]


@pytest.fixture
def load(workspace, tmp_path):
    """Import a text as the operator, or what ``user`` says."""

    def run(text, mapping=None, *, entity="t.deal", user=None, name="file.csv", encoding="utf-8", **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return imports.run(workspace, user or access.operator(), entity, open_table(path), mapping, **options)

    return run


def deals(workspace, *names, only=None):
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        found = read.page(work, "t.deal", filter=only, sort="name", size=200).items
    return [tuple(one[name] for name in names) if len(names) > 1 else one[names[0]] for one in found]


def rejects(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def faults(error):
    return {(problem.pointer, problem.code) for problem in error.value.problems}


def test_without_a_mapping_each_column_is_named_like_a_field(workspace, load):
    done = load("name,amount,win,tier\nPumps,1200.50,75,\nBeds,,20,\n")
    assert (done.rows, done.created, done.rejected) == (2, 2, 0)
    # 75 is in the range of tier A; of 20 no rule says anything.
    assert deals(workspace, "name", "amount", "tier") == [("Beds", None, None), ("Pumps", "1200.50", "A")]


def test_rows_meet_records_by_several_fields_together_and_what_is_ambiguous_comes_back(workspace, load, tmp_path):
    for name, tier in (("Pumps", "A"), ("Pumps", "B"), ("Beds", "A"), ("Beds", "A"), ("Lamps", None)):
        made(workspace, "t.deal", name=name, tier=tier)
    mapping = {"key": ["name", "tier"], "columns": {"n": "name", "t": "tier", "a": "amount"}}
    text = "n,t,a\nPumps,A,10\nPumps,C,20\nBeds,A,30\nLamps,,40\nPumps,A,50\n,,60\nPumps,Z,70\n"
    told = []
    done = load(text, mapping, dry=True, told=told.extend)
    assert [(number, became) for number, _, became in told] == [
        (2, "changed"), (3, "new"), (4, "ambiguous"), (5, "changed"), (6, "refused"), (7, "refused"), (8, "refused"),
    ]  # fmt: skip
    out = tmp_path / "rejects.csv"
    with statements() as sent:
        done = load(text, mapping, rejects=out)
    assert sum("t__deal" in one and one.startswith("SELECT") for one in sent) <= 4, "no statement for each row"
    assert (done.created, done.updated, done.rejected) == (1, 2, 4)
    assert done.reasons == {"ambiguous": 1, "key-twice": 1, "required": 1, "no-such-option": 1}
    assert "2 records have the same" in rejects(out)[0]["_reason"]
    found = deals(workspace, "name", "tier", "amount")
    assert sorted(found, key=str) == sorted(
        [("Beds", "A", None), ("Beds", "A", None), ("Lamps", None, "40.00"), ("Pumps", "A", "10.00"), ("Pumps", "B", None),
         ("Pumps", "C", "20.00")], key=str,
    )  # fmt: skip
    with pytest.raises(DefinitionError) as wrong:
        load(text, {**mapping, "key": ["name", "lines", "nmae", "win"]})
    assert {problem.code for problem in wrong.value.problems} == {"no-key", "unknown-field"}


def test_values_defaults_constants_and_columns_left_out(workspace, load):
    mapping = {
        "columns": {
            "Title": "name",
            "Stage": {"to": "stage", "values": {"Sent": "offer", "?": None}, "default": "open"},
            "Worth": {"to": "amount", "values": {"n/a": None}, "default": "5"},
            "Remark": None,
        },
        "constants": {"reason": "'by import'", "discount": "10 + 6", "opens_on": "date('2026-01-31')"},
    }
    load("Title,Stage,Worth,Remark\nA,Sent,n/a,x\nB,?,7,\nC,Won,,\n".replace("Won", "won"), mapping)
    assert deals(workspace, "name", "stage", "amount", "reason", "discount", "opens_on") == [
        ("A", "offer", "5.00", "by import", "16", "2026-01-31"),
        ("B", "open", "7.00", "by import", "16", "2026-01-31"),
        ("C", "won", "5.00", "by import", "16", "2026-01-31"),
    ]


def test_a_key_changes_the_record_that_has_it_and_makes_the_others(workspace, load):
    made(workspace, "t.deal", name="Old", code="D1", amount="1")
    mapping = {"key": "code", "columns": {"code": "code", "name": "name", "amount": "amount"}}
    done = load("code,name,amount\nD1,New,1\nD2,Fresh,2\n", mapping)
    assert (done.created, done.updated, done.unchanged) == (1, 1, 0)
    again = load("code,name,amount\nD1,New,1\nD2,Fresh,2\n", mapping)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert deals(workspace, "code", "name", "version") == [("D2", "Fresh", 1), ("D1", "New", 2)]


def test_the_key_can_be_named_beside_the_mapping(workspace, load):
    made(workspace, "t.deal", name="Old", code="D1")
    assert load("code,name\nD1,New\n", key="code").updated == 1
    assert deals(workspace, "name") == ["New"]


def test_a_key_that_stands_twice_or_is_empty_is_refused_wherever_it_stands(workspace, load, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 2)
    out = tmp_path / "out.csv"
    done = load("code,name\nD1,a\nD2,b\nD3,c\nD1,d\n,e\nD3,f\n", key="code", rejects=out)
    assert (done.created, done.reasons) == (3, {"key-twice": 2, "required": 1})
    assert [(row["_row"], row["name"]) for row in rejects(out)] == [("5", "d"), ("6", "e"), ("7", "f")]
    assert "stands in row 2 too" in rejects(out)[0]["_reason"]


def test_a_reference_is_found_by_the_text_of_a_field(workspace, load, tmp_path):
    one = made(workspace, "t.account", name="Acme", code="A1")
    made(workspace, "t.account", name="B1", region="east")
    made(workspace, "t.account", name="B2", region="east")
    out = tmp_path / "out.csv"
    by_code = {"columns": {"name": "name", "account": {"to": "account", "match": "code"}}}
    done = load("name,account\nx,A1\ny,A9\nz,\n", by_code, rejects=out)
    assert (done.created, done.reasons) == (2, {"no-such-record": 1})
    assert deals(workspace, "name", "account") == [("x", one), ("z", None)]
    assert [row["_reason"] for row in rejects(out)] == ["account: there is no Account whose code is “A9”"]
    by_region = {"columns": {"name": "name", "account": {"to": "account", "match": "region"}}}
    done = load("name,account\nw,east\n", by_region, rejects=out)
    assert (done.created, done.reasons) == (0, {"ambiguous": 1})
    assert "2 records of Account have region “east”" in rejects(out)[0]["_reason"]


def test_what_is_not_found_can_be_made_once_for_all_its_rows_and_for_no_refused_one(workspace, load):
    mapping = {
        "columns": {"account": {"to": "account", "match": "name", "create": True}, "name": "name", "amount": "amount"}
    }
    done = load("account,name,amount\nAcme,a,1\nAcme,b,2\nNowhere,c,-x\n", mapping)
    assert (done.created, done.rejected) == (2, 1)
    assert [row["name"] for row in rows_of(workspace.database, "t__account")] == ["Acme"]
    assert len(set(deals(workspace, "account"))) == 1


def test_why_a_record_could_not_be_made_stands_among_the_reasons(load, tmp_path):
    out = tmp_path / "out.csv"
    mapping = {"columns": {"name": "name", "account": {"to": "account", "match": "code", "create": True}}}
    assert load("name,account\na,A1\n", mapping, rejects=out).rejected == 1
    assert "there is no Account whose code is “A1”; and it was not made: /name" in rejects(out)[0]["_reason"]


def test_rejects_hold_the_row_as_it_was_with_its_number_and_every_reason(workspace, load, tmp_path):
    out = tmp_path / "out.csv"
    done = load('name,amount,win\nok,1,1\n\n"a, b",-1,abc\nc,2,3,4,5\n,,\n,-1,140\n', rejects=out)
    assert (done.rows, done.created, done.rejected) == (4, 1, 3)
    first, second, third = list(csv.reader(out.read_text(encoding="utf-8").splitlines()))[1:]
    assert (first[:4], second[:6], third[:4]) == (
        ["a, b", "-1", "abc", "4"],
        ["c", "2", "3", "4", "5", "5"],
        ["", "-1", "140", "7"],
    )
    assert "the row has 5 cells, the header 3" in second[-1]
    # A text that is no number does not hide the amount below 0; nor does either hide the name that is missing.
    assert [name in first[-1] for name in ("win: ", "amount: ", "name: ")] == [True, True, False]
    assert [name in third[-1] for name in ("win: ", "amount: ", "name: ")] == [True, True, True]
    assert done.reasons["not-a-number"] == done.reasons["too-many-cells"] == 1
    mended = [["name", "amount", "win", "_row", "_reason"], ["a", "1", "50", *first[3:]], ["b", "1", "100", *third[3:]]]
    kept = "\n".join(",".join(f'"{cell}"' for cell in row) for row in mended)
    mapping = {"columns": {"name": "name", "amount": "amount", "win": "win", "_row": None, "_reason": None}}
    assert load(kept, mapping, name="mended.csv").created == 2


def test_a_dry_run_tells_and_writes_nothing(workspace, load, tmp_path):
    made(workspace, "t.deal", name="Old", code="D1")
    before = counts(workspace.database, TABLES)
    mapping = {
        "key": "code",
        "columns": {"code": "code", "name": "name", "account": {"to": "account", "match": "name", "create": True}},
    }
    text, out = "code,name,account\nD1,New,Acme\nD2,Fresh,Acme\nD3,,Acme\n", tmp_path / "out.csv"
    dry = load(text, mapping, dry=True, rejects=out)
    assert counts(workspace.database, TABLES) == before
    assert deals(workspace, "name") == ["Old"]
    assert [row["_row"] for row in rejects(out)] == ["4"]
    assert load(text, mapping).as_json() == dry.as_json()


def test_an_import_without_rules_asks_none_and_is_noted(workspace, load):
    load("name,win\na,90\n", rules=False)
    assert deals(workspace, "name", "tier") == [("a", None)]
    assert rows_of(workspace.database, "dw_decision") == []
    with workspace.database.read() as connection:
        assert audit.verify(connection) is None
    (entry,) = [row for row in rows_of(workspace.database, "dw_audit") if row["action"] == "import.started"]
    data = entry["data"] if isinstance(entry["data"], dict) else json.loads(entry["data"])
    assert (data["rules"], data["entity"], data["file"]) == (False, "t.deal", "file.csv")
    load("name,win\nb,90\n")
    assert deals(workspace, "tier", only='name == "b"') == ["A"]


def test_a_stage_of_a_record_that_is_there_is_a_move_through_its_gates(workspace, load, tmp_path):
    account = made(workspace, "t.account", name="Acme")
    made(workspace, "t.deal", name="Ready", code="D1", amount="5", account=account)
    made(workspace, "t.deal", name="Poor", code="D2", account=account)
    out = tmp_path / "out.csv"
    mapping = {"key": "code", "columns": {"code": "code", "name": "name", "stage": "stage", "amount": "amount"}}
    done = load("code,name,stage,amount\nD1,Ready!,offer,5\nD2,Poor!,offer,\nD3,New,won,1\n", mapping, rejects=out)
    assert (done.created, done.updated, done.rejected) == (1, 1, 1)
    # What is refused is refused whole: the name of D2 stays. The gate is about an amount above 0.
    expected = [("New", "won", 1), ("Poor", "open", 1), ("Ready!", "offer", 2)]
    assert deals(workspace, "name", "stage", "version") == expected
    assert "Say how large it is" in rejects(out)[0]["_reason"]
    moved = [row["type"] for row in rows_of(workspace.database, "dw_event") if row["type"] == "record.moved"]
    assert len(moved) == 1
    # The file brings what the gate asks for.
    done = load("code,name,stage,amount\nD2,Poor!,offer,7\n", mapping, name="more.csv")
    assert (done.updated, deals(workspace, "stage", only='code == "D2"')) == (1, ["offer"])


def test_many_rows_go_in_batches_and_an_import_that_broke_off_goes_on(workspace, load, tmp_path):
    # 1,200 rows in batches of 500; rows 3, 603 and 1,103 (and the header is row 1) have an amount that is none.
    lines = [f"D{i},Deal {i},{'x' if i % 500 == 2 or i == 602 else i}" for i in range(1, 1201)]
    bad = [i for i in range(1, 1201) if i % 500 == 2 or i == 602]
    text, out = "\n".join(["code,name,amount", *lines]), tmp_path / "out.csv"
    seen = []

    def interrupted(now):
        seen.append(now.rows)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(text, key="code", rejects=out, report=interrupted)
    assert seen == [500]
    assert len(rows_of(workspace.database, "t__deal")) == 499
    reported = []
    done = load(text, key="code", rejects=out, report=lambda now: reported.append(now.rows))
    assert reported == [1000, 1200]
    assert (done.rows, done.created, done.updated, done.rejected) == (1200, 1200 - len(bad), 0, len(bad))
    assert done.reasons == {"not-a-number": len(bad)}
    assert [int(row["_row"]) for row in rejects(out)] == [i + 1 for i in bad]
    stored = rows_of(workspace.database, "t__deal")
    assert len({row["code"] for row in stored}) == len(stored) == 1200 - len(bad)
    assert {row["version"] for row in stored} == {1}
    started = [row for row in rows_of(workspace.database, "dw_audit") if row["action"] == "import.started"]
    assert len(started) == 1
    # It is done: the same file starts from its beginning, and changes nothing.
    again = load(text, key="code")
    assert (again.rows, again.unchanged, again.created) == (1200, 1200 - len(bad), 0)


def test_a_key_that_was_taken_before_the_break_is_refused_after_it(load, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 2)

    def interrupted(now):
        raise KeyboardInterrupt

    text = "code,name\nD1,a\nD2,b\nD1,c\n"
    with pytest.raises(KeyboardInterrupt):
        load(text, key="code", report=interrupted)
    done = load(text, key="code")
    assert (done.created, done.updated, done.reasons) == (2, 0, {"key-twice": 1})


def sheet(path, rows, formats=()):
    book = Workbook()
    page = book.active
    for row in rows:
        page.append(row)
    for place, shown in formats:
        page[place].number_format = shown
    book.save(path)
    return path.read_bytes()


def test_a_spreadsheet_brings_dates_numbers_shares_and_texts(workspace, load, tmp_path):
    rows = [
        ["name", "amount", "win", "opens_on", "closes_on", "opened", None],
        ["Sum", 0.1 + 0.2, 0.15, date(2026, 1, 31), datetime(2026, 2, 28), 3, None],
        [None, None, None, None, None, None, None],
        [12, 1234567.25, 40, "2026-03-01", "2026/4/1", 4.0, None],
    ]
    done = load(sheet(tmp_path / "made.xlsx", rows, [("C2", "0%"), ("G9", "0.0")]), name="file.xlsx")
    assert (done.rows, done.created) == (2, 2)
    assert deals(workspace, "name", "amount", "win", "opens_on", "closes_on", "opened") == [
        ("12", "1234567.25", "40", "2026-03-01", "2026-04-01", 4),
        ("Sum", "0.30", "15", "2026-01-31", "2026-02-28", 3),
    ]


def test_moments_times_and_lengths_of_a_spreadsheet_are_texts_that_fields_read(tmp_path):
    rows = [
        ["moment", "midnight", "time", "length", "flag", "small", "large"],
        [datetime(2026, 1, 31, 9, 30), datetime(2026, 1, 31), time(9, 30), timedelta(hours=26), True, 1e-7, 1e16],
    ]
    sheet(tmp_path / "made.xlsx", rows, [("D2", "[h]:mm")])
    ((_, cells),) = open_table(tmp_path / "made.xlsx").rows()
    assert cells == ["2026-01-31T09:30:00", "2026-01-31", "09:30:00", "PT93600S", "true", "0.0000001",
                     "10000000000000000"]  # fmt: skip


def test_text_as_spreadsheets_in_china_write_it_is_read(workspace, load):
    load("name,reason,discount\n报价单㐀,大客户,20\n", encoding="gb18030")
    load("\ufeffname,reason,discount\nmarked,x,20\n", name="marked.csv")
    assert deals(workspace, "name", "reason") == [("marked", "x"), ("报价单㐀", "大客户")]


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        pytest.param(b"\xff\xfe\x00\x00\xff", "f.csv", "bad-encoding", id="neither UTF-8 nor GB 18030"),
        pytest.param(b"", "f.csv", "no-header", id="empty"),
        pytest.param(b"name,name\na,b\n", "f.csv", "column-twice", id="a column twice"),
        pytest.param(b'name\n"a"b\n', "f.csv", "bad-csv", id="a broken quote"),
        pytest.param(b"name\na\n", "f.xlsx", "bad-xlsx", id="no spreadsheet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(workspace, load, content, name, code):
    before = counts(workspace.database, TABLES)
    with pytest.raises(DefinitionError) as error:
        load(content, name=name)
    assert [problem.code for problem in error.value.problems] == [code]
    assert counts(workspace.database, TABLES) == before


def test_a_row_of_thousands_of_cells_is_refused(load):
    with pytest.raises(TooLargeError):
        load("name\n" + "," * 600 + "\n")


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ([], {("", "wrong-type")}),
        ({"columns": []}, {("/columns", "wrong-type")}),
        ({"columns": {"name": "nmae"}}, {("/columns/name/to", "unknown-field"), ("/columns", "unmapped-column")}),
        ({"columns": {"name": "name"}}, {("/columns", "unmapped-column")}),
        ({"columns": {"name": "name", "x": None, "y": None}}, set()),
        ({"columns": {"name": "name", "x": None, "z": "win"}}, {("/columns/z", "no-such-column")}),
        ({"columns": {"name": "name", "x": "name"}}, {("/columns", "filled-twice")}),
        ({"columns": {"name": "name", "x": None}, "constants": {"name": "'a'"}}, {("/columns", "filled-twice")}),
        ({"columns": {"name": "name", "x": {"to": "amount", "default": 5}}}, {("/columns/x/default", "wrong-type")}),
        ({"columns": {"name": 5, "x": {"to": "win", "values": {"a": 1}}}},
         {("/columns/name", "wrong-type"), ("/columns/x/values", "wrong-type")}),
        ({"columns": {"name": "name", "x": {"to": "account", "create": True}}}, {("/columns/x/create", "no-match")}),
        ({"columns": {"name": "name", "x": {"to": "account", "match": "credit"}}}, {("/columns/x/match", "no-such-field")}),
        ({"columns": {"name": "name", "x": {"to": "win", "match": "code"}}}, {("/columns/x/match", "no-such-field")}),
        ({"columns": {"name": "name", "x": {"into": "win"}}}, {("/columns/x", "unknown-key")}),
        ({"key": "name", "columns": {"name": "name", "x": None}}, {("/key", "no-key")}),
        ({"key": "code", "columns": {"name": "name", "x": None}}, {("/key", "no-key")}),
        ({"columns": {"name": "name", "x": None}, "constants": {"win": "1 +", "nmae": "1"}},
         {("/constants/win", "syntax"), ("/constants/nmae", "unknown-field")}),
        ({"columns": {"name": "name", "x": "weighted"}}, set()),
        ({"colums": {}, "columns": {"name": "name", "x": "id"}}, {("/colums", "unknown-key"), ("/columns/x/to", "unknown-field")}),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_is_refused_with_every_fault(workspace, load, mapping, expected):
    expected = expected | {("/columns", "unmapped-column")} if "unmapped" in str(expected) else expected
    before = counts(workspace.database, TABLES)
    try:
        load("name,x\na,\n", mapping, dry=True)
        found = set()
    except DefinitionError as error:
        found = {(problem.pointer, problem.code) for problem in error.problems}
    assert found == expected or expected == set()
    assert counts(workspace.database, TABLES) == before


IMPORTER = {
    "kind": "role", "id": "t.importer", "lang": 1, "title": "Importer", "grants": [
        {"entity": "t.deal", "ops": ["read", "create", "update", "import"], "rows": "owner == user.id",
         "fields": {"*": "edit", "margin": "none", "amount": "see"}},
        {"entity": "t.account", "ops": ["read"], "rows": "region == \"east\"", "fields": {"*": "see", "code": "none"}}],
}  # fmt: skip


@pytest.fixture
def restricted(database, tmp_path):
    """A workspace with a user who may import deals of his own, sees accounts of the East, and not every field."""
    workspace = opened(database, IMPORTER, folder=tmp_path / "files")
    return workspace, person(workspace, "Ida", ["t.importer"])


def test_a_record_that_the_importer_may_not_see_is_met_by_no_row(restricted, tmp_path):
    workspace, ida = restricted
    made(workspace, "t.deal", name="Hidden")
    path = tmp_path / "deals.csv"
    mapping = {"key": ["name"], "columns": {"name": "name", "win": "win", "owner": "owner"}}
    for created, updated, win in ((1, 0, "20"), (0, 1, "30")):
        path.write_text(f"name,win,owner\nHidden,{win},{ida.id}\n")
        done = imports.run(workspace, ida, "t.deal", open_table(path), mapping)
        assert (done.created, done.updated) == (created, updated), done.reasons
    with pytest.raises(UnknownFieldError):
        imports.run(
            workspace, ida, "t.deal", open_table(path), {**mapping, "key": ["margin"], "constants": {"margin": "1"}}
        )


def test_an_import_has_the_rights_of_its_user(restricted, tmp_path):
    workspace, ida = restricted
    east = made(workspace, "t.account", name="East", region="east", code="E")
    made(workspace, "t.account", name="West", region="west", code="W")
    made(workspace, "t.deal", name="Of others", code="D9")
    path, out = tmp_path / "file.csv", tmp_path / "out.csv"
    path.write_text("code,name,account\nD1,mine,East\nD2,far,West\nD9,stolen,\n", encoding="utf-8")
    mapping = {
        "key": "code",
        "columns": {"code": "code", "name": "name", "account": {"to": "account", "match": "name"}},
    }
    done = imports.run(workspace, ida, "t.deal", open_table(path), mapping, rejects=out)
    assert (done.created, done.updated, done.rejected) == (1, 0, 2)
    assert deals(workspace, "name", "account") == [("Of others", None), ("mine", east)]
    assert [row["_row"] for row in rejects(out)] == ["3", "4"]


def test_an_import_may_not_fill_or_look_up_what_its_user_may_not(restricted, tmp_path):
    workspace, ida = restricted
    path = tmp_path / "file.csv"
    path.write_text("name,amount\nx,1\n", encoding="utf-8")
    done = imports.run(workspace, ida, "t.deal", open_table(path))
    assert (done.created, done.rejected) == (0, 1)
    path.write_text("name,account\nx,E\n", encoding="utf-8")
    mapping = {"columns": {"name": "name", "account": {"to": "account", "match": "code"}}}
    with pytest.raises(UnknownFieldError):
        imports.run(workspace, ida, "t.deal", open_table(path), mapping)
    with pytest.raises(ForbiddenError):
        imports.run(workspace, ida, "t.account", open_table(path))
    with pytest.raises(NotFoundError):
        imports.run(workspace, person(workspace, "Gus", ["t.guest"]), "t.deal", open_table(path))
    assert deals(workspace, "name") == []


def test_a_page_of_an_export_comes_back_unchanged(workspace, load):
    account = made(workspace, "t.account", name="Acme", code="A1")
    made(workspace, "t.deal", name="=1+1", code="D1", account=account, amount="5.25", closes_on="2026-05-01")
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        exact = b"".join(records.export(work, "t.deal", "csv", exact=True).chunks).decode()
        guarded = b"".join(records.export(work, "t.deal", "csv").chunks).decode()
    assert "'=1+1" in guarded
    names = exact.splitlines()[0].split(",")
    wanted = {"code", "name", "account", "amount", "closes_on"}
    mapping = {"key": "code", "columns": {name: name if name in wanted else None for name in names}}
    done = load(exact, mapping)
    assert (done.unchanged, done.updated, done.rejected) == (1, 0, 0)
