"""A person with a browser: log in, see the order."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
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


@pytest.fixture
def browser(estate: Estate, north: Instance, tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A headless Chromium that resolves the instance's name to the virtual address and trusts the edges' keys alone."""
    packages.ensure({"chromium": "chromium", "chromedriver": "chromium-driver"}, Progress())
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
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--host-resolver-rules=MAP {north.host_name} {estate.virtual_ip}",
        f"--ignore-certificate-errors-spki-list={public_key_pins(estate, north.host_name)}",
    ):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.set_page_load_timeout(PATIENCE)
    yield driver
    driver.quit()


def test_a_person_logs_in_and_sees_the_order(browser: webdriver.Chrome, north: Instance, trade: Trade) -> None:
    browser.get(f"{north.url}/web/login?redirect=/odoo/action-sale.action_orders/{trade.sale}")
    # The page is drawn anew while it is read.
    wait = WebDriverWait(browser, PATIENCE, ignored_exceptions=[StaleElementReferenceException])
    wait.until(lambda page: page.find_element(By.NAME, "login").is_displayed())
    browser.find_element(By.NAME, "login").send_keys(north.admin_login)
    browser.find_element(By.NAME, "password").send_keys(north.admin_password)
    browser.find_element(By.CSS_SELECTOR, "form.oe_login_form button[type=submit]").click()
    wait.until(lambda page: trade.sale_name in page.find_element(By.TAG_NAME, "body").text)
    assert browser.current_url.startswith(north.url)
