"""Pages judged by axe-core in a browser: a headless Chromium, started once for many of them.

A page of ours shows each in a frame of a phone's or a desktop's width, waits until nothing in it is `running`, and runs
axe-core within it.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.support.http_server import serving

WIDTHS = {"phone": 360, "desktop": 1280}
"""In pixels; most phones are wider."""
SECONDS = 120.0
"""Of one browser; it takes about a fifth of a second a page."""
_JUDGE = """<!doctype html><html lang="en"><title>axe</title><pre id="found"></pre><script>
(async () => {
  const found = [];
  for (const [name, path, width] of PAGES) {
    const frame = document.createElement("iframe");
    Object.assign(frame.style, {width: width + "px", height: "900px", border: "0"});
    frame.src = path;
    await new Promise(loaded => { frame.onload = loaded; document.body.append(frame); });
    while (frame.contentDocument.querySelector(".running")) await new Promise(passed => setTimeout(passed, 20));
    const script = frame.contentDocument.createElement("script");
    script.src = "/axe.js";
    await new Promise(loaded => { script.onload = loaded; frame.contentDocument.head.append(script); });
    const judged = await frame.contentWindow.axe.run(frame.contentDocument);
    found.push({
      page: name, dark: matchMedia("(prefers-color-scheme: dark)").matches, passed: judged.passes.length,
      violations: judged.violations.flatMap(one => one.nodes.map(node => one.id + ": " + node.html)),
      wide: frame.contentDocument.documentElement.scrollWidth > width,
      said: [...frame.contentDocument.querySelectorAll("[role=status]")].map(one => one.textContent),
    });
    frame.remove();
  }
  document.getElementById("found").textContent = JSON.stringify(found);
})();
</script></html>"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What axe-core says of one page in one width."""

    page: str
    dark: bool
    """Whether the reader prefers dark colours."""
    passed: int
    """How many rules hold, of those that apply."""
    violations: list[str]
    wide: bool
    """Whether it must be scrolled sideways."""
    said: list[str]
    """What its states say, such as what its script has found."""


def chromium() -> str | None:
    """The browser, where there is one on PATH."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


async def judged(
    browser: str, pages: Mapping[str, bytes], profile: Path, *, dark: bool, answers: Mapping[str, bytes] | None = None
) -> list[Judged]:
    """What axe-core finds on each page, by its name, on a phone and on a desktop. `profile`: an empty folder.
    `answers`: what the pages' scripts get, by its encoded path; what is not in it is not found."""
    axe = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    shown = dict(enumerate(pages.values()))
    pages_to_judge = [
        (f"{name}, {device}", f"/pages/{n}", width) for n, name in enumerate(pages) for device, width in WIDTHS.items()
    ]

    async def judge(_: Request) -> Response:
        return HTMLResponse(_JUDGE.replace("PAGES", json.dumps(pages_to_judge)))

    async def script(_: Request) -> Response:
        return Response(axe, media_type="text/javascript")

    async def page(request: Request) -> Response:
        return HTMLResponse(shown[request.path_params["n"]])

    async def answer(request: Request) -> Response:
        content = (answers or {}).get(request.scope["raw_path"].decode("ascii"))
        return Response(content, 404 if content is None else 200, media_type="application/json")

    routes = [Route("/", judge), Route("/axe.js", script), Route("/pages/{n:int}", page), Route("/{path:path}", answer)]
    app = Starlette(routes=routes)
    async with serving(app) as url:
        output = await shown_at(browser, url, profile, *(["--blink-settings=preferredColorScheme=0"] if dark else []))
    verdicts = re.search(r'<pre id="found">(.+?)</pre>', output, re.DOTALL)
    if verdicts is None:
        raise RuntimeError("the browser has not judged the pages")
    return [Judged(**verdict) for verdict in json.loads(unescape(verdicts[1]))]


async def shown_at(browser: str, url: str, profile: Path, *flags: str) -> str:
    """The document at this address once its scripts have ended. `profile`: an empty folder."""
    process = await asyncio.create_subprocess_exec(
        browser,
        "--headless=new",
        "--no-sandbox",  # root has none; the pages are our own
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={profile}",
        "--window-size=1400,1000",
        f"--virtual-time-budget={round(SECONDS * 1000)}",
        *flags,
        "--dump-dom",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return output.decode()
