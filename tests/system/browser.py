"""A browser without a screen, for what only a browser can show: clicks, keys, what is seen, and what its console says.

What is read of a page is read by one script at once, so that an element which goes meanwhile is no failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from waiting import PATIENCE_S, eventually

DRIVER = "/usr/bin/chromedriver"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--lang=en")
WIDE = (1440, 900)
NARROW = (360, 740)

Box = dict[str, float]


class Browser:
    def __init__(self) -> None:
        options = Options()
        for flag in FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self._forgiven: list[str] = []

    def quit(self) -> None:
        self.driver.quit()

    def begin(self) -> None:
        """As if it were new: an empty page, nothing kept, a wide screen, light."""
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
        self.resize(*WIDE)
        self.prefer()
        self._forgiven = []
        self.complaints()

    # ------------------------------------------------------------ where, and how

    def open(self, url: str) -> None:
        self.driver.get(url)

    def go(self, route: str) -> None:
        self.run("location.hash = arguments[0]", route)

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str = "light", motion: str = "no-preference") -> None:
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    # ------------------------------------------------------------ what is there

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def text(self, css: str) -> str | None:
        """What the first such element says, with ordinary spaces; None if it is not to be seen."""
        found = self.run(
            "const e = document.querySelector(arguments[0]); return e && e.checkVisibility() ? e.innerText : null", css
        )
        return None if found is None else plain(found)

    def texts(self, css: str) -> list[str]:
        found = self.run(
            """const all = [...document.querySelectorAll(arguments[0])];
            return all.filter((e) => e.checkVisibility()).map((e) => e.innerText)""",
            css,
        )
        return [plain(text) for text in found]

    def count(self, css: str) -> int:
        return self.run("return document.querySelectorAll(arguments[0]).length", css)

    def attribute(self, css: str, name: str) -> str | None:
        return self.run("return document.querySelector(arguments[0])?.getAttribute(arguments[1])", css, name)

    def style(self, css: str, name: str) -> str:
        return self.run("return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", css, name)

    def says(self, css: str, part: str, within: float = PATIENCE_S) -> str:
        """Waits until the element says this among other things."""

        def said() -> str | None:
            self._last = self.text(css)
            return self._last if self._last is not None and part in self._last else None

        try:
            return eventually(said, f"{css} says {part!r}", within)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; it says {self._last!r}") from None

    def boxes(self, *selectors: str) -> dict[str, Box]:
        """Of all such elements: where they are on the page, by selector and place in it."""
        return self.run(
            """const boxes = {};
            for (const css of arguments[0]) {
              [...document.querySelectorAll(css)].forEach((e, i) => {
                const r = e.getBoundingClientRect();
                boxes[`${css} [${i}]`] = {x: r.x, y: r.y + scrollY, width: r.width, height: r.height};
              });
            }
            return boxes""",
            selectors,
        )

    def complaints(self) -> list[str]:
        """What the console has been told since the last call, but for what is to be expected."""
        entries = [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [e["message"] for e in entries if not any(part in e["message"] for part in self._forgiven)]

    def forgive(self, part: str) -> None:
        self._forgiven.append(part)

    # ------------------------------------------------------------ what a person does

    def element(self, css: str) -> WebElement:
        eventually(lambda: self.text(css) is not None, f"{css} is seen")
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def click(self, css: str) -> None:
        self.element(css).click()

    def type(self, css: str, text: str) -> None:
        self.element(css).send_keys(text)

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def point(self, css: str, x: int, y: int) -> None:
        """With the mouse, at so many pixels from the element's upper left corner."""
        element = self.element(css)
        size = element.size
        offset = (x - size["width"] // 2, y - size["height"] // 2)
        ActionChains(self.driver).move_to_element_with_offset(element, *offset).perform()

    def focused(self) -> str:
        """The element that has the keyboard, as its tag and what it is called."""
        return self.run(
            """const e = document.activeElement;
            return `${e.tagName.toLowerCase()} ${e.getAttribute('aria-label') || e.innerText}`"""
        )


    def focused_row(self) -> str | None:
        """The key of the table's row that has the keyboard."""
        return self.run("return document.activeElement.dataset.key ?? null")


def plain(text: str) -> str:
    """Numbers are grouped by narrow spaces that do not break."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def strip_pixels(page: Browser, colour: str) -> int:
    """How many pixels of a ledger's strip have the colour of this name."""
    return page.run(
        """const canvas = document.querySelector('.strip-canvas');
        const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        paint.fillStyle = getComputedStyle(canvas).getPropertyValue(arguments[0]);
        paint.fillRect(0, 0, 1, 1);
        const [r, g, b] = paint.getImageData(0, 0, 1, 1).data;
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) count += data[i] === r && data[i + 1] === g && data[i + 2] === b;
        return count""",
        colour,
    )


def browsers() -> Iterator[Browser]:
    """For a fixture: one that all tests of a file share, because it takes a second to start."""
    browser = Browser()
    try:
        yield browser
    finally:
        browser.quit()


def pages(browser: Browser) -> Iterator[Browser]:
    """For a fixture: begun anew, and at the test's end its console has heard no complaint."""
    browser.begin()
    yield browser
    complaints = browser.complaints()
    assert complaints == [], f"the browser complained: {complaints}"


def unequal(before: dict[str, Box], after: dict[str, Box]) -> Sequence[str]:
    """The names of the boxes that have moved or changed their size."""
    return [name for name in before if before[name] != after.get(name)]
