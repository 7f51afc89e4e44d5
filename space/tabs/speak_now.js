// The button under the page's title: one tap from anywhere to words that appear while one speaks.
(() => {
  const LATEST_MS = 5000;

  async function liveButton() {
    // Gradio makes a tab's content when it is first looked at.
    document.getElementById("live-tab-button")?.click();
    const begun = performance.now();
    while (performance.now() - begun < LATEST_MS) {
      const button = document.querySelector("#live .najva-live-button");
      if (button && "ready" in button.dataset) return button;
      await new Promise(requestAnimationFrame);
    }
  }

  document.addEventListener("click", async (event) => {
    if (!event.target.closest?.(".najva-speak")) return;
    const button = await liveButton();
    button?.scrollIntoView({ block: "center" });
    if (button?.dataset.state === "idle") button.click();
  });
})();
