"""The choice of a pipeline for a new record, where there is one to make."""

from __future__ import annotations

from pages import Person, lease, text


def created(answer) -> str:  # type: ignore[no-untyped-def]
    assert answer.status_code == 303, text(answer)
    return str(answer.location).partition("?")[0]


def test_a_new_record_chooses_among_pipelines_that_say_their_stages(admin: Person) -> None:
    page = admin.get("/records/t.lease/new")
    assert "Brief lease Asked → Handed over" in text(page)
    assert "Long lease Visit → Contract → Let" in text(page)
    assert 'value="t.brief" checked' in page.text


def test_the_record_goes_the_path_of_the_pipeline_that_was_chosen(admin: Person) -> None:
    record = created(admin.post("/records/t.lease/new", {"name": "X", "pipeline": "t.long", "months": "24"}))
    said = text(admin.get(record))
    assert "Visit Contract Let" in said and "Asked" not in said
    assert "Pipeline Long lease" in said


def test_without_a_choice_it_is_the_first_one(admin: Person) -> None:
    assert "Asked" in text(admin.get(created(admin.post("/records/t.lease/new", {"name": "X"}))))


def test_a_refused_form_keeps_the_choice_and_asks_what_it_demands(admin: Person) -> None:
    answer = admin.post("/records/t.lease/new", {"name": "X", "pipeline": "t.long", "months": ""})
    assert answer.status_code == 422
    assert 'value="t.long" checked' in answer.text and 'href="#f-months"' in answer.text


def test_a_pipeline_that_is_none_is_refused_at_its_place(admin: Person) -> None:
    answer = admin.post("/records/t.lease/new", {"name": "X", "pipeline": "t.simple"})
    assert answer.status_code == 422
    assert '<a href="#f-pipeline">Pipeline</a>' in answer.text


def test_one_pipeline_is_no_choice_and_none_is_made_later(admin: Person, workspace) -> None:  # type: ignore[no-untyped-def]
    assert 'name="pipeline"' not in admin.get("/records/t.deal/new").text
    assert 'name="pipeline"' not in admin.get(f"/records/t.lease/{lease(workspace).id}/edit").text
    assert "Pipeline" not in text(admin.get(created(admin.post("/records/t.deal/new", {"name": "X"}))))
