// The list of deliveries follows what happens: also after its stream was cut, and not under the hands of who reads.
//
// The scene has `open`, a link that lets the browser in; `list`, the path of the list; `app`, the path of an application in
// the API; and `key`, what publishes there.
import { holds, run, scene, url, way } from "./harness.mjs";

const publish = (eventType) => fetch(`${url}${scene.app}/msg`, {
  method: "POST",
  headers: { authorization: `Bearer ${scene.key}`, "content-type": "application/json" },
  body: JSON.stringify({ eventType, payload: {} }),
});

await run(async (eye) => {
  const { page } = eye;
  await eye.enter(scene.open);
  const broken = await way();
  eye.origins.add(broken.url);
  const row = (eventType) => page.locator("#rows tr", { hasText: eventType });
  const badge = (word) => page.locator("live-rows button", { hasText: word }).waitFor();

  await page.goto(`${broken.url}${scene.list}`);
  await badge("live");
  await page.evaluate(() => { window.isTheSame = true; });
  await publish("live.first");
  await row("live.first").waitFor();

  eye.expect(/console: Failed to load resource: net::ERR_/);
  broken.cut();
  await publish("live.second");
  await row("live.second").waitFor();
  await badge("live");
  holds(await row("live.first").count() === 1 && await row("live.second").count() === 1, "a row is there twice");

  await page.locator("live-rows button").click();
  await badge("paused");
  await publish("live.third");
  await badge("1 new");
  holds(await row("live.third").count() === 0, "a row came while the list was held");
  await page.locator("live-rows button").click();
  await row("live.third").waitFor();
  holds(await page.evaluate(() => window.isTheSame), "the page was loaded again");
});
