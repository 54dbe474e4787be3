// What all browser tests share: a browser, and what every page is held to.
//
// A script gets from its Rust test, in the environment: POSTRIDER_URL, where the server is; POSTRIDER_BROWSER, the folder
// of the browser and of what drives it; POSTRIDER_SCENE, what the test has prepared, as JSON; and POSTRIDER_TEST_PICTURES,
// a folder for pictures, where somebody wants them. It ends with 0 where all held, and says on standard error what did not.
//
// Whatever a script does, these are failures: an error on the console or in a script, a violation of the page's policy,
// a request to another origin. Nothing here waits for time to pass: a script says what it waits for.
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import net from "node:net";

const tools = process.env.POSTRIDER_BROWSER;
const require = createRequire(join(tools, "package.json"));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const url = process.env.POSTRIDER_URL;
export const scene = JSON.parse(process.env.POSTRIDER_SCENE ?? "null");

// The longest that a script waits for any one thing. Only a defect meets it, on a busy machine too.
export const PATIENCE = 60_000;
// Both themes on a phone, a tablet and a wide screen.
const WIDTHS = [360, 768, 1440];
export const LOOKS = ["light", "dark"].flatMap((scheme) => WIDTHS.map((width) => [scheme, width]));
// The least that shows most of what goes wrong.
export const CORNERS = [["light", 360], ["dark", 1440]];

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
];

// Something that does not hold, without a trace of where in the script.
class Fault extends Error {}

export function holds(condition, sentence) {
  if (!condition) throw new Fault(sentence);
}

// Runs a test with a browser of its own, and ends the process with what came of it. `drive` gets an `Eye`.
export async function run(drive) {
  const profile = await mkdtemp(join(tmpdir(), "postrider-browser-"));
  let failure;
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: join(tools, "chromium"),
      headless: true,
      args: FLAGS,
      reducedMotion: "reduce",
      viewport: { width: 1440, height: 900 },
    });
    context.setDefaultTimeout(PATIENCE);
    const eye = await Eye.on(context);
    try {
      await drive(eye);
      eye.settle();
    } catch (error) {
      await eye.picture("failure").catch(() => {});
      const page = await eye.page.content().catch(() => "");
      failure = `${error instanceof Fault ? error.message : error.stack}\n${eye.complaints.join("\n")}\n` +
        `at ${eye.page.url()}: ${page.slice(0, 20_000)}`;
    }
    await context.close();
  } catch (error) {
    failure = error.stack;
  }
  await rm(profile, { recursive: true, force: true });
  if (failure !== undefined) console.error(failure);
  process.exit(failure === undefined ? 0 : 1);
}

// A page that is looked at, and what there is to complain of.
export class Eye {
  static async on(context) {
    const eye = new Eye();
    eye.context = context;
    eye.complaints = [];
    eye.origins = new Set([new URL(url).origin]);
    eye.expected = [];
    await context.exposeBinding("reportViolation", (_, text) => eye.complain(`policy: ${text}`));
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample, sourceFile }) => {
        window.reportViolation(`${effectiveDirective} ${blockedURI} ${sample} in ${sourceFile}`);
      });
    });
    context.on("console", (message) => {
      if (message.type() === "error") eye.complain(`console: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => eye.complain(`script: ${error.error().stack}`));
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      const isLocal = ["data:", "blob:", "about:"].includes(protocol);
      if (!isLocal && !eye.origins.has(origin)) eye.complain(`request to ${request.url()}`);
    });
    eye.page = context.pages()[0] ?? await context.newPage();
    return eye;
  }

  complain(complaint) {
    if (!this.expected.some((expected) => expected.test(complaint))) this.complaints.push(complaint);
  }

  // Complaints like this are none from now on: the script brings them about.
  expect(pattern) {
    this.expected.push(pattern);
  }

  // Fails where there is something to complain of.
  settle() {
    holds(this.complaints.length === 0, `${this.complaints.length} complaints`);
  }

  // Goes to a path of the server.
  async go(path, status = 200) {
    const response = await this.page.goto(new URL(path, url).href, { waitUntil: "load" });
    holds(response.status() === status, `${path} answered ${response.status()}`);
  }

  // Signs in with the link that a server without people prints: as its first person.
  async enter(link) {
    const { page } = this;
    await page.goto(new URL(link, url).href);
    await page.locator("input[name=email]").fill("ada@example.com");
    await page.locator("input[name=name]").fill("Ada");
    await page.locator("input[name=password]").fill("a few words in a row");
    await this.turn(() => page.locator("button[type=submit]").click());
    holds(page.url().includes("/dashboard"), `signing in leads to ${page.url()}`);
  }

  // Does something that brings another page, and waits for that.
  async turn(action) {
    await this.page.evaluate(() => { window.isLeft = true; });
    await action();
    await this.page.waitForFunction(() => !window.isLeft && document.readyState === "complete");
  }

  // What a page must be whatever it shows: no finding of axe, no id twice, and no sideways scrolling.
  async inspect(name) {
    const { page } = this;
    const [across, wide, twice] = await page.evaluate(() => {
      const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
      const { scrollWidth, clientWidth } = document.scrollingElement;
      return [scrollWidth, clientWidth, ids.filter((id, at) => ids.indexOf(id) !== at)];
    });
    holds(twice.length === 0, `${name}: ids that are there twice: ${twice.join(", ")}`);
    if (across > wide) {
      const widest = await page.evaluate(() => [...document.body.querySelectorAll("*")]
        .filter((element) => element.getBoundingClientRect().right > document.scrollingElement.clientWidth + 0.5)
        .slice(0, 8).map((element) => element.outerHTML.slice(0, 120)));
      holds(false, `${name}: ${across} wide in ${wide}:\n${widest.join("\n")}`);
    }
    // Past the page's policy, which no script that stands in the page would get past.
    await page.evaluate(AXE);
    const found = await page.evaluate(async () => (await window.axe.run(document)).violations.map(
      ({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => `${node.html}\n      ${node.failureSummary}`) }),
    ));
    const told = found.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.slice(0, 5).join("\n    ")}`);
    holds(found.length === 0, `${name}: axe finds\n  ${told.join("\n  ")}`);
  }

  // Inspects the page in each of these looks, by default in both themes at three widths.
  async examine(name, looks = LOOKS) {
    const { page } = this;
    for (const [colorScheme, width] of looks) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      await this.picture(`${name}-${colorScheme}-${width}`);
      await this.inspect(`${name}, ${colorScheme}, ${width} wide`);
    }
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.setViewportSize({ width: 1440, height: 900 });
    this.settle();
  }

  // Where the navigation of a page leads, as paths.
  async places(path) {
    await this.go(path);
    const paths = await this.page.evaluate(() => [...document.querySelectorAll("nav a[href]")].map((link) => link.pathname));
    holds(paths.length > 0, `${path} has no navigation`);
    return [...new Set(paths)];
  }

  // The first thing that a list leads to, as a path.
  async first() {
    return this.page.evaluate(() => {
      const own = location.pathname;
      const links = [...document.querySelectorAll("main tbody a[href]")].map((link) => new URL(link.href));
      const below = links.find(({ origin, pathname }) => origin === location.origin && pathname.startsWith(`${own}/`));
      return below && below.pathname + below.search;
    });
  }

  // Goes to each path and examines it. Each is `[name, path]` or `[name, path, status]`.
  async walk(paths) {
    for (const [name, path, status] of paths) {
      await this.go(path, status);
      await this.examine(name);
    }
  }

  // Where somebody wants pictures: one of the whole page, or of what is seen of it first.
  async picture(name, isWhole = true) {
    const folder = process.env.POSTRIDER_TEST_PICTURES;
    if (!folder) return;
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`), fullPage: isWhole });
  }
}

// A way to the server that can be cut: everything under way on it ends at once, and can begin again.
export async function way() {
  const { hostname, port } = new URL(url);
  const open = new Set();
  const server = net.createServer((from) => {
    const to = net.connect(Number(port), hostname);
    for (const [one, other] of [[from, to], [to, from]]) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => { open.delete(one); other.destroy(); });
      one.pipe(other);
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() { for (const socket of open) socket.destroy(); },
  };
}
