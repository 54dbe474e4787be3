// Looks at every page of a list, and at all that a navigation leads to, with the first thing of each list.
//
// The scene has `open`, a link that lets the browser in, where one is needed; `pages`, each `[name, path]` or
// `[name, path, status]`; `full`, a page whose navigation leads to lists with something in them; and `empty`, one whose
// navigation leads to lists without.
import { CORNERS, run, scene } from "./harness.mjs";

const name = (path) => path.split("/").at(-1);

await run(async (eye) => {
  if (scene.open) await eye.enter(scene.open);
  await eye.walk(scene.pages ?? []);
  for (const path of scene.full ? await eye.places(scene.full) : []) {
    await eye.go(path);
    await eye.examine(name(path));
    const first = await eye.first();
    if (!first) continue;
    await eye.go(first);
    await eye.examine(`${name(path)}-one`);
  }
  for (const path of scene.empty ? await eye.places(scene.empty) : []) {
    await eye.go(path);
    await eye.examine(`${name(path)}-empty`, CORNERS);
  }
});
