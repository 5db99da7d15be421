/* Numbers that change while one looks. Parts of the page with ids are put in the place of those with the same
   ids; nothing else moves. Without this file the page shows what was when it was made, and says so. */
(() => {
  "use strict";
  const bar = document.querySelector("[data-live-bar]");
  const state = bar?.querySelector("[data-live-state]");
  const button = bar?.querySelector("[data-live-pause]");
  const said = bar?.querySelector("[data-live-said]");
  if (!bar || !state || !button || !said) return;

  const POLL = 5000;                // between two questions where events do not come through
  const POLLS = 12;                 // questions before events are tried again
  const FIRST = 1000, LONGEST = 60000; // how long to wait after a failure
  const STALE = 30;                 // seconds after which the page says that nothing comes
  const QUIET = 30000;              // between two announcements
  const icons = { pause: bar.querySelector("[data-live-icon]").innerHTML, play: bar.querySelector("[data-live-play]").innerHTML };

  let source = null;                // the open stream
  let asking = null;                // the question on its way
  let timer = 0;                    // the next try
  let failures = 0;                 // in a row
  let refused = 0;                  // streams in a row that did not open
  let polls = 0;
  let begun = 0;                    // when the open stream was
  let updated = Date.now();         // when the page last was known to show what is
  let ended = false;
  let address = "";                 // of the stream that is open or asked
  let saidAt = Date.now();
  let news = false;                 // worth announcing
  const waiting = new Map();        // parts that cannot be put in their place yet

  // ── Remembered for the page, in this tab ──
  const memory = `paused ${window.location.pathname}`;
  const remembered = () => { try { return window.sessionStorage.getItem(memory) === "yes"; } catch { return false; } };
  const remember = (value) => { try { window.sessionStorage.setItem(memory, value ? "yes" : "no"); } catch { /* for this page only */ } };
  let paused = remembered();

  const wanted = () => document.querySelector("[data-live-source]")?.dataset.liveSource ?? "";
  const idle = () => ended || paused || document.hidden;

  function stop() {
    window.clearTimeout(timer);
    source?.close();
    source = null;
    asking?.abort();
    asking = null;
  }

  function start() {
    stop();
    address = wanted();
    if (idle() || !address) return;
    if (window.EventSource && refused < 2) listen(); else ask();
  }

  function later(least = 0) {
    stop();
    if (idle()) return;
    failures += 1;
    const pause = Math.min(LONGEST, FIRST * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
    timer = window.setTimeout(start, Math.max(pause, least));
  }

  // ── Events ──
  function listen() {
    let opened = false;
    begun = Date.now();
    const mine = new EventSource(address);
    source = mine;
    mine.addEventListener("parts", (event) => { opened = true; refused = 0; got(event.data); });
    mine.addEventListener("beat", known);
    mine.addEventListener("end", (event) => end(event.data));
    mine.addEventListener("error", () => {
      if (source !== mine) return;
      if (!opened) refused += 1;
      later();
    });
  }

  // ── Questions, where events do not come through ──
  async function ask() {
    const mine = new AbortController();
    asking = mine;
    const timeout = window.setTimeout(() => mine.abort(), 15000);
    try {
      const answer = await fetch(`${address}${address.includes("?") ? "&" : "?"}once=yes`, {
        headers: { "HX-Request": "true", "HX-Current-URL": window.location.href }, cache: "no-store", signal: mine.signal,
      });
      const text = await answer.text();
      if (asking !== mine) return;
      if (answer.ok) {
        got(text);
        polls += 1;
        if (polls >= POLLS) { polls = 0; refused = 0; }
        timer = window.setTimeout(start, POLL);
      } else if (answer.status === 401) {
        end(words("You have been signed out.", "Sign in again", answer.headers.get("hx-redirect") ?? "/sign-in"));
      } else if (answer.status === 403 || answer.status === 404) {
        end(words("You can no longer see this.", "Go to your accounts", "/"));
      } else {
        later(1000 * (Number(answer.headers.get("retry-after")) || 0));
      }
    } catch {
      if (asking === mine) later();
    } finally {
      window.clearTimeout(timeout);
    }
  }

  function words(text, label, href) {
    const box = document.createElement("p");
    const link = document.createElement("a");
    link.textContent = label;
    link.href = href;
    box.append(text, " ", link);
    return box.innerHTML;
  }

  // ── What came ──
  function known() {
    failures = 0;
    updated = Date.now();
    tell();
  }

  function got(html) {
    const box = document.createElement("template");
    box.innerHTML = html;
    for (const part of [...box.content.children]) if (part.id) waiting.set(part.id, part);
    place();
    known();
  }

  // Where somebody is at work, or has marked text, a part waits.
  function isBusy(target) {
    const marked = window.getSelection();
    return target.contains(document.activeElement) || (marked && !marked.isCollapsed && marked.containsNode(target, true));
  }

  function place() {
    for (const [id, part] of waiting) {
      const target = document.getElementById(id);
      if (target && isBusy(target)) continue;
      waiting.delete(id);
      if (!target || target.outerHTML === part.outerHTML) continue;
      target.replaceWith(part);
      if (id === "calls-now") news = true;
    }
  }

  function end(html) {
    ended = true;
    stop();
    const box = document.createElement("template");
    box.innerHTML = html;
    // A link is no news to be read out with its address; its words are.
    said.textContent = box.content.textContent;
    state.replaceChildren(box.content);
    bar.classList.add("live-ended");
    // The button has nothing left to do; only its own focus goes on to what there is instead.
    if (document.activeElement === button) state.querySelector("a")?.focus({ preventScroll: true });
    button.remove();
  }

  // ── How old it is ──
  // In the reader's zone, as every time on the page, and not in the browser's.
  const clock = new Intl.DateTimeFormat("en-IN", {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: bar.dataset.zone, timeZoneName: "short",
  });
  function tell() {
    if (ended) return;
    const seconds = Math.max(0, Math.round((Date.now() - updated) / 1000));
    if (paused) say(`Paused. As of ${clock.format(updated)}.`);
    else if (seconds > STALE) say(`No news for ${seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`}. Trying again.`);
    else say(seconds < 2 ? "Updated just now" : `Updated ${seconds} s ago`);
  }
  function say(text) { if (state.textContent !== text) state.textContent = text; }

  // Read out seldom, and only what has changed.
  function announce() {
    if (!news || paused || Date.now() - saidAt < QUIET) return;
    const all = document.getElementById("calls-now");
    if (!all) return;
    news = false;
    saidAt = Date.now();
    said.textContent = [...all.querySelectorAll("dt, dd")].map((part) => part.textContent.trim()).filter(Boolean).join(" ");
  }

  // ── Pause ──
  function show() {
    button.querySelector("[data-label]").textContent = paused ? "Resume updates" : "Pause updates";
    button.querySelector("[data-live-icon]").innerHTML = paused ? icons.play : icons.pause;
    tell();
  }
  button.addEventListener("click", () => {
    paused = !paused;
    remember(paused);
    failures = 0;
    show();
    if (paused) stop(); else start();
  });

  // ── Nothing is asked for a page that nobody sees; shown again, it catches up at once ──
  function comeBack() { failures = 0; if (document.hidden) stop(); else start(); }
  document.addEventListener("visibilitychange", comeBack);
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => { if (event.persisted) comeBack(); });
  window.addEventListener("online", comeBack);
  // Another page of the list has other rows.
  document.addEventListener("htmx:afterSwap", () => { if (wanted() !== address) comeBack(); });

  window.setInterval(() => {
    if (document.hidden || ended) return;
    // A stream that says nothing, not even that nothing has changed, is broken on the way.
    if (source && Date.now() - Math.max(begun, updated) > STALE * 1000) later();
    if (!paused) place();
    tell();
    announce();
  }, 1000);
  show();
  start();
})();
