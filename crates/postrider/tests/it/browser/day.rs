//! A day of a product with four customers, seen at its end: what charts, lists and pictures are about.
//!
//! The day passes in half hours of some milliseconds. Everything else is as it would be: what is published is sent to
//! receivers that are well, slow, in trouble since the evening, or gone, and tried again.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Client, Received, Receiver, Server, SkewClock, free_port, new_endpoint};

/// Half hours of the day. The link that lets the first person in is good for a whole day and no longer.
const STEPS: u64 = 47;
const STEP: Duration = Duration::from_secs(30 * 60);
/// When the trouble begins.
const TROUBLE: u64 = 41;

/// The customers: name, uid, and the paths of their endpoints at the receiver.
const CUSTOMERS: [(&str, &str, &[&str]); 4] = [
    ("Acme Stationery", "acme", &["/acme/hooks", "/acme/warehouse"]),
    ("Globex", "globex", &["/globex/events"]),
    ("Initech", "initech", &["/initech/billing"]),
    ("Umbrella Books", "umbrella", &["/umbrella/orders"]),
];

/// The event types: name, what they mean, and how many of ten messages they are.
const EVENT_TYPES: [(&str, &str, u64); 5] = [
    ("order.shipped", "A parcel has left the warehouse.", 4),
    ("invoice.paid", "The whole amount of an invoice has arrived.", 3),
    ("customer.created", "Somebody has opened an account.", 1),
    ("invoice.overdue", "An invoice is unpaid after its due date.", 1),
    ("payment.failed", "A card or a bank account was refused.", 1),
];

pub(super) struct Day {
    pub(super) server: Server,
    pub(super) client: Client,
    /// Gives what was sent its answers, to the end of the test.
    _receiver: Receiver,
}

impl Day {
    /// Lets the day pass. Of every half hour, everything is published and has come to a receiver that is there before
    /// the next begins.
    pub(super) async fn passed() -> Self {
        let clock = Arc::new(SkewClock::behind(STEP * u32::try_from(STEPS).unwrap()));
        let server = Server::builder().clock(Arc::clone(&clock)).start().await;
        let (client, receiver) = (server.client(), Receiver::start().await);
        describe(&client).await;
        for (name, uid, paths) in CUSTOMERS {
            client.post("/api/v1/app", json!({"name": name, "uid": uid})).await.must(201);
            for path in paths {
                let settings = json!({"description": path.rsplit('/').next()});
                new_endpoint(&client, &format!("/api/v1/app/{uid}"), &receiver.url(path), settings).await;
            }
        }
        // Nobody listens there.
        let gone = json!({"description": "the old shop", "eventTypes": ["invoice.paid"]});
        let nowhere = format!("http://127.0.0.1:{}/hooks", free_port());
        new_endpoint(&client, "/api/v1/app/initech", &nowhere, gone).await;
        for step in 0..STEPS {
            answer(&receiver, step);
            publish(&client, &receiver, step).await;
            clock.advance(STEP);
        }
        Self { server, client, _receiver: receiver }
    }

    /// A page of the first environment.
    pub(super) fn path(&self, page: &str) -> String {
        format!("/dashboard/{}/{page}", self.server.environment())
    }

    /// The page of the newest delivery that a search finds.
    pub(super) async fn delivery(&self, query: &str) -> String {
        let found = self.client.get(&format!("/api/v1/delivery?limit=1&q={query}")).await.must(200);
        let hit = &found["data"][0];
        let of = |id: &Value| id.as_str().unwrap_or_else(|| panic!("{query} finds one: {found}")).to_owned();
        let (app, message, endpoint) = (of(&hit["appId"]), of(&hit["msgId"]), of(&hit["endpoint"]["id"]));
        self.path(&format!("deliveries/{app}/{message}/{endpoint}"))
    }
}

async fn describe(client: &Client) {
    for (name, description, _) in EVENT_TYPES {
        let schema = json!({
            "type": "object",
            "description": description,
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "description": "Yours to look it up with."},
                "customer": {"type": "object", "properties": {"id": {"type": "string"}, "country": {"type": "string"}}},
                "amount": {"type": "integer", "description": "In the smallest unit of the currency.", "minimum": 0},
                "currency": {"type": "string", "enum": ["EUR", "GBP", "USD"]},
            },
            "examples": [payload(7)],
        });
        let body = json!({"name": name, "description": description, "schemas": {"1": schema}});
        client.post("/api/v1/event-type", body).await.must(201);
    }
}

fn payload(number: u64) -> Value {
    let of = |names: &[&'static str]| names[usize::try_from(number).unwrap() % names.len()];
    json!({
        "id": format!("in_{}", 40_000 + number),
        "customer": {"id": format!("cus_{}", number % 90), "country": of(&["DE", "FR", "NZ"])},
        "amount": 1_900 + number * 37 % 9_000,
        "currency": of(&["EUR", "USD"]),
    })
}

/// How the receivers are in a half hour.
fn answer(receiver: &Receiver, step: u64) {
    let text = |status, body: &'static str| {
        Answer::status(status).header("content-type", "application/json").body(body)
    };
    let well = text(200, r#"{"received":true}"#);
    let slow = |millis| well.clone().after(Duration::from_millis(millis));
    receiver.script("/acme/hooks", [slow(12)]);
    receiver.script("/globex/events", [slow(20), slow(35), slow(30 + step % 5 * 20), slow(25)]);
    receiver.script("/umbrella/orders", [slow(8)]);
    let busy = text(503, r#"{"error":"maintenance","retry":"later"}"#);
    let in_trouble = step >= TROUBLE;
    receiver.script("/acme/warehouse", [if in_trouble { busy } else { slow(15) }]);
    let refused = text(422, r#"{"error":"unknown currency"}"#);
    receiver.script("/initech/billing", if step % 6 == 3 { vec![refused, slow(18)] } else { vec![slow(18)] });
}

/// Publishes what belongs to a half hour: more by day than by night.
async fn publish(client: &Client, receiver: &Receiver, step: u64) {
    let from_noon = step.abs_diff(STEPS / 2 + 4);
    let count = 8 + 26 * (STEPS / 2).saturating_sub(from_noon) / (STEPS / 2);
    // Lanes of those in trouble wait by themselves.
    let is_well = |path: &str| path != "/acme/warehouse" || step < TROUBLE;
    let came = |requests: &[Received]| requests.iter().filter(|request| is_well(&request.path)).count();
    let mut expected = came(&receiver.requests());
    for number in 0..count {
        // The first two have more to do.
        let (_, uid, paths) = CUSTOMERS[[0, 0, 1, 1, 2, 3][usize::try_from(step + number).unwrap() % 6]];
        let mut left = (step * 7 + number * 3) % 10;
        let of = |(_, _, share): &&(&str, &str, u64)| {
            let is_this = left < *share;
            left = left.saturating_sub(*share);
            is_this
        };
        let (event_type, ..) = EVENT_TYPES.iter().find(of).unwrap();
        let message = json!({"eventType": event_type, "payload": payload(step * 100 + number)});
        client.post(&format!("/api/v1/app/{uid}/msg"), message).await.must(202);
        expected += paths.iter().filter(|path| is_well(path)).count();
    }
    receiver.wait_until("a half hour's messages", |requests| came(requests) >= expected).await;
}
