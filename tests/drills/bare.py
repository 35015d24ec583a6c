"""The same faults with the times that Patroni itself would have: what ours are worth, printed as a ratio."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.dynamic_config import DEFAULTS

from tests.estate.daemons import Patroni
from tests.estate.wait import until_whole
from tests.estate.world import Estate

# Those whose figure hangs on the times of Patroni. Where etcd's leader dies too its default outlasts the fault.
SCENARIOS = ("postgresql_killed", "leader_host_lost")
# All that decides how long it takes; its documentation, "Dynamic Configuration Settings".
TIMES = {**DEFAULTS, "primary_start_timeout": 300}
EDIT = "printf %%s %s | docker exec -i patroni patronictl -c /etc/patroni edit-config --force --apply -"


@contextmanager
def times(estate: Estate) -> Iterator[None]:
    """Let Patroni have its own times in place of the declared ones."""
    cluster = Patroni(estate)
    declared: dict[str, Any] = yaml.safe_load(cluster.config())
    until_whole(estate)
    _set(cluster, TIMES)
    try:
        yield
    finally:
        _set(cluster, {name: declared.get(name) for name in TIMES})
        until_whole(estate)


def _set(cluster: Patroni, values: dict[str, Any]) -> None:
    cluster.hosts[0].check_output(EDIT, json.dumps(values))
    found = yaml.safe_load(cluster.config())
    wrong = {name: found.get(name) for name, value in values.items() if found.get(name) != value}
    assert not wrong, f"expected Patroni's configuration to have {values}, found {wrong}"
