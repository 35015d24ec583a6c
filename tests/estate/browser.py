"""A person with a browser, headless: logs in and sees the order."""

from __future__ import annotations

import base64
import hashlib
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.estate.journey import Trade
from tests.estate.world import Estate, Instance
from tests.lab import packages
from tests.lab.progress import Progress

PATIENCE = 60
# When an interface of this machine comes or goes, as with a container elsewhere on it, Chromium drops its connections.
# The web client that was just being loaded then waits for its user to load it again; a login whose answer was lost
# was none.
LOADS, LOAD_SECONDS = 3, 30
LOGIN = "/web/login"


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
        for load in range(LOADS):
            try:
                _open(page, instance, f"/odoo/action-sale.action_orders/{trade.sale}")
                _wait(page, lambda shown: trade.sale_name in shown.find_element(By.TAG_NAME, "body").text)
            except WebDriverException:
                if load == LOADS - 1:
                    raise
            else:
                break
        assert page.current_url.startswith(instance.url)
    return f"a browser logged in and saw {trade.sale_name}"


def _open(page: webdriver.Chrome, instance: Instance, path: str) -> None:
    """Open a page as a person does: who is not logged in, or never heard that he is, is asked to log in first."""
    page.get(f"{instance.url}{path}")
    if LOGIN not in page.current_url:
        return
    _wait(page, lambda shown: _login(shown).is_displayed())
    _login(page).send_keys(instance.admin_login)
    page.find_element(By.NAME, "password").send_keys(instance.admin_password)
    page.find_element(By.CSS_SELECTOR, "form.oe_login_form button[type=submit]").click()


def _login(page: webdriver.Chrome) -> WebElement:
    return page.find_element(By.NAME, "login")


def _wait(page: webdriver.Chrome, condition: Callable[[webdriver.Chrome], object]) -> None:
    # The page is drawn anew while it is read.
    WebDriverWait(page, LOAD_SECONDS, ignored_exceptions=[StaleElementReferenceException]).until(condition)
