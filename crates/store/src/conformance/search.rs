//! Searching, held against the query's own rule: what a walk finds is what `Query::matches` means, in the list's order,
//! whichever index it takes, in pages of every size.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use postrider_core::app::Ref;
use postrider_core::attempt::{Attempt, Failure, FailureClass, Timings, Trigger};
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::message::Payload;
use postrider_core::query::{Candidate, EndpointHead, Place, Query, Sent, Status};

use super::world::{held, page, waiting};
use super::{Tenant, World};
use crate::{
    DeliveryHit, DeliveryStats, Edge, Effort, Order, Page, Search, SearchScope, Searched, Settled, Then,
};

pub(super) const MINUTE: Duration = Duration::from_secs(60);
/// More than any case needs, however slow the machine.
pub(super) const WHOLE: Effort = Effort { rows: 1_000_000, time: Duration::from_secs(3_600) };

/// None at all: a page ends as soon as it can.
pub(super) const HASTY: Effort = Effort { rows: 0, time: Duration::ZERO };

/// Two applications of one environment and one of another, with deliveries of every kind.
pub(super) struct Stock {
    pub(super) world: World,
    pub(super) one: Tenant,
    pub(super) other: Tenant,
    pub(super) foreign: Tenant,
    pub(super) endpoints: [EndpointId; 4],
}

/// A delivery, and what the rule looks at beside it.
pub(super) struct Fact {
    hit: DeliveryHit,
    payload: Option<Bytes>,
    headers: Bytes,
}

impl Stock {
    pub(super) async fn new(world: World) -> Self {
        let one = world.tenant().await;
        let other = world.app(one.environment).await;
        let foreign = world.tenant().await;
        let endpoints = [
            world.endpoint(&one).await,
            world.endpoint(&one).await,
            world.endpoint(&other).await,
            world.endpoint(&foreign).await,
        ];
        let stock = Self { world, one, other, foreign, endpoints };
        for round in 0..6_usize {
            stock.round(round).await;
        }
        stock
    }

    pub(super) async fn round(&self, round: usize) {
        let [a, b, c, d] = self.endpoints;
        let fanned = self.publish(&self.one, round, &[a, b]).await;
        let single = self.publish(&self.other, round, &[c]).await;
        let foreign = self.publish(&self.foreign, round, &[d]).await;
        let lonely = self.world.new_message(&self.one);
        self.world.accept(&self.one, lonely, &[]).await;
        self.world.accept(&self.one, self.world.new_message(&self.one), &[waiting(b)]).await;
        self.settle(fanned, a, 1, 200, Then::Succeeded).await;
        let later = Then::Waiting { due: self.world.now().after(MINUTE) };
        match round % 4 {
            0 => self.settle(fanned, b, 1, 503, later).await,
            1 => self.settle(fanned, b, 1, 404, Then::Failed).await,
            2 => self.settle(fanned, b, 1, 0, later).await,
            _ => {}
        }
        self.settle(single, c, 1, 500, later).await;
        if round.is_multiple_of(2) {
            self.world.pass(MINUTE);
            assert!(self.world.claim_ids(c).await.contains(&single));
            self.settle(single, c, 2, 200 + round as u16, Then::Succeeded).await;
        }
        self.settle(foreign, d, 1, 503, Then::Failed).await;
    }

    async fn publish(&self, tenant: &Tenant, round: usize, to: &[EndpointId]) -> MessageId {
        self.world.pass(MINUTE);
        let mut message = self.world.new_message(tenant);
        message.event_type = ["invoice.paid", "invoice.sent", "user.made"][round % 3].into();
        message.event_id = Some(format!("evt-{round}"));
        message.tags = if round.is_multiple_of(2) { vec!["even".into()] } else { Vec::new() };
        message.channels = vec![format!("c{}", round % 2)];
        message.edited_of = round.is_multiple_of(4).then_some(message.id);
        let body = format!(r#"{{"customer":{{"id":"cus_{}"}},"total":{}}}"#, round % 3, round * 10);
        message.payload = Some(Payload { body: Bytes::from(body), raw: None });
        let id = message.id;
        let deliveries: Vec<_> = to.iter().copied().map(held).collect();
        self.world.accept(tenant, message, &deliveries).await;
        id
    }

    async fn settle(
        &self,
        message: MessageId,
        endpoint: EndpointId,
        number: u32,
        status_code: u16,
        then: Then,
    ) {
        let failure = (status_code == 0)
            .then(|| Failure { class: FailureClass::Timeout, sentence: "It took too long.".into() });
        let attempt = Attempt {
            succeeded: then == Then::Succeeded,
            status_code,
            failure,
            trigger: if number > 1 { Trigger::Manual } else { Trigger::Scheduled },
            timings: Timings { total: Duration::from_millis(u64::from(number) * 900), ..Timings::default() },
            request_headers: Bytes::from(format!("webhook-id: {message}\nX-Number: {number}\n")),
            ..self.world.attempt(message, endpoint, number)
        };
        assert!(matches!(self.world.settle(attempt, then).await, Settled::Recorded { .. }));
    }

    pub(super) fn scopes(&self) -> [SearchScope; 3] {
        let environment = self.world.system().environment(self.one.environment);
        [
            SearchScope::Environment(environment),
            SearchScope::App(self.one.scope),
            SearchScope::App(self.other.scope),
        ]
    }

    pub(super) fn search(&self, text: &str, effort: Effort) -> Search {
        let query = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        Search { query, now: self.world.now(), effort }
    }

    pub(super) async fn deliveries(
        &self,
        scope: SearchScope,
        search: Search,
        page: Page<Place>,
    ) -> Searched<DeliveryHit> {
        self.world.store.search_deliveries(scope, search, page).await.unwrap()
    }

    pub(super) async fn all(&self, scope: SearchScope, text: &str) -> Vec<DeliveryHit> {
        let found = self.deliveries(scope, self.search(text, WHOLE), page(1_000, None)).await;
        assert_eq!(found.next, None, "{text}");
        found.rows
    }

    /// Every delivery of the scope with all that is known of it, in the list's order.
    pub(super) async fn facts(&self, scope: SearchScope) -> Vec<Fact> {
        let mut facts = Vec::new();
        for hit in self.all(scope, "").await {
            let tenant = if hit.app.id == self.one.app.id { &self.one } else { &self.other };
            let reference = Ref::Id(hit.message.id);
            let whole = self.world.store.message(tenant.scope, &reference, true).await.unwrap().unwrap();
            let payload = whole.payload.map(|payload| payload.body);
            let headers = match &hit.last {
                None => Bytes::new(),
                Some(last) => {
                    let found = self.world.store.attempt(tenant.scope, hit.message.id, last.id).await;
                    found.unwrap().unwrap().request_headers
                }
            };
            facts.push(Fact { hit, payload, headers });
        }
        facts
    }

    /// What the query's rule says of them.
    pub(super) fn meant(&self, facts: &[Fact], query: &Query) -> Vec<Place> {
        let is_meant = |fact: &&Fact| {
            let Fact { hit, payload, headers } = *fact;
            let (delivery, endpoint, last) = (&hit.delivery, &hit.endpoint, hit.last.as_ref());
            let sent = Some(Sent { delivery, endpoint, last, headers });
            let (app, message) = (&hit.app, &hit.message);
            query.matches(&Candidate { app, message, sent, payload: payload.as_deref() }, self.world.now())
        };
        facts.iter().filter(is_meant).map(|fact| fact.hit.place()).collect()
    }

    pub(super) fn queries(&self) -> Vec<String> {
        let mut all: Vec<String> = [
            "status:failed",
            "status:retrying",
            "status:failed,retrying",
            "status:canceled",
            "status:pending",
            "status:delivered",
            "-status:delivered",
            "code:5xx",
            "code:503,404",
            "-code:5xx",
            "code:none",
            "error:timeout",
            "error:* status:retrying",
            "type:invoice.*",
            "type:user.made code:>=400",
            "attempt:>1",
            "attempt:0",
            "latency:>1s",
            "trigger:manual",
            "edited:yes",
            "-edited:yes status:failed",
            "header.x-number:2",
            "-header.x-number:1",
            "channel:c1 tag:even",
            "tag:even",
            "event_id:evt-3",
            "message:evt-4",
            "body.customer.id:\"cus_1\"",
            "body.total:>20 code:5xx",
            "CUS_2",
            "receiver",
            "nothing",
            "since:3m",
            "until:3m status:retrying",
            "-since:2m",
        ]
        .map(str::to_owned)
        .into();
        for endpoint in self.endpoints {
            all.push(format!("endpoint:{endpoint}"));
            all.push(format!("endpoint:{endpoint} status:retrying"));
            all.push(format!("-endpoint:{endpoint} -status:failed"));
        }
        all.push(format!("app:{}", self.one.app.id));
        all.push(format!("-app:{} code:4xx", self.other.app.id));
        all
    }

    /// Walks what is found in pages of every size.
    pub(super) async fn walk_both_ways(&self, text: &str, effort: Effort) {
        let scope = self.scopes()[0];
        let natural: Vec<_> = self.all(scope, text).await.iter().map(DeliveryHit::place).collect();
        for (order, limit) in
            [(None, 1), (None, 2), (Some(Order::Ascending), 3), (Some(Order::Descending), 100)]
        {
            let mut expected = natural.clone();
            if order == Some(Order::Ascending) {
                expected.reverse();
            }
            let mut edge = None;
            let mut walked = Vec::new();
            loop {
                let page = Page { limit, edge, order };
                let found = self.deliveries(scope, self.search(text, effort), page).await;
                assert!(found.rows.len() <= limit);
                walked.extend(found.rows.iter().map(DeliveryHit::place));
                let Some(next) = found.next else { break };
                edge = Some(Edge::After(next));
            }
            assert_eq!(walked, expected, "{text:?} {order:?} {limit}");

            let Some((end, before)) = expected.split_last() else { continue };
            let (mut walked, mut edge) = (Vec::new(), *end);
            loop {
                let page = Page { limit, edge: Some(Edge::Before(edge)), order };
                let found = self.deliveries(scope, self.search(text, effort), page).await;
                walked.splice(0..0, found.rows.iter().map(DeliveryHit::place));
                let Some(next) = found.next else { break };
                edge = next;
            }
            assert_eq!(walked, before, "backwards: {text:?} {order:?} {limit}");
        }
    }
}

/// Every query finds what its rule means, in every scope.
pub async fn a_search_finds_what_its_query_means(world: World) {
    let stock = Stock::new(world).await;
    let mut found_any = 0;
    for scope in stock.scopes() {
        let facts = stock.facts(scope).await;
        for text in stock.queries() {
            let places: Vec<_> = stock.all(scope, &text).await.iter().map(DeliveryHit::place).collect();
            let query = text.parse().unwrap();
            assert_eq!(places, stock.meant(&facts, &query), "{text} in {scope:?}");
            found_any += usize::from(!places.is_empty());
        }
    }
    assert!(found_any > 60, "most of the queries find something: {found_any}");
}

/// Pages of every size, both ways, both orders; with an effort that is spent at once, too.
pub async fn pages_walk_what_is_found_both_ways(world: World) {
    let stock = Stock::new(world).await;
    let endpoint = format!("endpoint:{}", stock.endpoints[1]);
    for (text, effort) in [
        ("", WHOLE),
        ("code:5xx", WHOLE),
        ("type:invoice.paid", HASTY),
        (&endpoint, HASTY),
        ("nothing", HASTY),
    ] {
        stock.walk_both_ways(text, effort).await;
    }
}

/// Messages are found once, with how all their deliveries stand.
pub async fn messages_are_found_by_what_became_of_them(world: World) {
    let stock = Stock::new(world).await;
    for scope in stock.scopes() {
        for text in stock.queries().into_iter().chain([String::new()]) {
            let search = stock.search(&text, WHOLE);
            let is_of_deliveries = search.query.asks_of_deliveries();
            let mut edge = None;
            let mut found = Vec::new();
            loop {
                let page = page(2, edge);
                let searched = stock.world.store.search_messages(scope, search.clone(), page).await.unwrap();
                found.extend(searched.rows);
                let Some(next) = searched.next else { break };
                edge = Some(Edge::After(next));
            }
            let ids: Vec<_> = found.iter().map(|hit| hit.message.id).collect();
            let mut falling = ids.clone();
            falling.sort_by_key(|id| std::cmp::Reverse(id.row()));
            falling.dedup();
            assert_eq!(ids, falling, "{text}");
            if is_of_deliveries {
                let mut of_deliveries: Vec<_> =
                    stock.all(scope, &text).await.iter().map(|hit| hit.message.id).collect();
                of_deliveries.dedup();
                assert_eq!(ids, of_deliveries, "{text} in {scope:?}");
            }
            let deliveries = stock.all(scope, "").await;
            for hit in found {
                let own = deliveries.iter().filter(|delivery| delivery.message.id == hit.message.id);
                let DeliveryStats { succeeded, pending, sending, failed, canceled } = hit.deliveries;
                assert_eq!(own.count() as u64, succeeded + pending + sending + failed + canceled);
            }
        }
    }
    let [environment, one, _] = stock.scopes();
    let count = async |scope, text: &str| {
        let search = stock.search(text, WHOLE);
        stock.world.store.search_messages(scope, search, page(1_000, None)).await.unwrap().rows.len()
    };
    assert_eq!((count(environment, "").await, count(one, "").await), (24, 18));
    assert_eq!(count(one, "-endpoint:x").await, 12, "those that go somewhere");
}

/// Counts are of what the query means, and say whether they are of everything.
pub async fn facets_count_what_is_found(world: World) {
    let stock = Stock::new(world).await;
    let store = &stock.world.store;
    for scope in stock.scopes() {
        for text in ["", "code:5xx", "type:invoice.*", "nothing"] {
            let facets = store.facets(scope, stock.search(text, WHOLE)).await.unwrap();
            let all = stock.all(scope, text).await;
            assert!(facets.is_whole && facets.matched == all.len() as u64, "{text}");
            let mut statuses = HashMap::<Status, u64>::new();
            for hit in &all {
                *statuses.entry(Status::of(hit.delivery.state, hit.delivery.attempts)).or_default() += 1;
            }
            assert_eq!(facets.statuses.into_iter().collect::<HashMap<_, _>>(), statuses, "{text}");
            let sum = |counts: &[(String, u64)]| counts.iter().map(|(_, count)| count).sum::<u64>();
            assert_eq!(sum(&facets.types), facets.matched);
            assert_eq!(facets.endpoints.iter().map(|(_, count)| count).sum::<u64>(), facets.matched);
        }
    }
    let hasty = Effort { rows: 1, time: WHOLE.time };
    for _ in 0..80 {
        stock.world.accept(&stock.one, stock.world.new_message(&stock.one), &[]).await;
    }
    let facets = store.facets(stock.scopes()[0], stock.search("", hasty)).await.unwrap();
    assert!(!facets.is_whole || facets.looked > 80, "{facets:?}");
}

/// What was deleted is not found, and what was sent to a deleted endpoint is, as long as it is on record.
pub async fn what_is_deleted_is_not_found(world: World) {
    let stock = Stock::new(world).await;
    let [environment, one, other] = stock.scopes();
    let before = stock.all(one, "").await.len();
    let gone = stock.endpoints[0];
    stock.world.store.delete_endpoint(stock.one.scope, gone, stock.world.now()).await.unwrap();
    let found = stock.all(one, &format!("endpoint:{gone}")).await;
    assert!(!found.is_empty() && found.iter().all(|hit| hit.endpoint.is_deleted));
    assert_eq!(stock.all(one, "").await.len(), before);
    let heads: Vec<&EndpointHead> = found.iter().map(|hit| &hit.endpoint).collect();
    assert!(heads.iter().all(|head| head.id == gone && head.url == "https://receiver.example/hook"));

    stock.world.store.delete_app(stock.other.scope, stock.world.now()).await.unwrap();
    assert!(stock.all(other, "").await.is_empty());
    let left = stock.all(environment, "").await;
    assert!(!left.is_empty() && left.iter().all(|hit| hit.app.id == stock.one.app.id));
}
