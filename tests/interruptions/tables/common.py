"""What the tables share: the code that takes part everywhere, and the words of more than one of them."""

from __future__ import annotations

from tests.interruptions.model import Act, Words

UTILS = "plugins/module_utils"
LEASES: Words = (
    "playbooks/tasks/take_back.yml",
    "plugins/modules/lease_end.py",
    f"{UTILS}/leases/keeper.py",
    f"{UTILS}/leases/state.py",
    f"{UTILS}/leases/store.py",
    f"{UTILS}/leases/undo.py",
    f"{UTILS}/leases/server_drain.py",
    f"{UTILS}/policy/leases.py",
    f"{UTILS}/policy/drained.py",
)
CONTROL: Words = (f"{UTILS}/service/control.py", f"{UTILS}/service/gate.py", f"{UTILS}/policy/standing_order.py")

OUT, IN, RESTART = "erpops.estate.host_out", "erpops.estate.host_in", "erpops.estate.rolling_restart"
SWITCHOVER, DRILL, SITE = "erpops.estate.switchover", "erpops.estate.drill", "erpops.estate.site"

WHO: Words = ("-e", "out_host={host}", "-e", "out_owner=ada@bastion", "-e", "out_reason=memory")
TAKE_OUT, PUT_BACK = Act(OUT, WHO), Act(IN, WHO)

DRAINED = "# drained: http://{address}"
LEADER = "/service/lab/leader"
FAILOVER = "/service/lab/failover"
SYNC = "/service/lab/sync"
