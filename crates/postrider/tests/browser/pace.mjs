// The live list while hundreds of deliveries a second come: it follows, it keeps to its rows, and the page stays smooth.
//
// The scene has `open`, a link that lets the browser in; `list`, the path of the list; `seconds`, for how long frames are
// counted; and `least`, how many a second there must be.
import { holds, run, scene } from "./harness.mjs";

await run(async (eye) => {
  const { page } = eye;
  await eye.enter(scene.open);
  await eye.go(scene.list);
  await page.locator("live-rows button", { hasText: "live" }).waitFor();
  const seen = await page.evaluate(async (seconds) => {
    const rows = () => document.querySelectorAll("#rows tbody tr");
    const first = () => rows()[0]?.id;
    let [frames, longest, changes, most, last] = [0, 0, 0, 0, first()];
    const begun = performance.now();
    let before = begun;
    while (before - begun < seconds * 1000) {
      const now = await new Promise(requestAnimationFrame);
      frames += 1;
      longest = Math.max(longest, now - before);
      before = now;
      if (first() !== last) [changes, last] = [changes + 1, first()];
      most = Math.max(most, rows().length);
    }
    return { rate: frames * 1000 / (before - begun), longest, changes: changes / seconds, most };
  }, scene.seconds);
  console.log(`${seen.rate.toFixed(1)} frames a second, the longest ${seen.longest.toFixed(0)} ms; ` +
    `${seen.changes.toFixed(1)} changes a second; ${seen.most} rows at most`);
  holds(seen.changes > 1, "the list does not follow");
  holds(seen.most <= 200, `${seen.most} rows`);
  holds(seen.rate >= scene.least, `${seen.rate.toFixed(1)} frames a second`);
});
