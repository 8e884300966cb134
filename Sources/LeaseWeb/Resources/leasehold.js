// The page works without this script. With it, the page is live, has keys, copies, and checks a draft while it is typed.
(() => {
  "use strict";
  const base = document.body.dataset.base;
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const say = (text) => { const live = find("#live"); if (!live || live.textContent === text) return; live.textContent = text; live.classList.toggle("lost", text === "not live"); };

  // Live: when something has changed, the page's own address is read again, and what differs is replaced in place.
  const keyOf = (node) => node.nodeType === 1 ? node.id || node.dataset.key || "" : "";

  function isInUse(node) {
    if (node.dataset.keep !== undefined) return true;
    if (!/^(INPUT|SELECT|TEXTAREA)$/.test(node.tagName) || node.type === "hidden") return false;
    if (node === document.activeElement) return true;
    if (node.tagName === "SELECT") return all("option", node).some((option) => option.selected !== option.defaultSelected);
    return /^(checkbox|radio)$/.test(node.type) ? node.checked !== node.defaultChecked : node.value !== node.defaultValue;
  }

  function update(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType !== 1) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if (isInUse(old)) return;
    for (const { name } of [...old.attributes]) {
      const isOwn = name === "open" && old.tagName === "DETAILS" || name === "data-current";
      if (!fresh.hasAttribute(name) && !isOwn) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    updateChildren(old, fresh);
  }

  function updateChildren(old, fresh) {
    const known = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
    let place = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const same = known.get(keyOf(child));
      if (same && same !== place) old.insertBefore(same, place);
      else if (!same && (!place || keyOf(place))) {
        old.insertBefore(child, place);
        continue;
      }
      const current = same || place;
      place = current.nextSibling;
      update(current, child);
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
  }

  let isReading = false, isStale = false;

  async function refresh() {
    if (isReading || document.hidden) { isStale = true; return; }
    isReading = true;
    isStale = false;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      updateChildren(find("#main"), find("#main", fresh));
      say("live");
    } catch {
      say("not live");
    }
    isReading = false;
    if (isStale) refresh();
  }

  if ("live" in document.body.dataset && window.EventSource) {
    const events = new EventSource(`${base}/events`);
    let timer = 0, wasLost = false;
    const soon = () => { clearTimeout(timer); timer = setTimeout(refresh, 120); };
    events.addEventListener("change", soon);
    events.onopen = () => { say("live"); if (wasLost) soon(); wasLost = false; };
    events.onerror = () => { say("not live"); wasLost = true; };
    document.addEventListener("visibilitychange", () => { if (isStale && !document.hidden) refresh(); });
    addEventListener("pagehide", () => events.close());
  }

  // Keys.
  let current = null, isGoing = false;

  function move(step) {
    const rows = all("[data-row]").filter((row) => row.offsetParent !== null);
    if (!rows.length) return;
    const place = rows.findIndex((row) => row.hasAttribute("data-current"));
    const row = rows[Math.max(0, Math.min(rows.length - 1, place < 0 ? (step > 0 ? 0 : rows.length - 1) : place + step))];
    rows.forEach((other) => other.removeAttribute("data-current"));
    row.setAttribute("data-current", "");
    (find("a, button", row) || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    current = row;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.isContentEditable) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const help = find("#help");
    if (isGoing) {
      isGoing = false;
      const link = all("[data-go]").find((element) => element.dataset.go === event.key);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    switch (event.key) {
      case "/": {
        const search = find("[data-search]");
        if (!search) return;
        for (let part = search.parentElement; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
        search.focus();
        search.select();
        break;
      }
      case "j": move(1); break;
      case "k": move(-1); break;
      case "g": isGoing = true; setTimeout(() => { isGoing = false; }, 1500); break;
      case "?": if (help) help.open ? help.close() : help.showModal(); break;
      case "Escape": if (current) current.removeAttribute("data-current"); return;
      default: {
        const link = all("[data-hotkey]").find((element) => element.dataset.hotkey === event.key);
        if (!link) return;
        link.focus();
        link.click();
      }
    }
    event.preventDefault();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-help], [data-close]");
    if (!button) return;
    if (button.hasAttribute("data-help")) { find("#help").showModal(); return; }
    if (button.hasAttribute("data-close")) { button.closest("dialog").close(); return; }
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.classList.add("done");
      say("copied");
      setTimeout(() => button.classList.remove("done"), 1500);
    } catch {
      say("copying is not allowed here");
    }
  });

  // A choice in a form of filters is applied at once.
  document.addEventListener("change", (event) => {
    if (event.target.hasAttribute("data-submit")) event.target.form.requestSubmit();
  });

  // A draft is checked while it is typed: the part of the answer that says what is wrong replaces ours.
  for (const form of all("form[data-check]")) {
    let timer = 0, number = 0;
    const check = async () => {
      const turn = ++number;
      try {
        const answer = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams(new FormData(form)) });
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const [old, review] = [find("#review"), find("#review", fresh)];
        if (turn === number && old && review) update(old, review);
      } catch { /* The form is checked again when it is sent. */ }
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(check, 250); });
  }

  document.documentElement.classList.add("scripted");
})();
