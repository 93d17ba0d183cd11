"""The report in headless Chromium, offline, from a file: what a reader sees and can do."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kinoeye.evaluation import score_poses
from kinoeye.footage import Take
from kinoeye.footage.video import write_video
from kinoeye.language import parse
from kinoeye.render import ShotSolids
from kinoeye.shot import Shot, stage
from kinoeye.shot.checks import check
from kinoeye.studio.filming import Filming
from kinoeye.studio.report import Report, write_report
from kinoeye.studio.scene_page import scene_html

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless --no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --hide-scrollbars --use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist"
).split()
FILM_TIME = "return document.querySelector('video').currentTime"
PATIENCE_S = 90.0
"""Drawing in software on shared cores is slow; a test waits for what it needs and no longer."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}", "--window-size=1280,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def file(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(report, path)
    return path


@pytest.fixture
def opened(browser: Any, file: Path) -> Any:
    return open_page(browser, file)


def open_page(browser: Any, file: Path, *, width: int = 1280, height: int = 900, scheme: str = "light") -> Any:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    preference = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", preference)
    for log in ("browser", "performance"):
        browser.get_log(log)  # what earlier pages wrote
    browser.get(file.as_uri())
    return browser


def wait(condition: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError(f"in {PATIENCE_S:g} s there was not {what}")


def in_scene(browser: Any, script: str) -> Any:
    browser.switch_to.frame(browser.find_element("css selector", "iframe"))
    try:
        return browser.execute_script(script)
    finally:
        browser.switch_to.default_content()


def scene_pixels(browser: Any) -> np.ndarray:
    picture = browser.find_element("css selector", "iframe").screenshot_as_png
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)


def wait_for_scene(browser: Any) -> None:
    """viser fades its canvas in; then the scene follows the report's clock and its own bar is gone."""
    script = (
        "const c = [...document.querySelectorAll('canvas')].pop(); return c && c.width && getComputedStyle(c).opacity"
    )
    wait(lambda: in_scene(browser, script) == "1" and scene_pixels(browser).std() > 5, "a drawn scene")
    wait(
        lambda: not in_scene(browser, "return document.querySelector('[role=slider]')?.offsetParent"), "a synced scene"
    )


def seek(browser: Any, seconds: float) -> None:
    slider = "const s = document.querySelector('.timeline input'); s.value = arguments[0];"
    browser.execute_script(f"{slider} s.dispatchEvent(new Event('input'))", seconds)


def settled_pixels(browser: Any) -> np.ndarray:
    """The scene once it has looked the same for two seconds."""
    pictures = [scene_pixels(browser)]
    for _ in range(80):
        time.sleep(0.5)
        pictures = [*pictures[-4:], scene_pixels(browser)]
        if len(pictures) == 5 and all(np.array_equal(picture, pictures[0]) for picture in pictures):
            return pictures[0]
    raise AssertionError("the scene does not come to rest while the clock stands")


def share_changed(a: np.ndarray, b: np.ndarray) -> float:
    """Share of pixels that look different."""
    return float((np.abs(a - b).max(-1) > 40).mean())


def errors(browser: Any) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_it_loads_offline_without_an_error_or_a_request(opened: Any):
    wait_for_scene(opened)
    assert errors(opened) == []
    events = (json.loads(entry["message"])["message"] for entry in opened.get_log("performance"))
    asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    schemes = {url.partition(":")[0] for url in asked}
    assert "file" in schemes  # the page itself: requests are seen
    assert schemes <= {"file", "data", "blob", "about"}


def test_the_film_plays_by_itself_and_the_button_stops_it(opened: Any):
    wait(lambda: opened.execute_script(FILM_TIME) > 0.2, "a playing film")
    opened.find_element("css selector", ".transport button").click()
    assert opened.execute_script("return document.querySelector('video').paused")
    stopped = opened.execute_script(FILM_TIME)
    time.sleep(0.5)
    assert opened.execute_script(FILM_TIME) == stopped


def test_the_time_line_moves_the_film_the_scene_the_sheets_and_the_plots(opened: Any):
    wait_for_scene(opened)

    def look(seconds: float) -> tuple[np.ndarray, float, str]:
        seek(opened, seconds)
        wait(lambda: abs(opened.execute_script(FILM_TIME) - seconds) < 0.05, "the film at the time")
        picture = settled_pixels(opened)
        playhead = opened.find_element("css selector", ".plots .playhead").rect["x"]
        tile = opened.find_element("css selector", ".tile").value_of_css_property("background-position")
        return picture, playhead, tile

    (early, early_x, early_tile), (late, late_x, late_tile) = look(0.1), look(1.9)
    assert share_changed(early, late) > 0.005
    assert late_x - early_x > 200
    assert late_tile != early_tile
    # Back again; viser draws fewer pixels when it is slow, so that edges differ a little between equal scenes.
    same = 0.4 * share_changed(early, late)
    assert look(0.1)[2] == early_tile
    wait(lambda: share_changed(scene_pixels(opened), early) < same, "the scene as it was before")
    assert errors(opened) == []


def test_the_row_of_the_move_is_marked(opened: Any):
    for seconds, index in ((0.2, 0), (1.8, 1)):
        seek(opened, seconds)
        marked = "return [...document.querySelectorAll('tr[data-start]')].findIndex(r => r.ariaCurrent)"
        wait(lambda m=marked, i=index: opened.execute_script(m) == i, f"move {index} marked")


@pytest.mark.parametrize("width", [1280, 820, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_in_both_colour_schemes(browser: Any, file: Path, width: int, scheme: str):
    open_page(browser, file, width=width, scheme=scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth") == width
    for element in browser.find_elements("css selector", "video, iframe, svg.plot, .lanes, .tile"):
        assert element.rect["width"] > 100
        assert element.rect["x"] + element.rect["width"] <= width
    background = browser.find_element("css selector", "body").value_of_css_property("background-color")
    red = int(re.findall(r"\d+", background)[0])
    assert (red > 200) == (scheme == "light")


@pytest.fixture(scope="module")
def through(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a shot whose camera goes through its subject, with a score."""
    plan = parse("push in ten metres towards the blue cone")
    shot = stage(plan, seed=0, size_wh=(96, 64))
    checks, score = check(shot, surroundings=ShotSolids), score_poses(shot.camera.track, shot.camera.track)
    path = tmp_path_factory.mktemp("through") / "report.html"
    write_report(Report(shot=shot, plan=plan, checks=checks, estimate=shot.camera, score=score), path)
    return path


def test_a_failed_check_shows_its_frames_to_mouse_and_keyboard(browser: Any, through: Path):
    open_page(browser, through)
    clearance, in_frame = browser.find_elements("css selector", ".findings .error button")
    readout = "return parseFloat(document.querySelector('output').value)"
    for place, press in ((clearance, clearance.click), (in_frame, lambda: in_frame.send_keys("\n"))):
        press()
        asked = float(place.get_attribute("data-seek"))
        wait(lambda asked=asked: abs(browser.execute_script(readout) - asked) < 0.01, "the clock at the frame")
        assert "Show frame" in place.get_attribute("aria-label")
    assert errors(browser) == []


def test_the_marks_of_the_time_line_lie_where_the_playhead_goes(browser: Any, through: Path):
    open_page(browser, through)
    browser.find_element("css selector", ".findings .error button").click()
    mark = browser.find_element("css selector", ".faults .error[title=clearance]").rect
    wait(
        lambda: 0 <= browser.find_element("css selector", ".timeline .playhead").rect["x"] + 1 - mark["x"] < 6,
        "the playhead at the start of the mark",
    )


@pytest.mark.parametrize("width", [1280, 820, 390])
def test_checks_and_protocols_are_not_cut_off(browser: Any, through: Path, width: int):
    open_page(browser, through, width=width)
    browser.find_element("css selector", ".protocols summary").click()
    assert browser.execute_script("return document.documentElement.scrollWidth") == width
    tables = browser.find_elements("css selector", ".findings, .rigs, .protocols table")
    assert len(tables) == 3
    cut = """const cells = "#checks td, #checks li, .protocols td, .protocols th";
    return [...document.querySelectorAll(cells)].filter((e) => {
        const box = e.getBoundingClientRect();
        return box.left < 0 || box.right > innerWidth || e.scrollWidth > e.clientWidth + 1;
    }).map((e) => e.textContent)"""
    assert browser.execute_script(cut) == []
    assert errors(browser) == []


def test_a_camera_file_unfolds(browser: Any, file: Path):
    open_page(browser, file)
    browser.find_element("css selector", ".files summary").click()
    assert browser.find_element("css selector", "details pre").is_displayed()
    assert errors(browser) == []


def test_what_a_model_made_plays_beside_what_it_was_shown(
    browser: Any, shot: Shot, guide: Take, video: Path, tmp_path: Path
):
    film = replace(guide, captions=("A robot in a meadow.",))
    filming = Filming(shot=shot, guide=guide, film=film, places={"meadow": 1.0}, weights_sha256="")
    both = np.concatenate([guide.rgb.values, film.rgb.values], axis=2)
    write_video(tmp_path / "comparison.mp4", both, fps=24)
    report = Report(shot=shot, guide=guide, video=video, filming=filming, comparison=tmp_path / "comparison.mp4")
    write_report(report, tmp_path / "report.html")
    open_page(browser, tmp_path / "report.html")
    element = browser.find_element("css selector", "section[aria-label=Film] video")
    browser.execute_script("arguments[0].play()", element)
    wait(lambda: browser.execute_script("return arguments[0].currentTime > 0.2", element), "a playing comparison")
    size = browser.execute_script("return [arguments[0].videoWidth, arguments[0].videoHeight]", element)
    assert size == [both.shape[2], both.shape[1]]
    assert errors(browser) == []


def test_without_a_film_the_scene_still_plays(browser: Any, shot: Shot, tmp_path: Path):
    write_report(Report(shot=shot), tmp_path / "view.html")
    open_page(browser, tmp_path / "view.html")
    wait_for_scene(browser)
    readout = "return document.querySelector('output').value"
    before = browser.execute_script(readout)
    wait(lambda: browser.execute_script(readout) != before, "a running clock")
    seek(browser, 0.1)
    first = settled_pixels(browser)
    seek(browser, 1.9)
    wait(lambda: share_changed(scene_pixels(browser), first) > 0.005, "a moved scene")
    assert errors(browser) == []


def test_the_scene_alone_plays_with_its_own_bar(browser: Any, shot: Shot, tmp_path: Path):
    (tmp_path / "scene.html").write_text(scene_html(shot), encoding="utf-8")
    open_page(browser, tmp_path / "scene.html")
    times = "return document.querySelector('[role=slider]')?.getAttribute('aria-valuenow')"
    first = wait(lambda: browser.execute_script(times), "a playback bar")
    wait(lambda: browser.execute_script(times) != first, "a scene that plays")
    assert errors(browser) == []
