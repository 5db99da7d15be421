/* Progressive enhancement only: every page works without this file.
   Failures are told and can be retried, focus survives a swap, one submit is sent once, menus close. */
(() => {
  "use strict";
  const root = document.documentElement;
  const region = () => document.getElementById("failure");

  // ── What was done is told once: a reload or a bookmark does not tell it again ──
  const here = new URL(window.location.href);
  if (here.searchParams.has("done")) {
    here.searchParams.delete("done");
    window.history.replaceState(window.history.state, "", here);
  }

  // ── Failures: said in a live region, with a way to try again ──
  let last = null;
  const forget = () => region()?.replaceChildren();

  function fail(message, retry) {
    const box = region();
    const source = document.getElementById("failure-template");
    if (!box || !source) return;
    const copy = source.content.cloneNode(true);
    copy.querySelector("[data-message]").textContent = message;
    const again = copy.querySelector("[data-retry]");
    if (retry) again.addEventListener("click", () => { forget(); retry(); });
    else again.remove();
    copy.querySelector("[data-dismiss]").addEventListener("click", () => { forget(); restoreFocus(); });
    box.replaceChildren(copy);
  }

  function restoreFocus() {
    const back = last?.elt?.isConnected ? last.elt : document.getElementById("main");
    back?.focus({ preventScroll: true });
  }

  function again(detail) {
    const { elt, requestConfig } = detail;
    return () => {
      if (elt?.isConnected && elt.matches("form")) elt.requestSubmit();
      else if (elt?.isConnected && elt.matches("a, button")) elt.click();
      else if (requestConfig?.verb === "get") window.location.assign(requestConfig.path);
      else window.location.reload();
    };
  }

  const said = {
    401: "You have been signed out. Sign in again to go on; nothing was changed.",
    403: "You may not do this. Nothing was changed.",
    404: "This no longer exists, or you may not see it.",
    409: "Somebody else changed this in the meantime. Reload the page to see how it is now.",
    412: "Somebody else changed this in the meantime. Reload the page to see how it is now.",
    413: "That file is too large.",
    429: "Too many requests at once. Wait a moment, then try again.",
    503: "The service is busy. Nothing was changed.",
  };

  document.addEventListener("htmx:beforeRequest", (event) => { last = event.detail; forget(); });
  document.addEventListener("htmx:responseError", (event) => {
    const { status, responseText } = event.detail.xhr;
    // The server's own words, where its answer has some.
    const told = new DOMParser().parseFromString(responseText, "text/html").querySelector("[data-told]")?.textContent;
    fail(told || said[status] || `Something went wrong on our side (${status}). It may not have been saved.`, again(event.detail));
  });
  document.addEventListener("htmx:sendError", (event) => {
    fail(navigator.onLine ? "The server could not be reached." : "You are offline. Nothing was sent.", again(event.detail));
  });
  document.addEventListener("htmx:timeout", (event) => {
    fail("The server took too long to answer. It may or may not have been saved.", again(event.detail));
  });
  document.addEventListener("htmx:swapError", () => fail("The answer could not be shown.", () => window.location.reload()));
  window.addEventListener("offline", () => fail("You are offline. What you see may be out of date.", () => window.location.reload()));
  window.addEventListener("online", forget);

  // ── Focus: never lost to <body> by a swap ──
  let before = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    // A whole page (a sign-in form, an error page) never lands inside a fragment.
    if (/^\s*<!doctype html/i.test(event.detail.serverResponse ?? "") && event.detail.target !== document.body) {
      event.detail.shouldSwap = false;
      window.location.assign(event.detail.xhr.responseURL || window.location.href);
      return;
    }
    const active = document.activeElement;
    before = active && event.detail.target?.contains(active)
      ? { id: active.id, name: active.name, value: active.matches("button") ? active.value : null } : null;
  });
  // The events after a swap are sent on the new content; detail.target is what it replaced.
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.target;
    const first = target.querySelector("[data-error-summary], [data-focus]");
    if (first) { first.focus(); return; }
    if (document.activeElement && document.activeElement !== document.body) return;
    const same = sameAsBefore(target);
    const next = same ?? document.getElementById("main");
    next?.focus({ preventScroll: true });
  });
  function sameAsBefore(target) {
    if (!before) return null;
    if (before.id) return document.getElementById(before.id);
    if (!before.name) return null;
    const value = before.value === null ? "" : `[value="${CSS.escape(before.value)}"]`;
    return target.querySelector(`[name="${CSS.escape(before.name)}"]${value}`);
  }
  // News for screen readers: an element with data-announce in the answer is read out.
  document.addEventListener("htmx:afterSwap", (event) => {
    const text = event.target.querySelector?.("[data-announce]")?.textContent?.trim();
    if (text) say(text);
  });
  // Emptied first: the same words twice are read out twice.
  function say(text) {
    const live = document.getElementById("live");
    if (live) { live.textContent = ""; window.setTimeout(() => { live.textContent = text; }, 60); }
  }
  document.querySelector("[data-error-summary]")?.focus();

  // ── One press, one request; the button stays enabled and says that it works ──
  const sent = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (sent.has(form)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    sent.add(form);
    event.submitter?.setAttribute("aria-busy", "true");
    window.setTimeout(() => release(form), 8000);
  }, true);
  function release(form) {
    sent.delete(form);
    form.querySelectorAll("[aria-busy]").forEach((busy) => busy.removeAttribute("aria-busy"));
  }
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.elt?.matches?.("form")) release(event.detail.elt); });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form").forEach(release);
  });

  // ── Menus close on Escape, on leaving and on a click elsewhere ──
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  });
  document.addEventListener("click", (event) => {
    open().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    const copy = event.target.closest?.("[data-copy]");
    if (copy) copyText(copy);
    const all = event.target.closest?.("[data-check-all]");
    if (all) document.querySelectorAll(`[name="${CSS.escape(all.dataset.checkAll)}"]`).forEach((box) => { box.checked = all.checked; });
  });
  document.addEventListener("focusin", (event) => {
    open().forEach((menu) => { if (!menu.contains(event.target) && !menu.classList.contains("menu-nav")) menu.open = false; });
  });

  async function copyText(button) {
    const source = document.getElementById(button.dataset.copy);
    if (!source) return;
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text.trim());
      say("Copied.");
      const label = button.querySelector("[data-label]") ?? button;
      const was = label.textContent;
      label.textContent = "Copied";
      window.setTimeout(() => { label.textContent = was; }, 2000);
    } catch {
      if (source.select) source.select(); else window.getSelection()?.selectAllChildren(source);
      say("Press Control or Command and C to copy the selected text.");
    }
  }

  // ── Secrets: selected as one, and gone with the page that showed them ──
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.("[data-select-all]")) event.target.select();
  });
  // The browser may keep a page as it was, to show it again by Back: without the secret.
  window.addEventListener("pagehide", () => {
    document.querySelectorAll("[data-shown-once]").forEach((field) => { field.value = field.dataset.shownOnce; });
  });

  // ── A call: the transcript follows its player, and leads it ──
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  // Whoever scrolls the transcript reads: it is left where it is for a while.
  let readUntil = 0;
  ["wheel", "touchmove", "keydown"].forEach((kind) => document.addEventListener(kind, (event) => {
    if (event.target.closest?.("[data-follow]")) readUntil = Date.now() + 5000;
  }, { passive: true }));
  if (document.querySelector("[data-player]")) {
    document.querySelectorAll("[data-seek]").forEach((time) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link-button num";
      button.dataset.seek = time.dataset.seek;
      button.textContent = time.textContent;
      button.setAttribute("aria-label", `Play from ${time.textContent}`);
      time.replaceWith(button);
    });
  }
  document.addEventListener("click", (event) => {
    const time = event.target.closest?.("button[data-seek]");
    const player = document.querySelector("[data-player]");
    if (!time || !player) return;
    readUntil = 0;
    player.currentTime = Number(time.dataset.seek);
    player.play().catch(() => {});
  });
  // Events of players do not bubble: they are seen on their way down.
  document.addEventListener("timeupdate", (event) => {
    if (!event.target.matches("[data-player]")) return;
    const turns = [...document.querySelectorAll("[data-at]")];
    const now = turns.filter((turn) => Number(turn.dataset.at) <= event.target.currentTime).at(-1);
    const before = document.querySelector("[data-at][aria-current]");
    if (now === before) return;
    before?.removeAttribute("aria-current");
    now?.setAttribute("aria-current", "true");
    const box = now?.closest("[data-follow]");
    if (!box || Date.now() < readUntil) return;
    const away = now.getBoundingClientRect().top - box.getBoundingClientRect().top;
    box.scrollTo({ top: box.scrollTop + away - box.clientHeight / 3, behavior: calm.matches ? "auto" : "smooth" });
  }, true);
  // A player's link is short: a new one is on the page as it is now, and the sound goes on where it was.
  let renewed = 0;
  document.addEventListener("error", (event) => {
    const player = event.target;
    if (!player.matches?.("audio[data-player]")) return;
    const reload = () => window.location.reload();
    if (Date.now() - renewed < 10000) { fail("The recording cannot be played at the moment.", reload); return; }
    renewed = Date.now();
    const [at, plays] = [player.currentTime, !player.paused];
    fetch(window.location.href).then(async (answer) => {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("audio[data-player]");
      if (!fresh) throw new Error("no player");
      player.src = fresh.getAttribute("src");
      player.currentTime = at;
      if (plays) player.play().catch(() => {});
      const [link, other] = [document, page].map((one) => one.querySelector("[data-download]"));
      if (link && other) link.setAttribute("href", other.getAttribute("href"));
    }).catch(() => fail("The recording cannot be played at the moment.", reload));
  }, true);

  root.classList.add("enhanced");
})();
