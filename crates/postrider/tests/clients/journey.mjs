// A provider and two of its customers' receivers, each with the provider's own library: what is sent is signed by it, and
// what arrives is verified by it. One receiver is down until it is told to open.

import { createServer } from "node:http";

import { sign, verify } from "@octokit/webhooks-methods";

const secret = process.env.WEBHOOK_SECRET;
const senders = 4;
const books = { acknowledged: 0, refused: 0, unverified: 0, up: {}, down: {} };

const read = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
};

const receiver = (arrived) =>
  createServer(async (request, response) => {
    const raw = await read(request);
    const isVerified = await verify(secret, raw, request.headers["x-hub-signature-256"] ?? "none");
    if (isVerified) {
      const { n } = JSON.parse(raw);
      arrived[n] = (arrived[n] ?? 0) + 1;
    } else {
      books.unverified += 1;
    }
    response.writeHead(isVerified ? 204 : 401).end();
  });

// Sends one event until it is acknowledged, as a provider does, always with the same id.
const provide = async (address, n) => {
  const body = JSON.stringify({ n, text: "grüße" });
  const headers = {
    "content-type": "application/json",
    "x-github-delivery": `delivery-${n}`,
    "x-github-event": n % 4 === 3 ? "issues" : "push",
    "x-hub-signature-256": await sign(secret, body),
  };
  for (;;) {
    try {
      const { status } = await fetch(address, { method: "POST", headers, body });
      if (status === 200) break;
      if (status < 500) books.refused += 1;
    } catch {
      // Nobody listens: the server is being started again.
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  books.acknowledged += 1;
};

const provideAll = (address, count) => {
  let next = 0;
  const sender = async () => {
    while (next < count) await provide(address, next++);
  };
  for (let started = 0; started < senders; started += 1) sender();
};

const up = receiver(books.up);
const down = receiver(books.down);
const control = createServer(async (request, response) => {
  const raw = await read(request);
  if (request.url === "/provide") {
    const { address, count } = JSON.parse(raw);
    provideAll(address, count);
  }
  if (request.url === "/open") down.listen(Number(process.env.DOWN_PORT), "127.0.0.1");
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(books));
});

up.listen(0, "127.0.0.1", () =>
  control.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${control.address().port} ${up.address().port}`)),
);
