// What pages that are read can do beyond showing themselves. Every page works without it.
"use strict";

// A list in which one can search: what does not match is hidden, and what leads to a match stays.
customElements.define("list-filter", class extends HTMLElement {
  connectedCallback() {
    const label = this.querySelector("label");
    const field = label.querySelector("input");
    const told = this.querySelector("[role=status]");
    label.hidden = false;
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/[\s.]+/).filter(Boolean);
      const shown = this.show(this.querySelector("ul"), words, "");
      told.textContent = words.length === 0 ? "" : shown === 0 ? "Nothing has this in its name." : `${shown} found`;
    });
  }
  show(list, words, above) {
    let all = 0;
    for (const item of list.children) {
      const own = item.firstElementChild;
      const text = `${above} ${own.textContent} ${own.title}`.toLowerCase();
      const inner = item.querySelector(":scope > ul");
      const matches = words.every((word) => text.includes(word));
      const below = inner ? this.show(inner, words, text) : 0;
      item.hidden = words.length > 0 && !matches && below === 0;
      all += below + (matches && own.localName === "a" ? 1 : 0);
    }
    return all;
  }
});

// What the browser keeps for us, where it may.
const kept = {
  get() { try { return localStorage.getItem("language"); } catch { return null; } },
  set(name) { try { localStorage.setItem("language", name); } catch { /* Then the next page begins with the first one. */ } },
};

// Sections of which one shows at a time. The language that was chosen is chosen on the next page too.
customElements.define("code-tabs", class extends HTMLElement {
  static count = 0;

  connectedCallback() {
    const sections = [...this.querySelectorAll(":scope > section")];
    if (sections.length < 2) return;
    const group = this.constructor.count++;
    const list = document.createElement("div");
    list.setAttribute("role", "tablist");
    this.tabs = sections.map((section, index) => {
      const tab = document.createElement("button");
      tab.type = "button";
      tab.textContent = section.getAttribute("aria-label");
      tab.setAttribute("role", "tab");
      tab.id = `tab-${group}-${index}`;
      section.id ||= `panel-${group}-${index}`;
      section.setAttribute("role", "tabpanel");
      section.setAttribute("aria-labelledby", tab.id);
      section.removeAttribute("aria-label");
      tab.setAttribute("aria-controls", section.id);
      tab.addEventListener("click", () => this.choose(tab.textContent, true));
      list.append(tab);
      return { name: tab.textContent, tab, section };
    });
    list.addEventListener("keydown", (event) => this.move(event));
    this.prepend(list);
    this.dataset.ready = "";
    this.choose(kept.get(), false);
    document.addEventListener("language", (event) => this.choose(event.detail, false));
  }
  move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = this.tabs.findIndex(({ tab }) => tab === document.activeElement);
    const next = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
    next.tab.focus();
    this.choose(next.name, true);
    event.preventDefault();
  }
  choose(name, isTold) {
    const chosen = this.tabs.some((one) => one.name === name) ? name : isTold || !this.chosen ? this.tabs[0].name : this.chosen;
    this.chosen = chosen;
    for (const { name, tab, section } of this.tabs) {
      tab.setAttribute("aria-selected", String(name === chosen));
      tab.tabIndex = name === chosen ? 0 : -1;
      section.hidden = name !== chosen;
    }
    if (!isTold) return;
    kept.set(chosen);
    document.dispatchEvent(new CustomEvent("language", { detail: chosen }));
  }
});

// A button that copies the text beside it.
customElements.define("copy-code", class extends HTMLElement {
  connectedCallback() {
    if (!navigator.clipboard) return;
    this.hidden = false;
    const button = this.querySelector("button");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(this.parentElement.querySelector("pre").textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }
});
