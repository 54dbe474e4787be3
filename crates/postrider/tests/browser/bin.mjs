// A bin: rows come by themselves, also after its stream was cut, and what it answers is changed from the page.
import { holds, run, url, way } from "./harness.mjs";

const send = (path, body, headers = {}) => fetch(`${url}/bin/shop${path}`, {
  method: "POST", body, headers: { "content-type": "application/json", ...headers },
});

await run(async (eye) => {
  const { page } = eye;
  const row = (path) => page.locator("#requests tr", { hasText: path });

  await eye.go("/bin/shop");
  await eye.examine("bin-empty");

  // The first request has a page of its own to show, the others come into the list of it.
  await send("/first", '{"id": 1, "nested": {"text": "<b>&amp;</b>"}}');
  await row("/first").waitFor();
  await page.evaluate(() => { window.isTheSame = true; });
  await send("/second", "a=1&b=2", { "content-type": "application/x-www-form-urlencoded" });
  await row("/second").waitFor();
  holds(await page.evaluate(() => window.isTheSame), "the page was loaded again");
  await eye.settle();

  // What it answers.
  await page.locator("summary", { hasText: "Answers" }).click();
  await page.locator("#steps").fill("503");
  await eye.turn(() => page.getByRole("button", { name: "Set" }).click());
  holds((await send("/third", "{}")).status === 503, "the new answer is not given");
  await row("/third").locator(".bad").waitFor();

  // Someone who reads is not disturbed, and sees that there is more.
  await page.locator("bin-live button").click();
  await page.locator("bin-live button", { hasText: "paused" }).waitFor();
  await send("/fourth", "{}");
  await page.locator("bin-live button", { hasText: "1 new" }).waitFor();
  holds(await row("/fourth").count() === 0, "a row came while the list was held");
  await page.locator("bin-live button").click();
  await row("/fourth").waitFor();

  // Everything that folds, open, with a comparison and a finding.
  await eye.turn(() => page.locator("#requests a").first().click());
  const shown = page.url();
  const first = (await row("/first").getAttribute("data-number"));
  await page.goto(`${shown}&with=${first}`);
  await page.evaluate(() => { for (const panel of document.querySelectorAll("details")) panel.open = true; });
  await eye.examine("bin");
  await page.goto(`${shown}&view=hex`);
  await eye.examine("bin-hex");
  await eye.go("/bin/shop?q=nothing+has+this");
  await eye.examine("bin-no-match");
  await eye.go("/bin/shop?r=99999");
  await eye.examine("bin-gone");

  // A stream that is cut begins again where it was.
  const broken = await way();
  eye.origins.add(broken.url);
  await page.goto(`${broken.url}/bin/shop`);
  await page.locator("bin-live button", { hasText: "live" }).waitFor();
  eye.expect(/console: Failed to load resource: net::ERR_/);
  broken.cut();
  await send("/while-it-was-cut", "{}");
  await row("/while-it-was-cut").waitFor();
  await page.locator("bin-live button", { hasText: "live" }).waitFor();
  holds(await row("/while-it-was-cut").count() === 1, "a row came twice");
});
