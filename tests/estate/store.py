"""The object store as a client of it, with the logins that the vault knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError

from tests.estate.world import Estate, Host
from tests.lab import secrets


@dataclass(frozen=True)
class Store:
    """The endpoint, and what the vault knows of its logins."""

    host: Host
    ca_file: str
    secrets: dict[str, Any]

    @classmethod
    def of(cls, estate: Estate) -> Store:
        return cls(estate.group("object_storage")[0], estate.ca_file, secrets.read())

    def client(self, access_key: str, secret_key: str) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=f"https://{self.host.address}:8333",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            verify=self.ca_file,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}, proxies={}),
        )

    def instance(self, name: str) -> Any:
        keys = self.secrets["estate_instance_secrets"][name]
        return self.client(keys["s3_access_key"], keys["s3_secret_key"])

    def login(self, name: str) -> Any:
        return self.client(self.secrets[f"{name}_access_key"], self.secrets[f"{name}_secret_key"])

    def settings(self) -> dict[str, tuple[Any, Any]]:
        """Versioning and object lock of every bucket, as the administrator sees them."""
        client = self.login("object_storage_admin")

        def lock(name: str) -> Any:
            try:
                return client.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
            except ClientError:
                return None

        names = [entry["Name"] for entry in client.list_buckets()["Buckets"]]
        return {name: (client.get_bucket_versioning(Bucket=name).get("Status"), lock(name)) for name in names}
