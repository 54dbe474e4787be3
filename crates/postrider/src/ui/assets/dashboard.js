// What the dashboard can do beyond showing itself. Every page works without it. Text from outside is only ever set as
// text, or comes as markup that the server has made.
"use strict";

// What may become markup: what this server has sent as such.
const markup = window.trustedTypes
  ? trustedTypes.createPolicy("dashboard", { createHTML: (text) => text })
  : { createHTML: (text) => text };

// A list that follows what happens. The server sends rows as it has rendered them; one that is there already is replaced.
customElements.define("live-rows", class extends HTMLElement {
  static most = 200;

  connectedCallback() {
    this.badge = this.querySelector("button");
    this.said = this.querySelector("[role=status]");
    this.waiting = new Map();
    this.held = false;
    this.hovered = false;
    this.hidden = false;
    this.badge.addEventListener("click", () => this.toggle());
    this.table = document.getElementById(this.getAttribute("for"));
    // Where nothing is listed yet, the first row brings the page that lists it.
    if (!this.table) return this.connect();
    this.table.addEventListener("pointerenter", () => { this.hovered = true; this.show(); });
    this.table.addEventListener("pointerleave", () => { this.hovered = false; this.settle(); });
    this.onselect = () => this.settle();
    document.addEventListener("selectionchange", this.onselect);
    addEventListener("scroll", this.onselect, { passive: true });
    addEventListener("pagehide", () => this.source?.close());
    addEventListener("pageshow", (event) => { if (event.persisted) this.connect(); });
    this.connect();
  }

  disconnectedCallback() {
    this.source?.close();
    document.removeEventListener("selectionchange", this.onselect);
    removeEventListener("scroll", this.onselect);
  }

  connect() {
    if (!this.isConnected) return;
    this.source = new EventSource(this.getAttribute("src"));
    this.source.addEventListener("open", () => { this.broken = false; this.show(); });
    this.source.addEventListener("rows", (event) => this.take(event.data));
    this.source.addEventListener("again", () => { this.source.close(); this.connect(); });
    this.source.addEventListener("error", () => {
      this.broken = true;
      this.show();
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.connect(), 3000);
    });
  }

  take(text) {
    if (!this.table) return location.reload();
    const holder = document.createElement("template");
    holder.innerHTML = markup.createHTML(text);
    for (const row of holder.content.querySelectorAll("tr")) this.waiting.set(row.id, row);
    while (this.waiting.size > this.constructor.most) this.waiting.delete(this.waiting.keys().next().value);
    this.settle();
  }

  isBusy() {
    if (!this.table) return false;
    const selection = document.getSelection();
    const selects = !selection.isCollapsed && this.table.contains(selection.anchorNode);
    const focused = this.table.contains(document.activeElement);
    const checked = this.table.querySelector("input:checked") !== null;
    return this.held || this.hovered || selects || focused || checked || scrollY > 120;
  }

  settle() {
    if (this.waiting.size > 0 && !this.isBusy()) {
      const body = this.table.tBodies[0];
      let count = 0;
      for (const [id, row] of this.waiting) {
        const old = document.getElementById(id);
        if (old) { old.replaceWith(row); continue; }
        // The id is the row's place in the list, the newest first.
        const after = [...body.rows].find((other) => other.id < id);
        if (after) after.before(row);
        else if (body.rows.length < this.constructor.most) body.append(row);
        count += after === body.rows[1] || body.rows.length === 1 ? 1 : 0;
      }
      while (body.rows.length > this.constructor.most) body.lastElementChild.remove();
      if (count > 0) this.said.textContent = `${count} new`;
      this.waiting.clear();
    }
    this.show();
  }

  toggle() {
    const wasBusy = this.isBusy();
    this.held = !wasBusy;
    if (wasBusy) {
      document.getSelection().empty();
      this.hovered = false;
      scrollTo(0, 0);
    }
    this.settle();
  }

  show() {
    const busy = this.isBusy();
    const count = this.waiting.size ? ` · ${this.waiting.size} new` : "";
    const [word, kind] = this.broken ? ["○ reconnecting", "bad"] : busy ? ["❚❚ paused", "other"] : ["● live", "good"];
    this.badge.textContent = word + count;
    this.badge.className = `badge ${kind}`;
    this.badge.title = busy ? "Go on following" : "Hold the list";
  }
});

// Part of a page that is fetched anew while something is under way.
customElements.define("fresh-part", class extends HTMLElement {
  connectedCallback() { this.timer = setInterval(() => this.fetch(), Number(this.getAttribute("every")) * 1000); }
  disconnectedCallback() { clearInterval(this.timer); }
  async fetch() {
    if (document.hidden || this.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(markup.createHTML(await answer.text()), "text/html");
      const fresh = page.getElementById(this.id);
      if (!fresh) return location.reload();
      if (fresh.outerHTML !== this.outerHTML) this.replaceWith(document.adoptNode(fresh));
    } catch { /* The page stays as it was; the next turn tries again. */ }
  }
});

// Rows that are selected together.
customElements.define("select-rows", class extends HTMLElement {
  connectedCallback() {
    this.bar = this.querySelector(".selection");
    this.addEventListener("change", (event) => {
      const boxes = this.boxes();
      if (event.target.matches("[data-all]")) for (const box of boxes) box.checked = event.target.checked;
      this.count();
    });
    this.addEventListener("click", (event) => {
      if (!event.target.matches("tbody input[type=checkbox]")) return;
      const boxes = this.boxes();
      const at = boxes.indexOf(event.target);
      if (event.shiftKey && this.last !== undefined) {
        const [from, to] = [Math.min(at, this.last), Math.max(at, this.last)];
        for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
        this.count();
      }
      this.last = at;
    });
    this.count();
  }
  boxes() { return [...this.querySelectorAll("tbody input[type=checkbox]")]; }
  count() {
    // Who may not send has nothing to select for.
    if (!this.bar) return;
    const boxes = this.boxes();
    const count = boxes.filter((box) => box.checked).length;
    this.bar.hidden = count === 0;
    const all = this.bar.querySelector("[data-all-selected]");
    if (all) all.hidden = count < boxes.length;
    this.bar.querySelector("[data-count]").textContent = count;
  }
});

// Keys, and the two dialogs that they open.
const store = { get: (name) => localStorage.getItem(name), set: (name, value) => localStorage.setItem(name, value) };
const palette = document.getElementById("palette");
const keys = document.getElementById("keys");
let pending = "";
function rows() { return [...document.querySelectorAll("main table.things tbody tr")].filter((row) => row.querySelector("a.row")); }
function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  next.querySelector("a.row").focus();
}
const acts = {
  "/": () => document.querySelector("main input[type=search]")?.focus(),
  "?": () => keys?.showModal(),
  j: () => move(1),
  k: () => move(-1),
  o: () => document.activeElement.closest("tr")?.querySelector("a.row")?.click(),
  x: () => document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
  r: () => document.querySelector("[data-key=r]")?.focus(),
  c: () => document.querySelector("[data-key=c] button, [data-key=c]")?.click(),
  l: () => document.querySelector("live-rows button")?.click(),
  g: () => { pending = "g"; setTimeout(() => { pending = ""; }, 1200); },
};
document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && event.key === "k" && palette) {
    event.preventDefault();
    return palette.showModal();
  }
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing && event.key === "Escape") return typing.blur();
  if (typing || event.metaKey || event.ctrlKey || event.altKey || store.get("keys") === "off") return;
  if (document.querySelector("dialog[open]")) return;
  if (pending === "g") {
    pending = "";
    const link = document.querySelector(`nav [data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  const act = acts[event.key];
  if (act) { event.preventDefault(); act(); }
});
for (const opener of document.querySelectorAll("[data-opens]")) {
  opener.hidden = false;
  opener.addEventListener("click", () => document.getElementById(opener.dataset.opens).showModal());
}
const off = document.querySelector("[data-keys-off]");
if (off) {
  off.checked = store.get("keys") === "off";
  off.addEventListener("change", () => store.set("keys", off.checked ? "off" : "on"));
}
if (palette) {
  const field = palette.querySelector("input");
  const items = [...palette.querySelectorAll("li")];
  const first = () => items.find((item) => !item.hidden);
  field.addEventListener("input", () => {
    const text = field.value.trim().toLowerCase();
    for (const item of items) {
      item.hidden = !item.querySelector("span").textContent.toLowerCase().startsWith(text);
      delete item.dataset.first;
    }
    if (text && first()) first().dataset.first = "";
  });
  palette.querySelector("form").addEventListener("submit", (event) => {
    const item = items.find((item) => item.dataset.first !== undefined);
    if (!item) return;
    event.preventDefault();
    item.querySelector("a").click();
  });
}

// The theme: as the system has it, light, dark, and round again. The server reads the cookie.
const themes = ["system", "light", "dark"];
const switcher = document.querySelector("[data-theme-switch]");
if (switcher) {
  switcher.hidden = false;
  switcher.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "system";
    const next = themes[(themes.indexOf(now) + 1) % themes.length];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    document.cookie = `theme=${next};path=/;max-age=31536000;samesite=lax`;
    switcher.title = `Theme: ${next}`;
  });
}

// On a narrow screen the navigation is folded when a page opens, and when the screen becomes narrow.
const menu = document.querySelector(".menu");
if (menu) {
  const narrow = matchMedia("(max-width: 860px)");
  const fold = () => { menu.open = !narrow.matches; };
  narrow.addEventListener("change", fold);
  fold();
}
