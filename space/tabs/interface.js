// The page in the reader's language. Everything is written in English where it is made; what a reader sees is looked
// up in WORDS, by the sentence itself, as it appears: in the page's own HTML and in Gradio's. `{0}` in a sentence stands
// for whatever is there, which is looked up in its turn. What somebody said or wrote has translate="no" and stays.
(() => {
  const WORDS = {};
  // The code of each language by its English name.
  const LANGUAGES = {};
  const DIRECTION = { fa: "rtl" };
  const ATTRIBUTES = ["aria-label", "placeholder", "title", "alt"];
  const SKIPPED = '[translate="no"], textarea, code, script, style';
  const KEPT = "najva-language";

  const compiled = {};
  for (const [language, words] of Object.entries(WORDS)) {
    const patterns = Object.entries(words)
      .filter(([sentence]) => sentence.includes("{0}"))
      .sort(([one], [other]) => other.length - one.length)
      .map(([sentence, told]) => [pattern(sentence), told]);
    compiled[language] = { exact: new Map(Object.entries(words)), patterns };
  }

  function pattern(sentence) {
    const parts = sentence.split(/\{\d\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join("(.+?)")}$`);
  }

  let language = "en";

  function digits(text) {
    if (language !== "fa") return text;
    return text.replace(/\d/g, (digit) => "۰۱۲۳۴۵۶۷۸۹"[digit]).replace(/%/g, "٪");
  }

  function said(sentence) {
    const known = compiled[language];
    if (!known) return sentence;
    const found = known.exact.get(sentence) ?? known.exact.get(sentence.toLowerCase());
    if (found !== undefined) return found;
    for (const [shape, told] of known.patterns) {
      const match = shape.exec(sentence);
      if (match) return told.replace(/\{(\d)\}/g, (_, place) => said(match[Number(place) + 1]));
    }
    const name = LANGUAGES[sentence];
    if (name) return new Intl.DisplayNames([language], { type: "language" }).of(name);
    // Numbers and times alone; a name with a number in it stays.
    return /^[\d\s.,:%–<+-]+$/.test(sentence) ? digits(sentence) : sentence;
  }

  function inWords(text) {
    const [, before, sentence, after] = /^(\s*)([^]*?)(\s*)$/.exec(text);
    return sentence ? before + said(sentence.replace(/\s+/g, " ")) + after : text;
  }

  // What stood there in English, and what was put there instead.
  const texts = new WeakMap();
  const labels = new WeakMap();

  function tellText(node) {
    if (node.parentElement?.closest(SKIPPED)) return;
    const known = texts.get(node);
    const english = known && known.shown === node.data ? known.english : node.data;
    const shown = inWords(english);
    texts.set(node, { english, shown });
    if (node.data !== shown) node.data = shown;
  }

  function tellLabels(element) {
    if (element.closest('[translate="no"]')) return;
    const known = labels.get(element) ?? {};
    for (const name of ATTRIBUTES) {
      const value = element.getAttribute(name);
      if (!value) continue;
      const english = known[name]?.shown === value ? known[name].english : value;
      const shown = inWords(english);
      known[name] = { english, shown };
      if (value !== shown) element.setAttribute(name, shown);
    }
    labels.set(element, known);
  }

  function tell(root) {
    if (root.nodeType === Node.TEXT_NODE) return tellText(root);
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = root; node; node = walker.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) tellText(node);
      else tellLabels(node);
    }
  }

  function choose(chosen) {
    language = chosen;
    document.documentElement.lang = chosen;
    document.documentElement.dir = DIRECTION[chosen] ?? "ltr";
    if (document.body) tell(document.body);
    for (const button of document.querySelectorAll("[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
    }
  }

  function preferred() {
    const known = ["en", ...Object.keys(WORDS)];
    const wanted = [localStorage.getItem(KEPT), ...navigator.languages].filter(Boolean);
    return wanted.map((name) => name.split("-")[0]).find((name) => known.includes(name)) ?? "en";
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-language]");
    if (!button) return;
    localStorage.setItem(KEPT, button.dataset.language);
    choose(button.dataset.language);
  });

  function begin() {
    choose(preferred());
    new MutationObserver((changes) => {
      for (const change of changes) {
        if (change.type === "attributes") tellLabels(change.target);
        else if (change.type === "characterData") tellText(change.target);
        else change.addedNodes.forEach(tell);
      }
      const switches = document.querySelectorAll("[data-language]:not([aria-pressed])");
      for (const button of switches) button.setAttribute("aria-pressed", String(button.dataset.language === language));
    }).observe(document.body, {
      childList: true,
      subtree: true,
      characterData: true,
      attributes: true,
      attributeFilter: ATTRIBUTES,
    });
  }

  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
