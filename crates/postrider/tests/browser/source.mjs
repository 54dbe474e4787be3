// A source, by its link: the key leaves the address, and what came and what was refused is there to look at.
import { holds, run, scene } from "./harness.mjs";

await run(async (eye) => {
  const { page } = eye;
  eye.expect(/console: Failed to load resource: .* 401/);
  await eye.go("/source", 401);
  await eye.examine("source-locked");

  // From the page itself, only what stands behind the `#` would change.
  await page.goto("about:blank");
  await page.goto(scene.link);
  await page.locator("td.what a", { hasText: "push" }).waitFor();
  holds(new URL(page.url()).hash === "", "the key is still in the address");
  await eye.examine("source");
  await eye.turn(() => page.locator("td.what a").first().click());
  await page.locator("section.detail", { hasText: "bold" }).waitFor();
  await eye.examine("source-event");
});
