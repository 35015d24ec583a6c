"""A person with a browser, headless: logs in and sees the order."""

from __future__ import annotations

import base64
import hashlib
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.estate.journey import Trade
from tests.estate.world import Estate, Instance
from tests.lab import packages
from tests.lab.progress import Progress

PATIENCE = 60


def public_key_pins(estate: Estate, name: str) -> str:
    """Return the edges' public keys, taken from connections that were verified against the estate's CA."""
    pins = []
    for host in estate.group("edge"):
        with (
            socket.create_connection((host.address, 443), timeout=10) as plain,
            estate.tls().wrap_socket(plain, server_hostname=name) as secure,
        ):
            presented = secure.getpeercert(binary_form=True)
        assert presented is not None
        key = x509.load_der_x509_certificate(presented).public_key()
        encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        pins.append(base64.b64encode(hashlib.sha256(encoded).digest()).decode())
    return ",".join(pins)


@contextmanager
def browser(estate: Estate, instance: Instance) -> Iterator[webdriver.Chrome]:
    """A headless Chromium that resolves the instance's name to the virtual address and trusts the edges' keys alone."""
    packages.ensure({"chromium": "chromium", "chromedriver": "chromium-driver"}, Progress())
    profile = tempfile.TemporaryDirectory(prefix="erpops-browser-", ignore_cleanup_errors=True)
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-proxy-server",
        "--window-size=1400,1000",
        f"--user-data-dir={profile.name}",
        f"--host-resolver-rules=MAP {instance.host_name} {estate.virtual_ip}",
        f"--ignore-certificate-errors-spki-list={public_key_pins(estate, instance.host_name)}",
    ):
        options.add_argument(flag)
    with profile, webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver")) as driver:
        driver.set_page_load_timeout(PATIENCE)
        yield driver


def order_seen(estate: Estate, instance: Instance, trade: Trade) -> str:
    """Log in as the administrator and wait for the order's number on its page."""
    with browser(estate, instance) as page:
        page.get(f"{instance.url}/web/login?redirect=/odoo/action-sale.action_orders/{trade.sale}")
        # The page is drawn anew while it is read.
        wait = WebDriverWait(page, PATIENCE, ignored_exceptions=[StaleElementReferenceException])
        wait.until(lambda shown: shown.find_element(By.NAME, "login").is_displayed())
        page.find_element(By.NAME, "login").send_keys(instance.admin_login)
        page.find_element(By.NAME, "password").send_keys(instance.admin_password)
        page.find_element(By.CSS_SELECTOR, "form.oe_login_form button[type=submit]").click()
        wait.until(lambda shown: trade.sale_name in shown.find_element(By.TAG_NAME, "body").text)
        assert page.current_url.startswith(instance.url)
    return f"a browser logged in and saw {trade.sale_name}"
