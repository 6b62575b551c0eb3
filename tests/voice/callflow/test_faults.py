from opentact.voice.callflow.faults import MAX_FINDINGS, Finding, FlowRefused


def test_a_refusal_says_the_first_thing_and_how_many_more() -> None:
    refusal = FlowRefused([Finding(3, 1, "later"), Finding(2, 5, "first")])
    assert str(refusal) == "Call flow refused: line 2, column 5: first (and 1 more)"
    assert (refusal.code, refusal.status) == ("call_flow_refused", 400)


def test_every_place_is_a_field_of_the_answer() -> None:
    refusal = FlowRefused([Finding(1, 2, "a"), Finding(1, 2, "b"), Finding(9, 1, "c")])
    assert {name: field.message for name, field in refusal.fields.items()} == {
        "xml.1:2": "a; b",
        "xml.9:1": "c",
    }


def test_more_findings_than_anyone_reads_are_only_counted() -> None:
    refusal = FlowRefused(Finding(1, column, "x") for column in range(5_000))
    assert len(refusal.findings) == MAX_FINDINGS
    assert refusal.total == 5_000
