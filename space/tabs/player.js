// A recording's player and its text: whoever presses a time or a word hears it from there, and the words that are heard
// are lit while they are. Whatever may be played has data-start and data-end, in seconds, in a .najva-timed list.
(() => {
  const LIT = "najva-now";
  const STATUS = {
    "write-down": "#status",
    translate: "#translation-status",
    "translate-text": "#translation-status",
    "which-genre": "#genre-status",
  };
  const ASKING = Object.keys(STATUS).map((id) => `#${id}`).join();
  let lit = [];

  const playerOf = (element) => element.closest('[role="tabpanel"]')?.querySelector(".najva-player audio");

  function play(place) {
    const player = playerOf(place);
    // Who marks words to copy them does not want to hear them.
    if (!player || !getSelection().isCollapsed) return;
    player.currentTime = Number(place.dataset.start);
    // Refused where the recording cannot be played, which the player itself tells.
    player.play().catch(() => {});
  }

  document.addEventListener("click", (event) => {
    const place = event.target.closest?.(".najva-timed [data-start]");
    if (place && !event.target.closest("input, [contenteditable]")) play(place);
  });

  const at = (elements, seconds) =>
    [...elements].findLast((one) => one.dataset.start <= seconds && seconds < one.dataset.end);

  function light(player) {
    const list = player.closest('[role="tabpanel"]').querySelector(".najva-timed.najva-follows ol");
    if (!list) return;
    const row = at(list.children, player.currentTime);
    const now = row ? [row, at(row.querySelectorAll("p [data-start]"), player.currentTime)].filter(Boolean) : [];
    if (now.length === lit.length && now.every((one, place) => one === lit[place])) return;
    lit.forEach((one) => one.classList.remove(LIT));
    now.forEach((one) => one.classList.add(LIT));
    // The list alone is moved: the page stays where its reader has it.
    if (row && row !== lit[0]) list.scrollTop = row.offsetTop - list.clientHeight / 3;
    lit = now;
  }

  function follow(player) {
    if (!player.isConnected) return;
    light(player);
    if (!player.paused) requestAnimationFrame(() => follow(player));
  }

  // On a phone what is asked for appears below what asks for it.
  document.addEventListener("click", (event) => {
    const asking = event.target.closest?.(ASKING);
    const status = asking && document.querySelector(STATUS[asking.id]);
    if (status && status.getBoundingClientRect().top > innerHeight * 0.8) status.scrollIntoView();
  });

  // Events of media do not bubble; they can be caught on their way down.
  const watch = (name, told) =>
    document.addEventListener(name, (event) => event.target.closest?.(".najva-player") && told(event.target), true);
  watch("play", follow);
  watch("seeked", light);
  watch("error", (player) => player.parentElement.classList.add("najva-unplayable"));
})();
