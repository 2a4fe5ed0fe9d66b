"""What axe-core finds wrong with a page as it is shown right now."""

from __future__ import annotations

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.async_api import Page

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_AXE = Axe()


async def violations(page: Page) -> list[str]:
    """A line for each element that breaks a rule of WCAG 2.2 (A and AA) or a best practice, of whatever impact."""
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": _TAGS}}
    results = await _AXE.run(page, options=options)
    return [
        f"{broken['id']} ({broken['impact']}): {element['target']} {element['failureSummary']} {element['html']}"
        for broken in results.response["violations"]
        for element in broken["nodes"]
    ]
