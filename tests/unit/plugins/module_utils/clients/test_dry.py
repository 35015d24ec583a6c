"""In check mode the clients of a host refuse to write, whoever asks them to."""

from __future__ import annotations

import pytest
import requests
from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import refuse_writes
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import WriteForbidden
from ansible_collections.erpops.estate.plugins.module_utils.clients.systemd import Units


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_that_changes_the_engine_is_sent(method: str) -> None:
    session = requests.Session()
    refuse_writes(session, "the engine")
    with pytest.raises(WriteForbidden, match=rf"{method.upper()} engine:/stop"):
        getattr(session, method)("engine:/stop")


def test_a_question_is_sent() -> None:
    session = requests.Session()
    refuse_writes(session, "the engine")
    with pytest.raises(requests.exceptions.InvalidSchema):
        session.get("engine:/containers")


@pytest.mark.parametrize("act", ["start", "stop", "pull"])
def test_no_unit_is_touched(act: str) -> None:
    with pytest.raises(WriteForbidden, match="no write in check mode"):
        getattr(Units("keepalived", dry=True), act)("keepalived")
