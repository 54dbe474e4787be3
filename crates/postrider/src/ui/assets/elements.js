// The small elements that pages of all kinds have. Text from outside is only ever set as text.
"use strict";
{

// The time that stands in a page is exact; beside it stands how long ago that was.
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });
function ago(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units.at(-1);
  return words.format(Math.trunc(seconds / size), unit);
}
customElements.define("ago-time", class extends HTMLElement {
  connectedCallback() {
    this.time = this.querySelector("time");
    this.time.title = `${this.time.dateTime} (${new Date(this.time.dateTime).toLocaleString()})`;
    this.show();
    this.timer = setInterval(() => this.show(), 1000);
  }
  disconnectedCallback() { clearInterval(this.timer); }
  show() { this.time.textContent = ago(new Date(this.time.dateTime)); }
});

// A button that copies a text, or that of another element. Inside of other pages it may, where they allow it.
customElements.define("copy-text", class extends HTMLElement {
  connectedCallback() {
    if (!navigator.clipboard) return;
    this.hidden = false;
    const button = this.querySelector("button");
    const before = [...button.childNodes];
    button.addEventListener("click", async () => {
      const text = this.getAttribute("text") ?? document.getElementById(this.getAttribute("from")).textContent;
      const told = await navigator.clipboard.writeText(text).then(() => "Copied", () => "Not allowed");
      button.textContent = told;
      setTimeout(() => button.replaceChildren(...before), 1500);
    });
  }
});

}
