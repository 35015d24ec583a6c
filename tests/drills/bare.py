"""The same faults with the times that Patroni itself would have: what ours are worth, printed as a ratio."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.dynamic_config import DEFAULTS

from tests.estate import site
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
    """Let Patroni have its own times; what takes them back is what declares ours."""
    cluster = Patroni(estate)
    until_whole(estate)
    try:
        said = json.dumps(TIMES)
        cluster.hosts[0].check_output(EDIT, said)
        assert has_them(cluster), f"expected Patroni's configuration to have {said}, found {cluster.config()}"
        yield
    finally:
        site.run("--tags", "patroni")
        until_whole(estate)


def has_them(cluster: Patroni) -> bool:
    """Return whether Patroni has its own times, as it does after a comparison that was killed."""
    found = yaml.safe_load(cluster.config())
    return all(found.get(name) == value for name, value in TIMES.items())
