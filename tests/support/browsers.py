"""The browsers that tests run in, Chromium and Firefox, both driven by Playwright, and pages opened in them.

Firefox is that of the system, driven over WebDriver BiDi. It hears of a reader's wishes (dark, reduced motion) when it
starts, so there is one for each of them; it can neither be touched nor do without scripts.
"""

import shutil
from collections.abc import Callable

import pytest

VIEWPORT = {"width": 1280, "height": 720}
PROGRAMS = {  # the first that is there
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}
WISHES = {"color_scheme": "light", "reduced_motion": "no-preference"}
ONLY_CHROMIUM = {"java_script_enabled": "do without scripts", "has_touch": "be touched"}


def start(runner, name, wishes):
    """A browser by its name, with a reader's wishes; skips, and says so, where there is none."""
    program = next((path for path in map(shutil.which, PROGRAMS[name]) if path), None)
    if program is None:
        pytest.skip(f"no {name.capitalize()} on this machine")
    if name == "chromium":
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        return runner.chromium.launch(executable_path=program, args=options)
    settings = {
        "layout.css.prefers-color-scheme.content-override": int(wishes["color_scheme"] == "light"),
        "ui.prefersReducedMotion": int(wishes["reduced_motion"] == "reduce"),
    }
    firefox = runner.firefox.launch(channel="moz-firefox", executable_path=program, firefox_user_prefs=settings)
    try:
        firefox.new_context().close()
    except Exception as error:  # its class is that of a package that need not be there
        firefox.close()
        pytest.skip(f"this Playwright and Firefox do not go together: {str(error).splitlines()[0]}")
    return firefox


class Pages:
    """Pages of one browser. A new context costs as much as two tabs, a new tab as much as two addresses opened in an
    old one: so tests share contexts, and the tabs that no test uses now."""

    def __init__(self, launch: Callable, name: str) -> None:
        self.launch, self.name = launch, name
        self.contexts, self.idle, self.used = {}, {}, []

    def open(self, address, *, viewport, wishes, own, options):
        """A tab that shows an address; `wishes` are the reader's, `options` those of a browser context."""
        unable = [what for option, what in ONLY_CHROMIUM.items() if option in options and self.name == "firefox"]
        if unable:
            pytest.skip(f"Firefox cannot {' and '.join(unable)} over WebDriver BiDi")
        page = None if own else self.idle.pop(self._key(wishes, options), None)
        if page is None:
            page = _listened(self._context(wishes, options).new_page())
        self.used.append((page, None if own else self._key(wishes, options)))
        page.bring_to_front()
        page.set_viewport_size(viewport)
        page.emulate_media(media="null", **wishes)
        page.messages, page.requests = [], []
        page.goto(address)
        return page

    def rest(self):
        """Makes the tabs that were used ready for other tests; what a page stored is forgotten."""
        while self.used:
            page, key = self.used.pop(0)
            page.evaluate("() => { try { localStorage.clear(); } catch { /* refused: then nothing is stored */ } }")
            if key is None or key in self.idle:
                page.close()  # of several tabs in a window, all but one are behind it, and slow
                continue
            page.unroute_all()
            page.mouse.move(0, 0)  # off what the next test does not point at
            page.goto("about:blank")
            self.idle[key] = page

    def close(self):
        for context in self.contexts.values():
            context.close()

    def _key(self, wishes, options):
        """What a context is known by: Chromium takes wishes at any time."""
        return repr(sorted({**options, **(wishes if self.name == "firefox" else {})}.items()))

    def _context(self, wishes, options):
        key = self._key(wishes, options)
        if key not in self.contexts:
            browser = self.launch(self.name, **(wishes if self.name == "firefox" else {}))
            self.contexts[key] = browser.new_context(**options)
        return self.contexts[key]


def _listened(page):
    """A page whose messages and requests are noted in the lists that it has at that time."""
    page.on("console", lambda message: page.messages.append(message.text))
    page.on("pageerror", lambda error: page.messages.append(str(error)))
    page.on("requestfailed", lambda request: page.messages.append(f"failed: {request.url}"))
    page.on("request", lambda request: page.requests.append(request.url))
    return page
