// What an operator does after a receiver was broken: everything that failed is sent again from the list, and one message
// is changed by hand and sent.
//
// The scene has `open`, a link that lets the browser in; `count`, how many deliveries have failed; and `delivered`, the
// path in the API of those that have arrived since, with `key`, which may read it.
import { PATIENCE, holds, run, scene, url } from "./harness.mjs";

const arrived = async () => {
  const answer = await fetch(`${url}${scene.delivered}`, { headers: { authorization: `Bearer ${scene.key}` } });
  return (await answer.json()).data.length;
};

await run(async (eye) => {
  const { page } = eye;
  await eye.enter(scene.open);
  await eye.turn(() => page.getByRole("link", { name: "Deliveries", exact: true }).click());
  await page.locator("main input[type=search]").fill("status:failed");
  await eye.turn(() => page.keyboard.press("Enter"));

  // All of the page, then all that match.
  await page.locator("[data-all]").check();
  const bar = page.locator(".selection");
  await bar.getByText("on this page are selected").waitFor();
  await eye.turn(() => bar.getByRole("link", { name: `Select all ${scene.count} that match` }).click());
  await page.getByText(`${scene.count} deliveries`).waitFor();
  await eye.inspect("what a replay comes to");
  await eye.turn(() => page.getByRole("button", { name: `Send ${scene.count} again` }).click());
  holds(page.url().includes("/replays/"), `a replay begins at ${page.url()}`);
  holds(await page.locator("progress").count() === 1, "its page has no progress");
  await page.getByText("Finished").waitFor();
  await eye.inspect("a replay that has ended");
  // The task has ended when all are on their way. That they have arrived is asked again and again: nothing on a page says so.
  const end = Date.now() + PATIENCE;
  while (await arrived() < scene.count) holds(Date.now() < end, "what was sent again does not arrive");
  await eye.turn(() => page.getByRole("link", { name: "Deliveries", exact: true }).click());
  await page.locator("main input[type=search]").fill("status:failed");
  await eye.turn(() => page.keyboard.press("Enter"));
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor();

  // One of them, with another amount.
  await eye.turn(() => page.getByRole("link", { name: "Deliveries", exact: true }).click());
  await eye.turn(() => page.locator("a.row").first().click());
  await eye.turn(() => page.getByRole("link", { name: "Edit and send…" }).click());
  await eye.inspect("the form of a changed message");
  const payload = page.getByLabel("Payload", { exact: true });
  const before = await payload.inputValue();
  const after = before.replace(/"amount": \d+/, '"amount": 77');
  holds(after !== before, `the form shows ${before}`);
  eye.expect(/console: Failed to load resource: .* 422/);
  await payload.fill(`${after},`);
  await eye.turn(() => page.getByRole("button", { name: "Send", exact: true }).click());
  holds(await payload.inputValue() === `${after},`, "what was typed is gone");
  holds(await page.locator("[aria-invalid=true]").count() === 1, "nothing says where the mistake is");
  await payload.fill(after);
  await eye.turn(() => page.getByRole("button", { name: "Send", exact: true }).click());
  await page.getByText("Delivered at the 1st attempt").waitFor();
  holds(await page.locator("h1").getByText("Edited").count() === 1, "the delivery does not say that it was edited");
  await eye.inspect("the delivery of a changed message");
});
