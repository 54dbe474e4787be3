//! The payload index: what is found with it is what is found without, whatever has happened to messages since.

use bytes::Bytes;
use postrider_core::id::MessageId;
use postrider_core::message::Payload;
use postrider_core::query::Place;
use postrider_core::rng::{Rng, TestRng};
use postrider_core::scope::SystemScope;

use super::search::{HASTY, MINUTE, Stock, WHOLE};
use super::world::{page, waiting};
use super::{Tenant, World};
use crate::{DeliveryHit, SearchScope, Searched};

/// More messages than are covered at once.
const MANY: usize = 1_100;

impl Stock {
    /// Covers all that is old enough to be covered. How many messages that are.
    async fn index(&self) -> u64 {
        self.world.pass(MINUTE);
        let mut messages = 0;
        loop {
            let system = SystemScope::assume();
            let indexed = self.world.store.index_payloads(system, self.world.now(), 7).await.unwrap();
            messages += indexed.messages;
            if !indexed.more {
                return messages;
            }
        }
    }

    async fn found(&self, scope: SearchScope, text: &str) -> (Vec<Place>, Searched<DeliveryHit>) {
        let found = self.deliveries(scope, self.search(text, WHOLE), page(10_000, None)).await;
        assert_eq!(found.next, None, "{text}");
        (found.rows.iter().map(DeliveryHit::place).collect(), found)
    }

    /// Every query finds what its rule means.
    async fn check(&self, texts: &[String]) {
        for scope in self.scopes() {
            let facts = self.facts(scope).await;
            for text in texts {
                let expected = self.meant(&facts, &text.parse().unwrap());
                assert_eq!(self.found(scope, text).await.0, expected, "{text} in {scope:?}");
            }
        }
    }

    /// The ids of the messages that a text finds.
    async fn messages(&self, scope: SearchScope, text: &str) -> (Vec<MessageId>, bool) {
        let search = self.search(text, WHOLE);
        let found = self.world.store.search_messages(scope, search, page(10_000, None)).await.unwrap();
        (found.rows.iter().map(|hit| hit.message.id).collect(), found.indexed)
    }

    async fn publish_body(&self, tenant: &Tenant, to: usize, body: String) -> MessageId {
        let mut message = self.world.new_message(tenant);
        message.payload = Some(Payload { body: Bytes::from(body), raw: None });
        let id = message.id;
        self.world.accept(tenant, message, &[waiting(self.endpoints[to])]).await;
        id
    }
}

/// A payload of few words, so that many have them, and as many ways to write them.
fn payload(rng: &TestRng) -> String {
    const WORDS: [&str; 8] =
        ["invoice", "INVOICE", "cus_17", "cus_18", "a\u{fc}b", "x\"y", "back\\slash", "zz"];
    let mut bytes = [0; 8];
    rng.fill(&mut bytes);
    let word = |at: usize| WORDS[usize::from(bytes[at]) % WORDS.len()];
    let value = format!("{} {}", word(0), word(1));
    let text = if bytes[2].is_multiple_of(3) {
        let units = value.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        format!("\"{}\"", units.collect::<String>())
    } else {
        serde_json::to_string(&value).unwrap()
    };
    match bytes[3] % 4 {
        0 => format!("raw {value} {}", bytes[4]),
        1 => format!(r#"{{"data":{{"note":{text}}},"total":{}}}"#, u16::from(bytes[4]) * 100),
        _ => format!(r#"{{"note":{text},"items":[{{"sku":"{}"}}]}}"#, word(5).replace(['"', '\\'], "")),
    }
}

/// Queries for what such payloads have and have not.
fn texts(stock: &Stock) -> Vec<String> {
    let mut all = stock.queries();
    let of_payloads = [
        "invoice",
        "\"cus_17 cus_18\"",
        "cus_17 cus_18",
        "cus_1",
        "zz",
        "u00fc",
        "\"a\u{fc}b\"",
        "-cus_17 invoice",
        "\"k\\\\s\"",
        "body.note:\"cus_17 zz\"",
        "body.note:cus_17*",
        "body.data.note:\"x\\\"y\"*",
        "body.data.note:\"a\u{fc}b invoice\"",
        "body.data.note:\"back\\\\slash cus_18\"",
        "body.items[].sku:cus_18",
        "body.total:>3000 invoice",
        "body.total:1700",
        "cus_17 status:pending",
        "receiver.example",
        "hook",
        "nowhere-at-all",
    ];
    all.extend(of_payloads.map(str::to_owned));
    all.push(format!("cus_17 endpoint:{}", stock.endpoints[1]));
    all
}

/// Whatever is covered, and whatever is not, every query finds what its rule means.
pub async fn an_index_changes_nothing_that_is_found(world: World) {
    let stock = Stock::new(world).await;
    let rng = TestRng::seed(17);
    let more = async || {
        for number in 0..30 {
            let (tenant, to) =
                [(&stock.one, 0), (&stock.one, 1), (&stock.other, 2), (&stock.foreign, 3)][number % 4];
            stock.publish_body(tenant, to, payload(&rng)).await;
        }
    };
    more().await;
    let texts = texts(&stock);
    assert!(!stock.found(stock.scopes()[0], "cus_17").await.1.indexed);
    assert!(stock.index().await >= 60);
    stock.check(&texts).await;
    let (places, found) = stock.found(stock.scopes()[0], "cus_17").await;
    assert!(found.indexed && !places.is_empty());
    assert!(
        stock.found(stock.scopes()[0], "nowhere-at-all").await.1.looked == 0,
        "nothing had to be looked at"
    );
    assert!(!stock.found(stock.scopes()[0], "cu").await.1.indexed, "too short to be of help");
    assert!(!stock.found(stock.scopes()[0], "receiver.exam").await.1.indexed, "it is in a URL");
    // What has come since is not covered, and then perhaps it is.
    more().await;
    stock.check(&texts).await;
    stock.index().await;
    stock.check(&texts).await;
    for scope in stock.scopes() {
        let facets = stock.world.store.facets(scope, stock.search("cus_17", WHOLE)).await.unwrap();
        // The index has everybody's, so an application's searches are not led by it.
        assert_eq!((facets.is_whole, facets.indexed), (true, matches!(scope, SearchScope::Environment(_))));
        assert_eq!(facets.matched, stock.found(scope, "cus_17").await.0.len() as u64);
    }
    for text in ["cus_17", "invoice status:pending", "body.note:cus_17*", "nowhere-at-all", "CUS_2 code:5xx"]
    {
        stock.walk_both_ways(text, HASTY).await;
        stock.walk_both_ways(text, WHOLE).await;
    }
    let system = SystemScope::assume();
    assert!(stock.world.store.drop_payload_index(system).await.unwrap());
    assert!(!stock.world.store.drop_payload_index(system).await.unwrap());
    stock.check(&texts).await;
    assert!(!stock.found(stock.scopes()[0], "cus_17").await.1.indexed);
    // And on again.
    assert!(stock.index().await >= 60);
    stock.check(&texts).await;
}

/// A payload that is gone is not found, and what else its message has still is.
pub async fn an_index_forgets_what_is_expunged_and_removed(world: World) {
    let stock = Stock::new(world).await;
    let [environment, one, _] = stock.scopes();
    let mut message = stock.world.new_message(&stock.one);
    message.event_type = "rarest.kind".into();
    message.payload = Some(Payload { body: Bytes::from_static(b"{\"secret\":\"swordfish\"}"), raw: None });
    let id = message.id;
    stock.world.accept(&stock.one, message, &[]).await;
    let other = stock.publish_body(&stock.other, 2, "{\"secret\":\"swordfish\"}".into()).await;
    stock.index().await;
    assert_eq!(stock.messages(environment, "swordfish").await, (vec![other, id], true));
    assert_eq!(stock.messages(one, "swordfish").await, (vec![id], false));
    let now = stock.world.now();
    assert!(stock.world.store.expunge_message(stock.one.scope, id, now).await.unwrap());
    assert_eq!(stock.messages(environment, "swordfish").await, (vec![other], true));
    assert_eq!(stock.messages(environment, "rarest").await, (vec![id], true));
    assert_eq!(stock.messages(one, "body.secret:swordfish").await, (vec![], false));

    stock.world.store.delete_app(stock.other.scope, now).await.unwrap();
    let system = SystemScope::assume();
    while stock.world.store.retain(system, stock.world.now(), 50).await.unwrap().more {}
    assert_eq!(stock.messages(environment, "swordfish").await.0, []);
    stock.index().await;
    assert_eq!(stock.messages(environment, "rarest").await, (vec![id], true));
    stock.check(&texts(&stock)).await;
}

/// A message whose id was made long before it is written is found, although the index has gone past it.
pub async fn an_index_misses_nothing_that_comes_late(world: World) {
    let stock = Stock::new(world).await;
    let mut late = stock.world.new_message(&stock.one);
    late.payload = Some(Payload { body: Bytes::from_static(b"{\"word\":\"latecomer\"}"), raw: None });
    let id = late.id;
    stock.world.pass(MINUTE);
    stock.publish_body(&stock.one, 0, "{}".into()).await;
    stock.index().await;
    stock.world.accept(&stock.one, late, &[]).await;
    let [environment, one, other] = stock.scopes();
    for (scope, found, indexed) in
        [(environment, vec![id], true), (one, vec![id], false), (other, vec![], false)]
    {
        assert_eq!(stock.messages(scope, "latecomer").await, (found.clone(), indexed));
        assert_eq!(stock.messages(scope, "body.word:latecomer").await, (found, indexed));
    }
    stock.check(&texts(&stock)).await;
}

/// What comes when the index is there is covered block by block, and a search through all of it looks at little.
pub async fn an_index_follows_what_comes(world: World) {
    let stock = Stock::new(world).await;
    stock.index().await;
    let mut rare = Vec::new();
    for number in 0..MANY {
        let (tenant, to) = [(&stock.one, 0), (&stock.other, 2), (&stock.foreign, 3)][number % 3];
        let found = if number % 300 < 3 { "needle" } else { "straw" };
        let id = stock.publish_body(tenant, to, format!(r#"{{"word":"{found}","number":{number}}}"#)).await;
        if found == "needle" && to != 3 {
            rare.push(id);
        }
    }
    rare.reverse();
    assert!(stock.index().await >= 1_024);
    let search = stock.search("needle", WHOLE);
    let [environment, ..] = stock.scopes();
    let found = stock.world.store.search_messages(environment, search, page(100, None)).await.unwrap();
    assert_eq!(found.rows.iter().map(|hit| hit.message.id).collect::<Vec<_>>(), rare);
    assert!(found.indexed && found.looked < 200, "{}", found.looked);
    for text in ["needle", "straw type:none", "body.number:1007"] {
        stock.walk_both_ways(text, HASTY).await;
    }
}
