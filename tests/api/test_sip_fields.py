"""The fields that SIP objects share, in every spelling they were printed in (spec/11 C8)."""

from typing import Any

import pytest
from pydantic import ValidationError

from opentact.api.sip_fields import EndpointFields

BYPASS = {"media_type": "Bypass Media"}


@pytest.mark.parametrize(
    ("misspelt", "column", "value"),
    [
        ("class4_egress_trunk_stings", "class4_egress_trunk_settings", BYPASS),
        ("class4_ingress_trunk_stings", "class4_ingress_trunk_settings", BYPASS),
        ("shake_verify_policy", "shaken_verify_policy", 2),
    ],
)
def test_a_misspelling_of_the_documents_is_read_as_what_is_meant(
    misspelt: str, column: str, value: Any
) -> None:
    for name in (misspelt, column):
        columns = EndpointFields.model_validate({name: value}).columns(only_set=True)
        assert columns == {column: value}


def test_things_are_kept_by_their_ids() -> None:
    columns = EndpointFields.model_validate({"product": 3}).columns()
    assert (columns["product_id"], columns["outbound_voice_profile_uuid"]) == (3, None)
    assert "product" not in columns


@pytest.mark.parametrize(
    "body",
    [
        {"class4_egress_trunk_settings": {"media_type": "Loud Media"}},
        {"shaken_verify_policy": 4},
        {"shaken_minimum_accepted_attest_lvl": "D"},
        {"subdomain": "ab"},
        {"product": 0},
        {"product": True},
        {"is_active": "yes"},
        {"outbound_voice_profile": "x"},
    ],
)
def test_what_no_document_prints_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EndpointFields.model_validate(body)
