"""A headless Chromium, and what a person does with a page in it: clicks, typing and keys."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

FLAGS = (
    "headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
    "disable-background-networking", "disable-component-update", "disable-sync",
    "disable-dev-shm-usage",
)  # fmt: skip
PATIENCE = 10.0

CONTRAST = """
const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const light = (colours) => {
  for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
  const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = [];
for (let e = arguments[0]; e; e = e.parentElement)
  behind.unshift(getComputedStyle(e).backgroundColor);
const [a, b] = [light(behind), light([...behind, getComputedStyle(arguments[0]).color])];
return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
"""

T = TypeVar("T")


@contextmanager
def open_chrome(profile: Path) -> Iterator[Chrome]:
    """Chromium with a profile of its own; the test is skipped where there is none, but in CI."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        missing = "Chromium or its driver is absent: apt-get install chromium chromium-driver"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, Service(driver))
    try:
        yield browser
    finally:
        browser.quit()


class Page:
    """A page in the browser."""

    def __init__(self, chrome: Chrome) -> None:
        self.chrome = chrome

    def load(self, address: str) -> Self:
        """Open one of the pages, as if for the first time, and wait until it is drawn."""
        self.chrome.get("about:blank")
        self.chrome.get(address)
        self.until(lambda: self.js("return document.documentElement.dataset.state") == "ready")
        return self

    def size(self, width: int, height: int = 800, *, dark: bool = False) -> Self:
        """Give the window a size and the system a theme."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme, calm]})
        return self

    def js(self, script: str, *arguments: Any) -> Any:
        return self.chrome.execute_script(script, *arguments)

    def all(self, css: str) -> list[WebElement]:
        return self.chrome.find_elements("css selector", css)

    def one(self, css: str) -> WebElement:
        return self.chrome.find_element("css selector", css)

    def text(self, css: str) -> str:
        return str(self.js("return document.querySelector(arguments[0]).textContent", css)).strip()

    def texts(self, css: str) -> list[str]:
        found: list[str] = self.js(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.trim())",
            css,
        )
        return found

    def click(self, css: str, text: str = "") -> None:
        """Click the first element that has a text; charts may be drawn anew at any moment."""
        from selenium.common.exceptions import StaleElementReferenceException

        def clicked() -> bool:
            try:
                found = next((e for e in self.all(css) if text in e.text), None)
                if found:
                    self.js("arguments[0].scrollIntoView({block: 'center'})", found)
                    found.click()
            except StaleElementReferenceException:
                return False
            return found is not None

        self.until(clicked)

    def press(self, *keys: str) -> None:
        """Press keys on whatever has the focus."""
        from selenium.webdriver import ActionChains, Keys

        chain = ActionChains(self.chrome)
        for key in keys:
            chain.send_keys(getattr(Keys, key, key))
        chain.perform()

    def until(self, holds: Callable[[], T]) -> T:
        """Wait for something to become true."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := holds():
                return found
            time.sleep(0.02)
        pytest.fail(f"never came true; the page says {self.text('#count')!r}")
