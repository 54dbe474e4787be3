// A busy day, in both themes at three widths; and the brush on its charts, with the mouse and with keys.
//
// The scene has `open`, a link that lets the browser in; `pages`, each `[name, path]`; and the paths `overview` and
// `deliveries`, which have a chart.
import { LOOKS, holds, run, scene } from "./harness.mjs";

// The times that a page's search is narrowed to.
const span = (page) => {
  const query = new URL(page.url()).searchParams.get("q") ?? "";
  const of = (name) => Date.parse(query.match(new RegExp(`${name}:"([^"]+)"`))?.[1]);
  return { since: of("since"), until: of("until") };
};

await run(async (eye) => {
  const { page } = eye;
  await eye.enter(scene.open);
  for (const [name, path] of scene.pages) {
    for (const [colorScheme, width] of LOOKS) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: width < 600 ? 780 : 900 });
      await eye.go(path);
      await eye.picture(`${name}-${colorScheme}-${width}`, false);
      await eye.inspect(`${name}, ${colorScheme}, ${width} wide`);
    }
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 1440, height: 900 });

  const chart = page.locator("time-chart[data-brush]").first();
  for (const path of [scene.overview, scene.deliveries]) {
    await eye.go(path);
    const plot = chart.locator(".u-over");
    const box = await plot.boundingBox();
    const at = (share) => [box.x + box.width * share, box.y + box.height / 2];
    await page.mouse.move(...at(0.5));
    await page.mouse.down();
    await page.mouse.move(...at(0.6), { steps: 5 });
    await eye.turn(() => page.mouse.up());
    const { since, until } = span(page);
    holds(until - since > 3_600_000 && until - since < 5 * 3_600_000, `the brush on ${path} leads to ${page.url()}`);
    holds(page.url().includes("/deliveries"), `the brush on ${path} leads to ${page.url()}`);
    const accepted = await page.locator("#rows tbody time").evaluateAll((times) => times.map((time) => Date.parse(time.dateTime)));
    holds(accepted.length > 0, `nothing is listed at ${page.url()}`);
    holds(accepted.every((time) => time >= since && time < until), `a row is outside of ${page.url()}`);
    holds(await page.locator("live-rows").count() === 0, "the list follows what happens, although it ends in the past");
  }

  // Where the list has a chart of its own, a double click takes the time away.
  if (await chart.count() > 0) {
    await eye.turn(() => chart.locator(".u-over").dblclick());
    holds(Number.isNaN(span(page).since), `a double click leads to ${page.url()}`);
  }

  // The same without a mouse.
  await eye.go(scene.overview);
  await chart.focus();
  for (const key of ["ArrowLeft", "ArrowLeft"]) await page.keyboard.press(key);
  // Over an hour, in parts of five minutes: the day's traffic comes every half hour.
  for (let step = 0; step < 12; step += 1) await page.keyboard.press("Shift+ArrowLeft");
  await eye.turn(() => page.keyboard.press("Enter"));
  const { since, until } = span(page);
  holds(until > since, `the keys lead to ${page.url()}`);
  holds(await page.locator("#rows tbody tr").count() > 0, `nothing is listed at ${page.url()}`);
});
