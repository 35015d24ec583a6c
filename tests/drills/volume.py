"""A volume of its own for what a container keeps, while a drill fills it: the lab's machines share one disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.estate.world import Host

# Room that is left on the volume, beside what is there already: more than WAL may take up between two checkpoints, and
# what a member that comes back has to fetch. The file has holes.
ROOM_MIB = 6144
# A machine of the lab is a container: nobody there names the kernel's loop devices.
GIVE = """
set -eu
test -e /dev/loop-control || mknod -m 0660 /dev/loop-control c 10 237
for number in 0 1 2 3 4 5 6 7; do test -e /dev/loop$number || mknod -m 0660 /dev/loop$number b 7 $number; done
docker stop {service} >/dev/null
truncate --size "$(( $(du --summarize --block-size=1M {directory} | cut -f 1) * 5 / 4 + {room} ))M" {file}
mkfs.ext4 -q -F -m 0 {file}
mkdir -p {aside}
mount -o loop {file} {aside}
rmdir {aside}/lost+found
cp --archive {directory}/. {aside}/
chown --reference {directory} {aside}
chmod --reference {directory} {aside}
umount {aside}
rmdir {aside}
mount -o loop {file} {directory}
docker start {service} >/dev/null
"""
# What was there before is below the volume and as old as the drill is long: what came since goes there, once all of it
# is beside it. Whatever fails, the container starts.
TAKE = """
set -eu
docker stop {service} >/dev/null
trap 'docker start {service} >/dev/null' EXIT
! mountpoint --quiet {aside} || umount {aside}
if mountpoint --quiet {directory}; then
    umount {directory}
    mkdir -p {aside}
    mount -o loop,ro {file} {aside}
    rm -rf {directory}.back
    cp --archive {aside} {directory}.back
    find {directory} -mindepth 1 -delete
    find {directory}.back -mindepth 1 -maxdepth 1 -exec mv -t {directory} {{}} +
    rmdir {directory}.back
    umount {aside}
    rmdir {aside}
fi
rm -f {file}
"""


@contextmanager
def of_its_own(host: Host, service: str, directory: str) -> Iterator[None]:
    """Have a container of this host keep its data on a volume of its own, until the end of the block."""
    names = {
        "service": service,
        "directory": directory,
        "file": f"/var/lib/erpops/drill-{service}.volume",
        "aside": "/run/erpops-drill-volume",
    }
    try:
        host.check_output(GIVE.format(**names, room=ROOM_MIB))
        yield
    finally:
        host.check_output(TAKE.format(**names))
