"""Files are in the bucket alone, and there for everybody at once."""

from __future__ import annotations

import base64

from tests.estate import access
from tests.estate.traces import leader, psql
from tests.estate.web import Json2
from tests.estate.world import Estate, Instance


def test_a_file_is_there_for_every_process_at_once(estate: Estate, north: Instance, odoo: Json2) -> None:
    """A process that remembers what the bucket held would show nothing of what another one has just written."""
    nodes = [access.json2_on(estate, host, north) for host in estate.group("odoo")]
    for number in range(8):
        content = f"file {number}".encode() * 100
        attachment = odoo.create("ir.attachment", name=f"seen-{number}.bin", datas=base64.b64encode(content).decode())
        # Each node has several processes; which one answers is not ours to say.
        for node in nodes * 3:
            assert base64.b64decode(node.read("ir.attachment", attachment, "datas")["datas"]) == content, number


def test_nothing_is_kept_beside_the_bucket(estate: Estate) -> None:
    """Neither in one node's filestore nor in the database, which keeps assets and small images alone."""
    query = """
select count(*) from ir_attachment where type = 'binary' and file_size > 0 and (store_fname not like '%://%'
  or store_fname is null and not (mimetype in ('application/javascript', 'text/css')
                                  or mimetype like 'image/%' and file_size <= 51200))"""
    for instance in estate.instances:
        assert psql(leader(estate), instance.database, query) == "0", instance.name
