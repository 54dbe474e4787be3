// Receives as a provider's customer does, with the provider's own library, and signs as the library does.

import { createServer } from "node:http";

import { sign, verify } from "@octokit/webhooks-methods";
import Stripe from "stripe";

const secret = process.env.WEBHOOK_SECRET;
const body = JSON.stringify({ id: "evt_1", object: "event", text: "grüße" });

const verified = {
  "/github": (raw, headers) => verify(secret, raw, headers["x-hub-signature-256"] ?? "none"),
  "/stripe": (raw, headers) => {
    try {
      return Stripe.webhooks.constructEvent(raw, headers["stripe-signature"], secret).object === "event";
    } catch {
      return false;
    }
  },
};

const signed = {
  "/signed/github": async () => ({ header: "X-Hub-Signature-256", value: await sign(secret, body), body }),
  "/signed/stripe": async () => ({
    header: "Stripe-Signature",
    value: Stripe.webhooks.generateTestHeaderString({ payload: body, secret }),
    body,
  }),
};

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const raw = Buffer.concat(parts).toString("utf8");
  if (signed[request.url]) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(await signed[request.url]()));
    return;
  }
  const check = verified[request.url];
  response.writeHead(check && (await check(raw, request.headers)) ? 204 : 401).end();
});

server.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));
