// What a bin's page can do beyond showing itself. Text from outside is only ever set as text.
"use strict";

// Takes the view key from the fragment of the address, which is sent to nobody, and hands it in.
customElements.define("open-bin", class extends HTMLElement {
  connectedCallback() {
    const key = new URLSearchParams(location.hash.slice(1)).get("key");
    if (!key) return;
    history.replaceState(null, "", location.pathname);
    this.querySelector("input[name=key]").value = key;
    this.querySelector("form").requestSubmit();
  }
});

// The list follows what comes, unless its reader is busy with it.
customElements.define("bin-live", class extends HTMLElement {
  static most = 200;

  connectedCallback() {
    this.badge = this.querySelector("button");
    this.said = this.querySelector("[role=status]");
    this.rows = document.getElementById("requests");
    this.frame = document.getElementById("rows");
    this.last = this.getAttribute("after");
    this.waiting = [];
    this.held = false;
    this.hidden = false;
    this.badge.addEventListener("click", () => this.toggle());
    this.frame.addEventListener("scroll", () => this.settle(), { passive: true });
    document.addEventListener("selectionchange", () => this.settle());
    addEventListener("pagehide", () => this.source.close());
    this.connect();
  }

  connect() {
    this.source = new EventSource(`${this.getAttribute("src")}?after=${this.last}`);
    this.source.addEventListener("open", () => this.show());
    this.source.addEventListener("requests", (event) => this.take(event));
    this.source.addEventListener("again", () => { this.source.close(); this.connect(); });
    this.source.addEventListener("error", () => {
      this.badge.textContent = "reconnecting";
      this.badge.className = "badge bad";
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.connect(), 3000);
    });
  }

  take(event) {
    const { requests, oldest, caps } = JSON.parse(event.data);
    this.last = event.lastEventId;
    // The first request of all has a page of its own to show.
    if (this.rows.dataset.empty !== undefined) return location.reload();
    document.getElementById("caps").textContent = caps;
    this.waiting.push(...requests);
    this.waiting = this.waiting.slice(-this.constructor.most);
    this.oldest = oldest;
    this.settle();
  }

  isBusy() {
    const selection = document.getSelection();
    const selects = !selection.isCollapsed && this.frame.contains(selection.anchorNode);
    return this.held || selects || this.frame.scrollTop > 8 || this.hasAttribute("search");
  }

  settle() {
    if (this.waiting.length > 0 && !this.isBusy()) {
      for (const request of this.waiting) this.rows.prepend(this.row(request));
      for (const row of [...this.rows.children]) {
        if (this.oldest && Number(row.dataset.number) < Number(this.oldest)) row.remove();
      }
      while (this.rows.children.length > this.constructor.most) this.rows.lastElementChild.remove();
      this.said.textContent = `${this.waiting.length} new`;
      this.waiting = [];
    }
    this.show();
  }

  row({ number, at, method, path, size, kind, sign, answered }) {
    const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
    const set = (place, text) => { row.querySelector(place).textContent = text; };
    row.dataset.number = number;
    row.querySelector("a").href = `${this.getAttribute("base")}?r=${number}`;
    set(".method", method);
    set(".path", path);
    set("time", at.slice(11, 19));
    row.querySelector("time").dateTime = at;
    set(".quiet", ` ${size}`);
    row.querySelector(".status").classList.add(kind);
    set("[aria-hidden]", `${sign} `);
    set(".word", answered);
    return row;
  }

  toggle() {
    const wasBusy = this.isBusy();
    this.held = !wasBusy;
    if (wasBusy) {
      document.getSelection().empty();
      this.frame.scrollTop = 0;
    }
    this.settle();
  }

  show() {
    const busy = this.isBusy();
    const count = this.waiting.length ? ` · ${this.waiting.length} new` : "";
    this.badge.textContent = (busy ? "❚❚ paused" : "● live") + count;
    this.badge.className = busy ? "badge other" : "badge good";
    this.badge.title = busy ? "Go on following" : "Hold the list";
  }
});

// Exact times stay in the title; what is read is the reader's own clock.
for (const time of document.querySelectorAll("time")) {
  time.title = time.dateTime;
}
