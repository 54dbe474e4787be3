// From the link that the first start prints to the page of the first delivery: with the mouse, or with nothing but keys.
//
// The scene has `open`, the link; `by`, `mouse` or `keys`; `api` and `key`, for the step that a program takes; `receiver`,
// where the endpoint is; and `home`, the path of the dashboard that it is expected to lead to.
import { holds, run, scene, url } from "./harness.mjs";

const program = (path, body) => fetch(`${url}/api/v1${path}`, {
  method: "POST",
  headers: { authorization: `Bearer ${scene.key}`, "content-type": "application/json" },
  body: JSON.stringify(body),
});

// Somebody with a mouse, who types where they have clicked.
const mouse = (eye) => ({
  fill: (label, text) => eye.page.getByLabel(label, { exact: true }).fill(text),
  press: (name) => eye.turn(() => eye.page.getByRole("button", { name }).or(eye.page.getByRole("link", { name })).first().click()),
});

// Somebody without one: Tab leads to everything, what has the focus shows it, and Enter takes it.
const keys = (eye) => {
  const { page } = eye;
  const focused = () => page.evaluate(() => {
    const element = document.activeElement;
    const label = element.labels?.[0]?.textContent ?? element.getAttribute("aria-label") ?? element.textContent;
    const { outlineStyle, outlineWidth } = getComputedStyle(element.closest("tr:has(a.row)") ?? element);
    return { name: label.trim(), isShown: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1 };
  });
  const reach = async (name) => {
    for (let step = 0; step < 120; step += 1) {
      await page.keyboard.press("Tab");
      const now = await focused();
      if (now.name !== name) continue;
      holds(now.isShown, `the focus on “${name}” does not show`);
      return;
    }
    holds(false, `Tab does not lead to “${name}” at ${page.url()}`);
  };
  return {
    fill: async (label, text) => { await reach(label); await page.keyboard.insertText(text); },
    press: async (name) => { await reach(name); await eye.turn(() => page.keyboard.press("Enter")); },
  };
};

await run(async (eye) => {
  const { page } = eye;
  const hand = scene.by === "keys" ? keys(eye) : mouse(eye);
  const ticked = (count) => page.waitForFunction((count) => document.querySelectorAll(".setup li.done").length === count, count);

  await page.goto(scene.open);
  await page.getByLabel("E-mail address", { exact: true }).waitFor();
  await hand.fill("E-mail address", "ada@example.com");
  await hand.fill("Name", "Ada");
  await hand.fill("Password", "a few words in a row");
  await hand.press("Go on");
  await hand.press("Setup");
  await ticked(1);
  await hand.press("Make “first-customer”");
  await ticked(2);

  // What a program does ticks its step without anybody touching the page.
  const made = await program("/app/first-customer/endpoint", { url: scene.receiver });
  holds(made.status === 201, `making an endpoint answered ${made.status}`);
  await ticked(3);
  await hand.press("Send “hello.sent”");
  await ticked(4);
  await hand.press("Look at its delivery");
  await page.getByText("Delivered at the 1st attempt").waitFor();
  await eye.inspect("the first delivery");
});
