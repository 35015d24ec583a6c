"""A volume of its own for what a container keeps, while a drill fills it: the lab's machines share one disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.estate.world import Host

# Room that is left on the volume, beside what is there already.
ROOM_MIB = 256
GIVE = """
set -eu
docker stop {service} >/dev/null
truncate --size "$(( $(du --summarize --block-size=1M {directory} | cut -f 1) * 5 / 4 + {room} ))M" {file}
mkfs.ext4 -q -F -m 0 {file}
mkdir -p {aside}
mount -o loop {file} {aside}
cp --archive {directory}/. {aside}/
umount {aside}
rmdir {aside}
mount -o loop {file} {directory}
docker start {service} >/dev/null
"""
# What was there before is below it, and no older than the drill is long: a standby catches up from there.
TAKE = """
set -eu
docker stop {service} >/dev/null
! mountpoint --quiet {directory} || umount {directory}
rm -f {file}
docker start {service} >/dev/null
"""


@contextmanager
def of_its_own(host: Host, service: str, directory: str) -> Iterator[None]:
    """Have a container of this host keep its data on a volume of its own, until the end of the block."""
    names = {"service": service, "directory": directory, "file": f"/var/lib/erpops/drill-{service}.volume"}
    try:
        host.check_output(GIVE.format(**names, room=ROOM_MIB, aside="/run/erpops-drill-volume"))
        yield
    finally:
        host.check_output(TAKE.format(**names))
