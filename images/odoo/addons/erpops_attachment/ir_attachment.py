# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that cannot be had now is not an empty one.

fs_attachment takes whatever the operating system or the network has against reading for a file that is not there, and
gives nothing in its place: what is read so and written elsewhere is lost. Here only a file that its bucket does not
know is empty; everything else, and a bucket that is not there, ends the request, and its user is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import ClientError
from botocore.exceptions import BotoCoreError
from odoo import api, models
from odoo.addons.fs_attachment.models.ir_attachment import AttachmentFileLikeAdapter
from odoo.exceptions import UserError
from werkzeug.exceptions import ServiceUnavailable

_logger = logging.getLogger(__name__)

TOLD = "The store of attached files does not answer. Nothing was changed; please try again later."
RETRY_AFTER_SECONDS = 30

_file_open = AttachmentFileLikeAdapter._file_open


def in_dialog() -> UserError:
    """Return what the web client shows in words, with the status that other clients go by."""
    told = UserError(TOLD)
    told.http_status = ServiceUnavailable.code
    return told


def in_page() -> ServiceUnavailable:
    """Return what a download ends with: Odoo would say that a file is not there, or that the request was wrong."""
    return ServiceUnavailable(TOLD, retry_after=RETRY_AFTER_SECONDS)


@contextmanager
def asking_the_store(told: Callable[[], Exception], *, known: bool = False) -> Iterator[None]:
    """Tell the user what the store, or the way to it, has against it.

    That there is no such thing is an answer, unless it is ``known`` that there has to be.
    """
    try:
        yield
    except FileNotFoundError as error:
        if not known:
            raise
        _logger.warning("object store: %s", error)
        raise told() from error
    # The last is what a store says that dies in the middle of a file.
    except (OSError, BotoCoreError, ClientError) as error:
        _logger.warning("object store: %s", error)
        raise told() from error


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model
    def _storage_file_read(self, fname: str, size: int | None = None) -> bytes:
        file_system, _storage, path = self._fs_parse_store_fname(fname)
        try:
            with asking_the_store(in_dialog), file_system.open(path, "rb") as file:
                content: bytes = file.read(size)
                return content
        except FileNotFoundError:
            with asking_the_store(in_dialog, known=True):
                file_system.info("")
            _logger.warning("object store: there is no %s", fname)
            return b""

    @api.model
    def _storage_file_write(self, bin_data: bytes) -> str:
        code = self.env.context.get("storage_location") or self._storage()
        with asking_the_store(in_dialog, known=True):
            # fs_attachment asks for the bucket in a way that takes silence for a no, and then tries to make it.
            self._get_fs_storage_for_code(code).info("")
            name: str = super()._storage_file_write(bin_data)
            return name

    def _enforce_meaningful_storage_filename(self) -> None:
        # The other half of storing a file: it gets its name.
        with asking_the_store(in_dialog, known=True):
            super()._enforce_meaningful_storage_filename()


def file_open(adapter: AttachmentFileLikeAdapter) -> None:
    """Open the file that is sent to a user, and have its first block: afterwards nothing can be told any more."""
    with asking_the_store(in_page):
        _file_open(adapter)
        if adapter._is_open_for_read:
            adapter._file.read(1)
            adapter._file.seek(0)


AttachmentFileLikeAdapter._file_open = file_open
