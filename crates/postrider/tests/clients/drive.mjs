// Uses a server as a customer of the library would, and prints what came of it as one line of JSON.
//
// POSTRIDER_URL and POSTRIDER_KEY name the server, whose environment has a retry schedule of one attempt. Deliveries come
// to a receiver in here, which verifies every one with `standardwebhooks`.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { Webhook } from "standardwebhooks";
import { Svix } from "svix";

const { POSTRIDER_URL: serverUrl, POSTRIDER_KEY: key } = process.env;

const receiver = { secrets: [], status: 200, deliveries: [] };

function verifies(secret, body, headers) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

const listener = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const secrets = receiver.secrets.filter((secret) => verifies(secret, body, request.headers));
    receiver.deliveries.push({ secrets, headers: request.headers });
    response.writeHead(receiver.status).end();
  });
});

/** Looks until there is something, for ten seconds. */
async function until(what, look) {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`waited for ${what}`);
}

const waitFor = (count) => until(`${count} deliveries`, () => receiver.deliveries[count - 1]);

/** The status of the error that the library throws. */
async function refused(call) {
  try {
    await call();
  } catch (error) {
    assert.ok(error.body?.detail, error);
    return error.code;
  }
  throw new Error("it was not refused");
}

await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));
const svix = new Svix(key, { serverUrl });

await svix.eventType.create({ name: "invoice.paid", description: "Paid" });
const changed = await svix.eventType.upsert("invoice.paid", { description: "Was paid" });
assert.equal(changed.description, "Was paid");
assert.deepEqual((await svix.eventType.list()).data.map((one) => one.name), ["invoice.paid"]);

const app = await svix.application.create({ name: "Customer", uid: "customer", metadata: { plan: "gold" } });
assert.equal((await svix.application.getOrCreate({ name: "Other", uid: "customer" })).id, app.id);
assert.deepEqual((await svix.application.get("customer")).metadata, { plan: "gold" });
const once = () => svix.application.create({ name: "Once" }, { idempotencyKey: "once" });
const keyed = [await once(), await once()];

const url = `http://127.0.0.1:${listener.address().port}/hook`;
const endpoint = await svix.endpoint.create("customer", {
  url,
  uid: "main",
  description: "Ours",
  eventTypes: ["invoice.paid"],
});
const secret = (await svix.endpoint.getSecret("customer", "main")).key;
receiver.secrets = [secret];
await svix.endpoint.setHeaders("customer", "main", { headers: { "x-mine": "1" } });
assert.deepEqual((await svix.endpoint.getHeaders("customer", "main")).headers, { "x-mine": "1" });
const patched = await svix.endpoint.patch("customer", "main", { description: "Patched" });
assert.deepEqual([patched.id, patched.description], [endpoint.id, "Patched"]);

const publish = (number) =>
  svix.message.create("customer", { eventType: "invoice.paid", eventId: `evt-${number}`, payload: { number } });
const messages = [await publish(0), await publish(1), await publish(2)];
assert.equal((await waitFor(3)).headers["x-mine"], "1");
assert.deepEqual((await svix.message.get("customer", "evt-1", { withContent: true })).payload, { number: 1 });
const listed = (await svix.message.list("customer")).data.map((one) => one.id);
assert.deepEqual(listed, messages.map((one) => one.id).reverse());

const attemptsOf = (message, count) =>
  until(`${count} attempts`, async () => {
    const { data } = await svix.messageAttempt.listByMsg("customer", message.id);
    return data.length >= count && data;
  });
for (const message of messages) await attemptsOf(message, 1);
const attempts = (await svix.messageAttempt.listByEndpoint("customer", "main")).data;
assert.ok(attempts.every((one) => one.responseStatusCode === 200 && one.status === 0));
assert.equal((await svix.messageAttempt.get("customer", attempts[0].msgId, attempts[0].id)).id, attempts[0].id);

await svix.messageAttempt.resend("customer", messages[0].id, "main");
await waitFor(4);
const [resent] = await attemptsOf(messages[0], 2);

await svix.endpoint.rotateSecret("customer", "main", {});
const rotated = (await svix.endpoint.getSecret("customer", "main")).key;
assert.notEqual(rotated, secret);
receiver.secrets = [secret, rotated];
await publish(3);
const both = (await waitFor(5)).secrets;

const since = new Date();
await sleep(10);
receiver.status = 500;
const failed = [await publish(4), await publish(5)];
await waitFor(7);
for (const message of failed) {
  await until("the failure", async () => {
    const { data } = await svix.messageAttempt.listAttemptedDestinations("customer", message.id);
    return data[0].status === 2;
  });
}
receiver.status = 200;
await svix.endpoint.recover("customer", "main", { since });
await waitFor(9);
const recovered = [];
for (const message of failed) recovered.push((await attemptsOf(message, 2))[0]);

await svix.endpoint.sendExample("customer", "main", { eventType: "invoice.paid" });
await waitFor(10);
await until("the statistics", async () => (await svix.endpoint.getStats("customer", "main")).success === 7);

for (const number of [0, 1, 2]) await svix.application.create({ name: `More ${number}` });
let pages = 1;
for (let page = await svix.application.list({ limit: 2 }); !page.done; pages += 1) {
  page = await svix.application.list({ limit: 2, iterator: page.iterator });
}

const access = async (asked) => {
  const { url, token } = await svix.authentication.appPortalAccess("customer", { featureFlags: ["beta"], ...asked });
  assert.ok(url.includes("/portal#key="), url);
  return new Svix(token, { serverUrl });
};
const viewer = await access({ capabilities: ["ViewBase"], expiry: 3600, sessionId: "ann" });
const others = [await access({}), await access({ sessionId: "bob" }), await access({ sessionId: "carl" })];
const portal = [
  (await viewer.endpoint.list("customer")).data.length,
  await refused(() => viewer.endpoint.getSecret("customer", "main")),
  await refused(() => viewer.endpoint.delete("customer", "main")),
];
assert.equal((await others[0].endpoint.getSecret("customer", "main")).key, rotated);
await viewer.authentication.logout();
await svix.authentication.expireAll("customer", { sessionIds: ["bob"], expiry: 0 });
for (const one of [viewer, others[1]]) portal.push(await refused(() => one.endpoint.list("customer")));
portal.push((await others[2].endpoint.list("customer")).data.length);
await svix.authentication.expireAll("customer", {});
portal.push(await refused(() => others[2].endpoint.list("customer")));
portal.push(await refused(() => svix.authentication.logout()));

const stranger = new Svix("prk_00000000000000000000000000000000", { serverUrl });
const summary = {
  attempts: attempts.length,
  bothSignaturesAfterRotation: both.length === 2,
  conflict: await refused(() => publish(0)),
  idempotent: keyed[0].id === keyed[1].id,
  invalid: await refused(() => svix.application.create({ name: "" })),
  notFound: await refused(() => svix.application.get("missing")),
  pages,
  portal,
  recovered: recovered.filter((one) => one.status === 0).length,
  resentTrigger: resent.triggerType,
  unauthorized: await refused(() => stranger.application.list()),
  unverified: receiver.deliveries.filter((one) => one.secrets.length === 0).length,
  verified: receiver.deliveries.filter((one) => one.secrets.length > 0).length,
};
await svix.endpoint.delete("customer", "main");
await svix.application.delete("customer");
await svix.eventType.delete("invoice.paid");
assert.equal(await refused(() => svix.application.get("customer")), 404);
console.log(JSON.stringify(summary));
listener.closeAllConnections();
listener.close();
