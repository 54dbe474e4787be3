// Pages with what people send who mean harm: nothing of it runs, hides, or becomes an element that the same page with
// harmless texts does not have.
//
// The scene has `open`, a link that lets the browser in; `harmless` and `hostile`, each a page whose navigation leads to
// all lists of an environment. The texts set `window.evil` where they run.
import { CORNERS, holds, run, scene } from "./harness.mjs";

// What `ui::text::visible` shows.
const HIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;
const MARKS = ["span class", "span title"];

async function kinds({ page }) {
  return new Set(await page.evaluate(() => [...document.body.querySelectorAll("*")].flatMap((element) =>
    [element.localName, ...[...element.attributes].map(({ name }) => `${element.localName} ${name}`)])));
}

async function compare(eye, name, harmless, hostile) {
  const { page } = eye;
  await eye.go(harmless);
  const known = await kinds(eye);
  await eye.go(hostile);
  const more = [...await kinds(eye)].filter((kind) => !known.has(kind) && !MARKS.includes(kind));
  holds(more.length === 0, `${name}: made of text: ${more.join(", ")}`);
  const { text, evil, links } = await page.evaluate(() => ({
    text: document.body.innerText,
    evil: window.evil,
    links: [...document.querySelectorAll("a, form, img, iframe, script, link")]
      // Links in a drawing have an object there.
      .map((element) => element.href?.baseVal ?? (element.href || element.src || element.action || ""))
      .map((address) => (address.startsWith("/") ? location.origin + address : address)),
  }));
  holds(evil === undefined, `${name}: a text ran`);
  holds(!HIDDEN.test(text), `${name}: something hides: ${JSON.stringify(text.match(HIDDEN))}`);
  const bad = links.filter((link) => link && !/^(https?:|mailto:|data:,$)/.test(link));
  holds(bad.length === 0, `${name}: leads to ${bad.join(", ")}`);
  await eye.examine(`${name}-hostile`, CORNERS);
}

await run(async (eye) => {
  if (scene.open) await eye.enter(scene.open);
  const [harmless, hostile] = [await eye.places(scene.harmless), await eye.places(scene.hostile)];
  for (const [at, path] of harmless.entries()) {
    const name = path.split("/").at(-1);
    await compare(eye, name, path, hostile[at]);
    const two = await eye.first();
    await eye.go(path);
    const one = await eye.first();
    if (one && two) await compare(eye, `${name}-one`, one, two);
  }
});
