# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 endpoint, through boto3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingLibrary,
    NotAuthorised,
    NotTrusted,
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.bucket import Bucket, Retention

# Signatures carry a region; endpoints outside of AWS accept any, this one is every client's default.
REGION = "us-east-1"


class S3Client:
    """One login at one endpoint; buckets are addressed by path, as an endpoint with a plain address needs."""

    def __init__(
        self, endpoint: str, *, ca_file: str, access_key: str, secret_key: str, login: str = "", timeout: float = 10.0
    ) -> None:
        try:
            import boto3
            import botocore.config
            import botocore.exceptions
        except ImportError as error:
            raise MissingLibrary(
                "the AWS SDK for Python", found=str(error), remedy="install the package python3-boto3 on this host"
            ) from error
        self.what = f"S3 at {endpoint}" + (f" as {login}" if login else "")
        self._errors = botocore.exceptions
        self._timeout = timeout
        self._s3 = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            verify=ca_file,
            region_name=REGION,
            config=botocore.config.Config(
                s3={"addressing_style": "path"},
                connect_timeout=timeout,
                read_timeout=timeout,
                retries={"max_attempts": 0},
                # The estate's own addresses: a proxy of the environment is not asked.
                proxies={},
            ),
        )
        # Every request of this client comes by here, before it is signed and sent.
        self._s3.meta.events.register("before-call.s3", self._before)

    def _before(self, params: Any, **_more: Any) -> None:
        guard.about_to_send(self.what, params["method"], params["url_path"])

    def buckets(self) -> list[str]:
        """Return the names of the buckets that this login may see."""
        with self._asking("list of buckets"):
            return [entry["Name"] for entry in self._s3.list_buckets().get("Buckets", [])]

    def bucket(self, name: str) -> Bucket | None:
        """Return the bucket as it is, None when there is none."""
        with self._asking(f"bucket {name}"):
            try:
                versioning = self._s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled"
            except self._errors.ClientError as error:
                if _code(error) == "NoSuchBucket":
                    return None
                raise
            lock = self._object_lock(name)
        rule = (lock or {}).get("Rule", {}).get("DefaultRetention", {})
        retention = Retention(rule["Mode"], _days(rule)) if rule else None
        return Bucket(name, versioning=versioning, object_lock=lock is not None, retention=retention)

    def create(self, name: str, *, object_lock: bool) -> None:
        """Make the bucket; only now it can be given object lock."""
        with self._asking(f"bucket {name}"):
            self._s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=object_lock)

    def set_versioning(self, name: str, *, enabled: bool) -> None:
        """Turn versioning on, or suspend it; versions that exist stay."""
        status = {"Status": "Enabled" if enabled else "Suspended"}
        with self._asking(f"versioning of bucket {name}"):
            self._s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=status)

    def set_retention(self, name: str, retention: Retention | None) -> None:
        """Set for how long new versions are locked; versions that exist keep their lock."""
        configuration: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
        if retention:
            configuration["Rule"] = {"DefaultRetention": {"Mode": retention.mode, "Days": retention.days}}
        with self._asking(f"object lock of bucket {name}"):
            self._s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=configuration)

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Write an object; a version of it that was there stays where the bucket keeps versions."""
        with self._asking(f"object {key} of bucket {bucket}"):
            self._s3.put_object(Bucket=bucket, Key=key, Body=content)

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return an object, None where there is none."""
        with self._asking(f"object {key} of bucket {bucket}"):
            try:
                content: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            except self._errors.ClientError as error:
                if _code(error) == "NoSuchKey":
                    return None
                raise
        return content

    def keys(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[str]:
        """Yield the names of the objects below a prefix in their order, those behind ``after``."""
        pages = self._s3.get_paginator("list_objects_v2")
        with self._asking(f"objects of bucket {bucket}"):
            for page in pages.paginate(Bucket=bucket, Prefix=prefix, StartAfter=after):
                yield from (entry["Key"] for entry in page.get("Contents", []))

    def _object_lock(self, name: str) -> dict[str, Any] | None:
        try:
            answer = self._s3.get_object_lock_configuration(Bucket=name)
        except self._errors.ClientError as error:
            if _code(error) == "ObjectLockConfigurationNotFoundError":
                return None
            raise
        configuration: dict[str, Any] = answer.get("ObjectLockConfiguration", {})
        return configuration if configuration.get("ObjectLockEnabled") == "Enabled" else None

    @contextmanager
    def _asking(self, subject: str) -> Iterator[None]:
        what = f"{self.what}, {subject}"
        errors = self._errors
        try:
            yield
        except errors.ClientError as error:
            found = f"{_code(error)}: {error.response['Error'].get('Message', '')}"
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (401, 403):
                raise NotAuthorised(what, expected="these credentials to be accepted", found=found) from error
            raise Refused(what, expected="success", found=found) from error
        except errors.SSLError as error:
            raise NotTrusted(what, expected="a trusted TLS connection", found=str(error)) from error
        except (errors.ConnectTimeoutError, errors.ReadTimeoutError) as error:
            raise TimedOut(what, expected=f"an answer within {self._timeout:g} s", found="none") from error
        except errors.BotoCoreError as error:
            raise Unreachable(what, expected="an answer", found=str(error)) from error
        except OSError as error:
            raise NotTrusted(what, expected="the file of the CA on this host", found=str(error)) from error


def _code(error: Any) -> str:
    return str(error.response["Error"].get("Code", ""))


def _days(rule: dict[str, Any]) -> int:
    return int(rule["Days"]) if "Days" in rule else int(rule["Years"]) * 365
