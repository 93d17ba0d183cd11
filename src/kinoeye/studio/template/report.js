// One clock for the film, the 3-D scene, the time line and the plots. The film is the clock where there is one.
"use strict";
(() => {
  const shot = JSON.parse(document.getElementById("shot").textContent);
  const $ = (selector) => document.querySelector(selector);
  const video = $("video"), scene = $("iframe"), button = $(".transport button"), slider = $(".timeline input");
  const readout = $(".ticks output"), rows = [...document.querySelectorAll("tr[data-start]")];
  const tiles = [...document.querySelectorAll(".tile")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const stopwatch = {
    paused: true, at: 0, since: 0,
    get currentTime() {
      return this.paused ? this.at : (this.at + (performance.now() - this.since) / 1000) % shot.duration_s;
    },
    set currentTime(seconds) { this.at = seconds; this.since = performance.now(); },
    play() { this.since = performance.now(); this.paused = false; },
    pause() { this.at = this.currentTime; this.paused = true; },
  };
  const clock = video ?? stopwatch;

  const play = () => clock.play()?.catch(() => {}); // a browser may refuse to start a film unasked
  const toggle = () => (clock.paused ? play() : clock.pause());
  const latest = shot.duration_s - 1e-3;
  function seek(seconds) {
    clock.currentTime = Math.max(0, Math.min(seconds, latest, (video?.duration || Infinity) - 1e-3));
  }

  function turn(tile, share) {
    const { tiles, columns, rows } = tile.dataset;
    const index = Math.min(Math.floor(share * tiles), tiles - 1);
    const percent = (at, count) => (count > 1 ? (100 * at) / (count - 1) : 0);
    const row = Math.floor(index / columns);
    tile.style.backgroundPosition = `${percent(index % columns, columns)}% ${percent(row, rows)}%`;
  }

  let shown = NaN, framed = NaN, follows = false, asked = 0;
  function show(now) {
    const time = Math.min(clock.currentTime, shot.duration_s);
    button.setAttribute("aria-pressed", String(!clock.paused));
    const frame = Math.floor((time / shot.duration_s) * shot.frames);
    if (scene && (frame !== framed || (!follows && now - asked > 300))) {
      [framed, asked] = [frame, now];
      scene.contentWindow.postMessage({ shotTime: Math.min(time, latest) }, "*");
    }
    if (time !== shown) {
      shown = time;
      document.body.style.setProperty("--t", time / shot.duration_s);
      slider.value = time;
      for (const tile of tiles) turn(tile, time / shot.duration_s);
      readout.value = `${time.toFixed(2)} / ${shot.duration_s.toFixed(2)} s`;
      slider.setAttribute("aria-valuetext", `${time.toFixed(1)} seconds`);
      for (const row of rows) {
        const inside = time >= +row.dataset.start && time < +row.dataset.end;
        if (inside) row.setAttribute("aria-current", "step"); else row.removeAttribute("aria-current");
      }
    }
    requestAnimationFrame(show);
  }

  addEventListener("message", (event) => {
    if (scene && event.source === scene.contentWindow && typeof event.data?.sceneFollows === "boolean") {
      follows = event.data.sceneFollows;
    }
  });
  button.addEventListener("click", toggle);
  slider.addEventListener("input", () => { clock.pause(); seek(+slider.value); });
  slider.addEventListener("keydown", (event) => {
    if (event.key === " ") { event.preventDefault(); toggle(); }
  });
  for (const place of document.querySelectorAll("[data-seek]")) {
    place.addEventListener("click", () => {
      clock.pause();
      seek(+place.dataset.seek);
      $(".player").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    });
  }
  for (const link of document.querySelectorAll("summary a")) {
    link.addEventListener("click", (event) => event.stopPropagation());
  }
  requestAnimationFrame(show);
  if (!calm) play();
})();
