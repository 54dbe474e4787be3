// The portal inside of another site's page, which keeps no cookies for it, and in a tab of its own.
//
// The scene has `app`, the API's path of the application; `key`, a key of the environment; `endpoint` and `delivery`, which
// are paths of the portal.
import http from "node:http";
import { PATIENCE, holds, run, scene, url } from "./harness.mjs";

const call = (path, body) => fetch(`${url}/api/v1${path}`, {
  method: "POST", headers: { authorization: `Bearer ${scene.key}`, "content-type": "application/json" }, body: JSON.stringify(body),
});
async function link() {
  return (await (await call(`/auth/app-portal-access/${scene.app}`, { sessionId: "a-session" })).json()).url;
}

// The page of a product. It has another name than the server's, and is another site to a browser.
async function product() {
  const page = `<!doctype html><html lang="en"><title>A product</title><link rel="icon" href="data:,"><div id="here"></div>
    <script src="${url}/portal.js"></script>
    <script>
      window.asked = 0;
      const link = async () => (await fetch("/link")).text();
      link().then((url) => Postrider.mount(document.getElementById("here"), {
        url, primaryColorLight: "ffd500", onNavigate: (path) => { window.at = path; },
        onSessionExpired: () => { window.asked += 1; return link(); },
      }));
    </script></html>`;
  const server = http.createServer(async (request, response) => {
    const isLink = request.url === "/link";
    response.setHeader("content-type", isLink ? "text/plain" : "text/html");
    response.end(isLink ? await link() : page);
  });
  await new Promise((done) => server.listen(0, "localhost", done));
  return { server, url: `http://localhost:${server.address().port}` };
}

await run(async (eye) => {
  const { page } = eye;
  const host = await product();
  eye.origins.add(host.url);
  await page.goto(host.url);
  const inside = page.frameLocator("iframe");
  const title = (text) => inside.getByRole("heading", { level: 1, name: text }).waitFor();
  const at = (path) => page.waitForFunction((path) => window.at === path, path, { timeout: PATIENCE });
  await title("Endpoints");
  const cookies = await eye.context.cookies(url);
  holds(cookies.every(({ name }) => !name.startsWith("postrider-portal")), "the browser has kept a cookie for the frame");
  const colour = await inside.getByRole("link", { name: "Add endpoint" }).evaluate((link) => getComputedStyle(link).backgroundColor);
  holds(colour !== "rgb(11, 92, 173)" && colour !== "rgb(255, 213, 0)", `the colour is ${colour}`);

  // The frame is as high as what is in it.
  await page.waitForFunction(() => {
    const frame = document.querySelector("iframe");
    return frame.style.height !== "600px" && Math.abs(frame.getBoundingClientRect().height - Number.parseInt(frame.style.height, 10)) < 2;
  });

  // Links, forms, what is refused (which the console tells of), and the way back.
  eye.expect(/console: Failed to load resource: .* 422/);
  const own = scene.endpoint.replace("/portal", "");
  await inside.locator("a.row").first().click();
  await at(own);
  await inside.getByRole("link", { name: "Settings", exact: true }).click();
  await at(`${own}/settings`);
  await inside.getByLabel("Attempts a second").fill("99999999");
  await inside.getByRole("button", { name: "Save" }).click();
  await inside.locator("#throttleRate-wrong").waitFor();
  await inside.getByRole("link", { name: "Test", exact: true }).click();
  await at(`${own}/test`);
  await inside.getByRole("button", { name: "Send the example" }).click();
  await page.waitForFunction(() => window.at.startsWith("/deliveries/"), null, { timeout: PATIENCE });
  await page.evaluate(() => history.back());
  await at(`${own}/test`);
  await title(/hook/);

  // A session that has ended is begun anew, where it was. The answer to the old one is an error on the console.
  eye.expect(/console: Failed to load resource: .* 401/);
  await call(`/auth/app/${scene.app}/expire-all`, {});
  await inside.getByRole("link", { name: "Activity" }).click();
  await page.waitForFunction(() => window.asked === 1, null, { timeout: PATIENCE });
  await inside.locator(".tabs a[aria-current]", { hasText: "Test" }).waitFor();
  eye.settle();
  host.server.close();

  // In a tab of its own, by a cookie.
  await page.goto(await link());
  await page.waitForURL("**/portal/endpoints");
  holds(new URL(page.url()).hash === "", "the key is still in the address");
  await eye.walk([
    ["portal-endpoints", "/portal/endpoints"],
    ["portal-new", "/portal/endpoints/new"],
    ["portal-endpoint", scene.endpoint],
    ["portal-test", `${scene.endpoint}/test`],
    ["portal-recover", `${scene.endpoint}/recover`],
    ["portal-settings", `${scene.endpoint}/settings`],
    ["portal-secret", `${scene.endpoint}/secret`],
    ["portal-activity", "/portal/activity"],
    ["portal-delivery", scene.delivery],
    ["portal-event-types", "/portal/event-types"],
    ["portal-event-type", "/portal/event-types/order.paid"],
  ]);
});
