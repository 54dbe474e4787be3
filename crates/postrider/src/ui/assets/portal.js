// What the portal's pages can do beyond showing themselves, and the way into them.
//
// A one-time key stands in the fragment of the door's address. It is taken away from there and exchanged for a session. If
// the browser then sends the session's cookie back, pages are opened as pages are. If it keeps no cookies here, as inside of
// other sites' pages, this page stays, holds the session's token, fetches each page with it and shows it in the place of the
// one before.
"use strict";

// What may become markup: pages that this server has sent.
const markup = window.trustedTypes
  ? trustedTypes.createPolicy("portal", { createHTML: (text) => text })
  : { createHTML: (text) => text };

const portal = () => document.getElementById("portal");
let token = null;
let look = "";
let host = portal().dataset.host ?? null;
let loading = null;

// The page around this one hears what happens, if it is one of those that may.
function tell(kind, more) {
  if (host && parent !== window) parent.postMessage({ postrider: kind, ...more }, host);
}
const here = () => location.pathname.replace(/^\/portal/, "") + location.search;
let height = 0;
function measure() {
  const now = Math.ceil(portal().getBoundingClientRect().height);
  if (now !== height) tell("resize", { height: height = now });
}
const observer = new ResizeObserver(measure);

// A page has been put there.
function shown() {
  observer.disconnect();
  observer.observe(portal());
  const { kind } = portal().dataset;
  if (kind === "ended") return ended();
  if (kind !== "open") return;
  tell("ready");
  tell("navigate", { path: here() });
  const again = document.querySelector("[data-again]");
  if (again) setTimeout(() => again.isConnected && load(location.href, {}, "stay"), Number(again.dataset.again) * 1000);
}

// The session is over. After a reload without cookies, who is around this page has to be found out anew.
async function ended() {
  if (!host && parent !== window) host = (await exchange("")).opened.host;
  tell("session-expired");
}

// Fetches a page and puts it in the place of this one.
async function load(url, options = {}, how = "push") {
  loading?.abort();
  const mine = (loading = new AbortController());
  const headers = { accept: "text/html" };
  if (token) Object.assign(headers, { authorization: `Bearer ${token}`, "x-portal-look": look });
  portal().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { ...options, headers, signal: mine.signal });
    const page = new DOMParser().parseFromString(markup.createHTML(await answer.text()), "text/html");
    const fresh = page.getElementById("portal");
    if (!fresh) throw new Error("not a page of the portal");
    portal().replaceWith(document.adoptNode(fresh));
    if (host) portal().dataset.host = host;
    document.title = page.title;
    // What answers a form with a page of its own has none to come back to.
    const isPage = options.method === undefined || answer.redirected;
    if (how === "push" && isPage && answer.url !== location.href) history.pushState(null, "", answer.url);
    if (how === "replace") history.replaceState(null, "", answer.url);
    if (how !== "stay") {
      scrollTo(0, 0);
      document.getElementById("main").focus({ preventScroll: true });
    }
    shown();
  } catch (error) {
    if (error.name === "AbortError") return;
    portal().removeAttribute("aria-busy");
    say("The server cannot be reached. Try again in a moment.");
  }
}

// A sentence over the page, which stays as it is.
function say(text) {
  let toast = document.querySelector(".toast");
  if (!toast) {
    toast = document.createElement("p");
    toast.className = "toast";
    toast.setAttribute("role", "alert");
    document.body.append(toast);
  }
  toast.textContent = text;
  toast.hidden = false;
  setTimeout(() => { toast.hidden = true; }, 6000);
}

// With a token in hand, links and forms of the portal are taken over.
const isOwn = (url) => url.origin === location.origin && url.pathname.startsWith("/portal/");
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!token || !link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.target) return;
  const url = new URL(link.href);
  if (!isOwn(url) || link.getAttribute("href").startsWith("#")) return;
  event.preventDefault();
  load(url);
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  const url = new URL(form.action);
  if (!token || event.defaultPrevented || !isOwn(url)) return;
  event.preventDefault();
  const sent = new URLSearchParams(new FormData(form, event.submitter));
  if (form.method === "post") return load(url, { method: "POST", body: sent });
  url.search = sent;
  load(url);
});
addEventListener("popstate", () => { if (token) load(location.href, {}, "stay"); });

// Exchanges a key for a session; the answer also says who is around this page, where that may be told things.
async function exchange(key) {
  const around = location.ancestorOrigins?.[0] ?? (document.referrer ? new URL(document.referrer).origin : "");
  const answer = await fetch("/portal/open", { method: "POST", body: new URLSearchParams({ key, look, host: around }) });
  return { answer, opened: await answer.json() };
}

// The door.
async function enter() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  const way = location.pathname + location.search;
  const status = document.getElementById("door-status");
  if (!key) {
    if (portal().dataset.kind === "door") location.replace("/portal/endpoints");
    return;
  }
  history.replaceState(null, "", way);
  look = location.search.slice(1);
  try {
    const { answer, opened } = await exchange(key);
    host = opened.host;
    if (!answer.ok) {
      status.textContent = "This link was used already, or is too old. Open these pages from where you came from again.";
      portal().removeAttribute("aria-busy");
      return tell("session-expired");
    }
    const kept = await (await fetch("/portal/session")).json();
    if (kept.open) return location.replace(opened.next);
    ({ token, look } = opened);
    await load(opened.next, {}, "replace");
  } catch {
    status.textContent = "The server cannot be reached. Open these pages again in a moment.";
  }
}
addEventListener("hashchange", () => { if (location.hash.startsWith("#key=")) enter(); });

enter();
shown();
