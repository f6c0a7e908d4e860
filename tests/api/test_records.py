"""Records over HTTP: the shapes that clients are written against."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dealwright import clock
from dealwright.storage import idempotency
from worlds import RULES, counts, rows_of


def created(client, **data):
    answer = client.post("/records/t.deal", {"name": "x", **data})
    assert answer.status_code == 201, answer.text
    return answer.json


def test_a_record_is_followed_through_the_api_by_who_may_read_it(clients):
    path = f"/records/t.deal/{clients['ada'].post('/records/t.deal', {'name': 'x'}).json['id']}/followers"
    assert [one["told"] for one in clients["ada"].get(path).json["items"]] == [False]
    followed = clients["ada"].ask("PUT", f"{path}/me", {"fields": ["amount"]})
    assert followed.status_code == 200
    assert followed.json["items"][0] | {"user": ""} == {
        "user": "",
        "why": "followed",
        "told": True,
        "fields": ["amount"],
    }
    assert clients["ada"].ask("PUT", f"{path}/me", {"fields": ["margin"]}).status_code == 422
    assert clients["ada"].ask("PUT", f"{path}/me", {"fields": "amount"}).status_code == 422
    assert clients["ada"].ask("DELETE", f"{path}/me").status_code == 204
    for method, rest in (("GET", ""), ("PUT", "/me"), ("DELETE", "/me")):
        assert clients["cy"].ask(method, f"{path}{rest}", {} if method == "PUT" else None).status_code == 404


def test_creating_answers_with_the_record_its_address_and_its_version(clients):
    answer = clients["ada"].post("/records/t.deal", {"name": "Pumps", "amount": "12.5", "win": "80"})
    assert answer.status_code == 201
    record = answer.json
    assert answer.headers["Location"] == f"/api/v1/records/t.deal/{record['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert (record["amount"], record["weighted"], record["tier"]) == ("12.50", "10.00", "A")


def test_reading_gives_the_version_as_etag(clients):
    record = created(clients["ada"])
    answer = clients["ada"].get(f"/records/t.deal/{record['id']}")
    assert (answer.status_code, answer.headers["ETag"], answer.json["name"]) == (200, '"1"', "x")


def test_a_change_with_a_stale_version_is_refused_with_412(clients):
    record = created(clients["ada"])
    path = f"/records/t.deal/{record['id']}"
    assert clients["ada"].ask("PATCH", path, {"name": "y"}, If_Match='"1"').headers["ETag"] == '"2"'
    answer = clients["ada"].ask("PATCH", path, {"name": "z"}, If_Match='"1"')
    assert (answer.status_code, answer.json["code"]) == (412, "stale-version")


def test_an_invalid_record_answers_with_every_problem(clients):
    answer = clients["ada"].post("/records/t.deal", {"amount": "-1"})
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    problem = answer.json
    assert problem["code"] == "record-invalid"
    assert {(one["pointer"], one["code"]) for one in problem["errors"]} == {
        ("/name", "required"),
        ("/amount", "below-minimum"),
    }
    assert problem["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{", id="cut off"),
        pytest.param("", id="nothing"),
        pytest.param('{"name":"a","name":"b"}', id="a key twice"),
        pytest.param('{"amount":NaN}', id="NaN"),
        pytest.param("[" * 100_000, id="nested without end"),
        pytest.param('{"amount":' + "9" * 500 + "}", id="digits without end"),
        pytest.param(b'{"name":"\xff"}', id="not UTF-8"),
    ],
)
def test_a_body_that_is_no_json_is_a_bad_request(clients, body):
    answer = clients["ada"].post("/records/t.deal", body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.json["code"] == "not-json"
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [("", "not-json")]


def test_json_that_is_no_object_is_no_valid_record(clients):
    answer = clients["ada"].post("/records/t.deal", "[1]")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "wrong-type")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("opened", "1", "wrong-type"),
        ("opened", True, "wrong-type"),
        ("opened", 2**63, "above-maximum"),
        ("name", 1, "wrong-type"),
        ("amount", "1e400", "not-a-number"),
        ("amount", "0.00001", "too-precise"),
        ("lines", {}, "wrong-type"),
    ],
)
def test_types_are_strict(clients, name, value, code):
    answer = clients["ada"].post("/records/t.deal", {"name": "x", name: value})
    assert answer.status_code == 422
    assert [one["code"] for one in answer.json["errors"]] == [code]


def test_deleting_archives_and_restoring_brings_back(clients):
    record = created(clients["admin"])
    path = f"/records/t.deal/{record['id']}"
    assert clients["admin"].ask("DELETE", path).status_code == 204
    assert clients["admin"].get("/records/t.deal").json["items"] == []
    assert len(clients["admin"].get("/records/t.deal?archived=1").json["items"]) == 1
    assert clients["admin"].ask("POST", f"{path}/restore").status_code == 200
    assert len(clients["admin"].get("/records/t.deal").json["items"]) == 1


def test_a_list_has_items_a_cursor_and_a_count(clients):
    for number in range(3):
        created(clients["ada"], name=f"deal {number}")
    first = clients["ada"].get("/records/t.deal?sort=name&page_size=2&count=1&fields=name").json
    assert [one["name"] for one in first["items"]] == ["deal 0", "deal 1"]
    assert set(first["items"][0]) == {"id", "version", "name"}
    assert (first["count"], first["count_is_exact"]) == (3, True)
    second = clients["ada"].get(f"/records/t.deal?sort=name&page_size=2&fields=name&cursor={first['next_cursor']}").json
    assert [one["name"] for one in second["items"]] == ["deal 2"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("name", ["margin", "nothing"])
def test_a_denied_field_in_a_query_answers_400_like_an_unknown_one(clients, name):
    for query in (f"filter={name}>1", f"sort={name}", f"fields={name}"):
        answer = clients["ada"].get(f"/records/t.deal?{query}")
        if query.startswith("fields"):
            continue
        assert (answer.status_code, answer.json["code"]) == (400, "unknown-field")
        assert answer.json["detail"] == f"there is no field “{name}”"
    answer = clients["ada"].get(f"/records/t.deal/aggregate?measure=sum:{name}")
    assert (answer.status_code, answer.json["detail"]) == (400, f"there is no field “{name}”")


@pytest.mark.parametrize(
    "query",
    ["page_size=0", "page_size=x", "sort=a&sort=b", "cursor=nonsense", "unknown=1", "count=perhaps", "filter=(("],
)
def test_a_query_that_cannot_be_used_answers_400(clients, query):
    assert clients["ada"].get(f"/records/t.deal?{query}").status_code == 400


def test_an_unmet_gate_answers_409_with_the_field_to_mend(clients):
    record = created(clients["ada"])
    answer = clients["ada"].post(f"/records/t.deal/{record['id']}/move", {"to": "offer"})
    assert (answer.status_code, answer.json["code"]) == (409, "gate-unmet")
    assert [one["pointer"] for one in answer.json["errors"]] == ["/account", "/amount"]
    listed = clients["ada"].get(f"/records/t.deal/{record['id']}/checklist").json["items"]
    assert [one["to"] for one in listed] == ["offer", "lost"]


def test_a_bulk_call_saves_the_good_and_answers_207(clients, workspace):
    answer = clients["ada"].post("/records/t.deal/bulk", {"create": [{"name": "a"}, {}, {"name": "c"}]})
    assert answer.status_code == 207
    assert [sorted(one) for one in answer.json["results"]] == [
        ["id", "index", "version"],
        ["errors", "index"],
        ["id", "index", "version"],
    ]
    assert counts(workspace.database, ["t__deal"]) == {"t__deal": 2}


def test_an_atomic_bulk_call_writes_all_or_nothing(clients, workspace):
    answer = clients["ada"].post("/records/t.deal/bulk", {"create": [{"name": "a"}, {}], "atomic": True})
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json["errors"]] == ["/1/name"]
    assert counts(workspace.database, ["t__deal", "dw_event"])["t__deal"] == 0
    answer = clients["ada"].post("/records/t.deal/bulk", {"create": [{"name": "a"}, {"name": "b"}], "atomic": True})
    assert answer.status_code == 200
    assert counts(workspace.database, ["t__deal"]) == {"t__deal": 2}


def test_a_bulk_call_changes_and_archives_too(clients):
    one, two = created(clients["admin"], name="a"), created(clients["admin"], name="b")
    answer = clients["admin"].post(
        "/records/t.deal/bulk", {"update": [{"id": one["id"], "version": 1, "name": "z"}], "delete": [two["id"]]}
    )
    assert [result["version"] for result in answer.json["results"]] == [2, 2]
    assert [item["name"] for item in clients["admin"].get("/records/t.deal").json["items"]] == ["z"]


def test_an_upsert_creates_once_and_then_changes(clients):
    first = clients["ada"].ask("PUT", "/records/t.deal/by/code/D-1", {"name": "a"})
    again = clients["ada"].ask("PUT", "/records/t.deal/by/code/D-1", {"name": "b"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["id"] == again.json["id"]
    assert (again.json["name"], again.json["code"]) == ("b", "D-1")


def test_a_check_says_what_a_save_would_say_and_saves_nothing(clients, workspace):
    answer = clients["ada"].post("/records/t.deal/check", {"amount": "10", "win": "50"})
    assert answer.json["ok"] is False
    assert [one["pointer"] for one in answer.json["errors"]] == ["/name"]
    assert answer.json["record"]["weighted"] == "5.00"
    assert counts(workspace.database, ["t__deal"]) == {"t__deal": 0}


def test_groups_have_a_key_and_their_measures(clients):
    created(clients["ada"], amount="10")
    created(clients["ada"], amount="30")
    found = clients["ada"].get("/records/t.deal/aggregate?group=stage&measure=count,sum:amount,avg:amount").json
    assert found["groups"][0]["key"] == {"stage": "open"}
    assert (found["groups"][0]["count"], found["groups"][0]["sum:amount"]) == (2, "40.00")
    assert float(found["groups"][0]["avg:amount"]) == 20


def test_the_same_idempotency_key_and_body_give_the_same_answer_once(clients, workspace):
    body = {"name": "once"}
    first = clients["ada"].post("/records/t.deal", body, Idempotency_Key="k1")
    again = clients["ada"].post("/records/t.deal", body, Idempotency_Key="k1")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert counts(workspace.database, ["t__deal"]) == {"t__deal": 1}


def test_the_same_idempotency_key_with_another_body_is_refused(clients):
    clients["ada"].post("/records/t.deal", {"name": "a"}, Idempotency_Key="k1")
    answer = clients["ada"].post("/records/t.deal", {"name": "b"}, Idempotency_Key="k1")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["code"] == "key-reused"


def test_a_refused_request_does_not_use_its_idempotency_key_up(clients):
    assert clients["ada"].post("/records/t.deal", {}, Idempotency_Key="k1").status_code == 422
    assert clients["ada"].post("/records/t.deal", {"name": "b"}, Idempotency_Key="k1").status_code == 201


def test_history_and_decisions_tell_what_happened_and_why(clients):
    record = created(clients["ada"], win="80")
    told = clients["ada"].get(f"/records/t.deal/{record['id']}/history").json["items"]
    assert [one["type"] for one in told] == ["record.updated", "record.created"]
    found = clients["ada"].get(f"/records/t.deal/{record['id']}/decisions").json["items"]
    assert {one["rule"]: one["fired"] for one in found}["t.tier_a"] is True
    one = clients["ada"].get(f"/decisions/{found[0]['decision']}").json
    assert one["rule"] == found[0]["rule"]


def test_why_a_rule_did_not_act_is_asked_of_one_rule_or_of_all(clients):
    record = created(clients["ada"], win="40")
    path = f"/records/t.deal/{record['id']}/rules"
    found = {one["rule"]: one["reason"] for one in clients["ada"].get(path).json["items"]}
    assert (found["t.tier_a"], found["t.tier_b"]) == ("condition-false", "fired")
    told = clients["ada"].get(f"{path}/t.tier_a?at=P0D").json
    assert (told["reason"], told["then"]["holds"], told["in_force"]) == ("condition-false", False, "same")
    assert clients["ada"].get(f"{path}/t.tier_a").json.keys() == told.keys() - {"then", "in_force"}
    assert clients["ada"].get(f"{path}/t.no_such").status_code == 404
    assert clients["cy"].get(f"{path}/t.tier_a").status_code == 404
    assert clients["ada"].get(f"{path}?at=tomorrow").json["code"] == "query-invalid"


def test_only_administrators_try_a_draft_over_the_past(clients):
    created(clients["ada"], win="40")
    created(clients["ada"], win="80")
    draft = next(one for one in RULES if one["id"] == "t.tier_a")
    body = {"documents": [{**draft, "if": "win >= 40"}], "since": "P1D"}
    assert clients["ada"].post("/simulate", body).status_code == 403
    (told,) = clients["admin"].post("/simulate", body).json["rules"]
    assert (told["woken"], told["newly"], told["same"]) == (2, 1, 1)
    assert clients["admin"].post("/simulate", {"documents": []}).status_code == 422


def test_another_team_s_record_is_not_found_in_any_way(clients):
    record = created(clients["ada"])
    path = f"/records/t.deal/{record['id']}"
    for method, suffix, body in [
        ("GET", "", None),
        ("PATCH", "", {"name": "y"}),
        ("GET", "/history", None),
        ("GET", "/decisions", None),
        ("GET", "/checklist", None),
        ("GET", "/rules", None),
        ("POST", "/move", {"to": "lost"}),
    ]:
        assert clients["cy"].ask(method, path + suffix, body).status_code == 404, (method, suffix)


def test_events_are_taken_and_answered_with_their_id(clients):
    record = created(clients["ada"])
    body = {"type": "engagement.opened", "entity": "t.deal", "record": record["id"], "data": {"asset": "quote"}}
    answer = clients["ada"].post("/events", body)
    assert answer.status_code == 202
    assert clients["ada"].get(f"/records/t.deal/{record['id']}").json["opened"] == 1


def test_search_finds_by_name(clients):
    record = created(clients["ada"], name="潜水泵 Pumps")
    assert clients["ada"].get("/search?q=水泵").json["items"][0]["id"] == record["id"]
    assert clients["cy"].get("/search?q=水泵").json["items"] == []


def test_without_a_token_everything_is_refused(clients):
    for path in ("/me", "/records/t.deal", "/metadata/entity", "/openapi.json", "/search?q=x"):
        answer = clients["nobody"].get(path)
        assert (answer.status_code, answer.json["code"]) == (401, "sign-in-required")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unknown_address_is_a_problem_too(clients):
    answer = clients["ada"].get("/nothing")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert clients["ada"].ask("PUT", "/me", {}).status_code == 405


# On SQLite there is one writer at a time: the second request waits and gets the first one's answer.
@pytest.mark.parametrize("workspace", ["postgresql"], indirect=True)
def test_a_request_whose_key_is_still_at_work_is_told_so(clients, workspace):
    clients["ada"].post("/records/t.deal", {"name": "x"}, Idempotency_Key="k0")
    scope = rows_of(workspace.database, "dw_idempotency")[0]["scope"]
    with workspace.database.write() as connection:
        assert idempotency.begin(connection, scope, "k1", "digest", clock.now()).state == "new"
        # Another thread, because this one is within a write.
        with ThreadPoolExecutor(1) as others:
            asked = others.submit(clients["ada"].post, "/records/t.deal", {"name": "x"}, Idempotency_Key="k1")
            answer = asked.result()
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
