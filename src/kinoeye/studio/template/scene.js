// Runs inside the 3-D page. The report around it is the clock: it sends the time of the shot, and the recording is
// set to it through the time field of viser's own playback bar, which then gives way to the report's time line.
// Opened on its own, or with a viser whose bar looks different, the page keeps its bar and plays by itself.
"use strict";
(() => {
  window.__VISER_EMBED_CONFIG__ = { darkMode: matchMedia("(prefers-color-scheme: dark)").matches };
  document.head.insertAdjacentHTML(
    "beforeend",
    `<style>
      html, body, #root { background: #fff !important; }
      #root div:has(canvas) { background: none !important; }
      .mantine-Notifications-root { display: none; }
      @media (prefers-color-scheme: dark) { html, body, #root { background: #171a20 !important; } }
    </style>`,
  );

  const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  let bar = null;

  function playbackBar() {
    if (bar?.field.isConnected) return bar;
    const slider = document.querySelector('[role="slider"]');
    const box = slider?.closest(".mantine-Paper-root");
    const field = box?.querySelector("input");
    bar = field ? { box, field } : null;
    return bar;
  }

  function seek(seconds) {
    const found = playbackBar();
    if (!found) return false;
    found.box.style.display = "none";
    setValue.call(found.field, seconds.toFixed(4));
    found.field.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  addEventListener("message", (event) => {
    if (event.source !== parent || typeof event.data?.shotTime !== "number") return;
    parent.postMessage({ sceneFollows: seek(event.data.shotTime) }, "*");
  });
})();
