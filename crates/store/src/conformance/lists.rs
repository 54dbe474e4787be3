//! Pages and filters.

use std::fmt::Debug;
use std::time::Duration;

use postrider_core::app::Ref;
use postrider_core::delivery::State;
use postrider_core::environment::Settings;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::message::{Message, Payload};

use super::world::{page, waiting, whole};
use super::{Tenant, World};
use crate::{
    AppFilter, AttemptFilter, DeliveryFilter, DeliveryStats, Edge, Error, Listed, MessageFilter, Order,
    PAGE_BYTES, Page, Then,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Walks a list in pages of every size, in both orders, forwards from its beginning and backwards from its end, and
/// compares with `all`, the list in its natural order.
async fn assert_pages<C, T, F>(all: &[C], natural: Order, key: impl Fn(&T) -> C, list: F)
where
    C: Clone + PartialEq + Debug,
    F: AsyncFn(Page<C>) -> Result<Listed<T, C>, Error>,
{
    for order in [None, Some(Order::Ascending), Some(Order::Descending)] {
        let mut expected = all.to_vec();
        if order.is_some_and(|order| order != natural) {
            expected.reverse();
        }
        for limit in 1..=all.len() + 1 {
            let (mut walked, mut edge) = (Vec::new(), None);
            loop {
                let listed = list(Page { limit, edge, order }).await.unwrap();
                assert!(listed.rows.len() <= limit);
                walked.extend(listed.rows.iter().map(&key));
                let Some(next) = listed.next else { break };
                edge = Some(Edge::After(next));
            }
            assert_eq!(walked, expected, "forwards, {order:?}, {limit} a page");

            // Backwards from the last one, which is not part of the walk.
            let (end, before) = expected.split_last().expect("lists of cases are not empty");
            let (mut walked, mut edge) = (Vec::new(), end.clone());
            loop {
                let listed = list(Page { limit, edge: Some(Edge::Before(edge)), order }).await.unwrap();
                assert!(listed.rows.len() <= limit);
                walked.splice(0..0, listed.rows.iter().map(&key));
                let Some(next) = listed.next else { break };
                edge = next;
            }
            assert_eq!(walked, before, "backwards, {order:?}, {limit} a page");
        }
    }
}

/// Applications.
pub async fn pages_walk_apps_both_ways(world: World) {
    let environment = world.environment(Settings::default()).await;
    world.tenant().await;
    let mut all = Vec::new();
    for _ in 0..7 {
        all.push(world.app(environment).await.app.id);
    }
    let scope = world.system().environment(environment);
    let list = async |page| world.store.apps(scope, AppFilter::default(), page).await;
    assert_pages(&all, Order::Ascending, |app| app.id, list).await;
}

/// Endpoints.
pub async fn pages_walk_endpoints_both_ways(world: World) {
    let tenant = world.tenant().await;
    let mut all = Vec::new();
    for _ in 0..7 {
        all.insert(0, world.endpoint(&tenant).await);
    }
    let list = async |page| world.store.endpoints(tenant.scope, page).await;
    assert_pages(&all, Order::Descending, |endpoint| endpoint.id, list).await;
}

/// Event types.
pub async fn pages_walk_event_types_both_ways(world: World) {
    let environment = world.environment(Settings::default()).await;
    let scope = world.system().environment(environment);
    let all = ["A", "Z", "a", "a.b", "a_b", "b", "invoice.paid"].map(str::to_owned);
    for name in ["b", "a_b", "Z", "invoice.paid", "a", "A", "a.b"] {
        world.store.create_event_type(scope, world.new_event_type(name), None).await.unwrap();
    }
    let list = async |page| world.store.event_types(scope.lookup(), false, page).await;
    assert_pages(&all, Order::Ascending, |event_type| event_type.name.clone(), list).await;
}

/// Messages.
pub async fn pages_walk_messages_both_ways(world: World) {
    let tenant = world.tenant().await;
    let neighbour = world.app(tenant.environment).await;
    let mut all = Vec::new();
    for _ in 0..7 {
        let message = world.new_message(&tenant);
        all.insert(0, message.id);
        world.accept(&tenant, message, &[]).await;
        world.accept(&neighbour, world.new_message(&neighbour), &[]).await;
    }
    let list = async |page| world.store.messages(tenant.scope, MessageFilter::default(), page, true).await;
    assert_pages(&all, Order::Descending, |message| message.id, list).await;
}

/// Deliveries, by endpoint and by message.
pub async fn pages_walk_deliveries_both_ways(world: World) {
    let tenant = world.tenant().await;
    let mut endpoints = Vec::new();
    for _ in 0..5 {
        endpoints.insert(0, world.endpoint(&tenant).await);
    }
    let to_all: Vec<_> = endpoints.iter().copied().map(waiting).collect();
    let mut messages = Vec::new();
    for _ in 0..5 {
        let message = world.new_message(&tenant);
        messages.insert(0, message.id);
        world.accept(&tenant, message, &to_all).await;
    }
    let list = async |page| {
        let filter = DeliveryFilter::default();
        world.store.deliveries_by_endpoint(tenant.scope, endpoints[0], filter, page).await
    };
    assert_pages(&messages, Order::Descending, |(delivery, _)| delivery.message, list).await;
    let list = async |page| world.store.deliveries_by_message(tenant.scope, messages[0], page).await;
    assert_pages(&endpoints, Order::Descending, |delivery| delivery.endpoint, list).await;
}

/// Attempts, by endpoint and by message.
pub async fn pages_walk_attempts_both_ways(world: World) {
    let tenant = world.tenant().await;
    let (endpoint, other) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    let message = world.hold(&tenant, endpoint).await;
    let mut all = Vec::new();
    for number in 1..=6 {
        let attempt = world.attempt(message, endpoint, number);
        all.insert(0, attempt.id);
        world.settle(attempt, Then::Waiting { due: world.now() }).await;
        world.claim(endpoint).await;
        let elsewhere = world.hold(&tenant, other).await;
        world.finish(elsewhere, other, 0, Then::Succeeded).await;
    }
    let filter = AttemptFilter::default;
    let list = async |page| world.store.attempts_by_endpoint(tenant.scope, endpoint, filter(), page).await;
    assert_pages(&all, Order::Descending, |attempt| attempt.id, list).await;
    let list = async |page| world.store.attempts_by_message(tenant.scope, message, filter(), page).await;
    assert_pages(&all, Order::Descending, |attempt| attempt.id, list).await;
}

/// A page of large messages ends at [`PAGE_BYTES`], both ways; nothing is left out or told twice.
pub async fn heavy_pages_are_short_and_go_on(world: World) {
    const MESSAGES: usize = 20;
    const MEBIBYTE: usize = 1024 * 1024;
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let mut all = Vec::new();
    for _ in 0..MESSAGES {
        let mut message = world.new_message(&tenant);
        message.payload = Some(Payload { body: vec![b' '; MEBIBYTE].into(), raw: None });
        all.insert(0, message.id);
        world.accept(&tenant, message, &[waiting(endpoint)]).await;
    }
    let messages =
        async |page| world.store.messages(tenant.scope, MessageFilter::default(), page, true).await.unwrap();
    let deliveries = async |page| {
        let filter = DeliveryFilter { with_payload: true, ..DeliveryFilter::default() };
        let listed = world.store.deliveries_by_endpoint(tenant.scope, endpoint, filter, page).await.unwrap();
        let rows = listed.rows.into_iter().map(|(_, message)| message).collect();
        Listed { rows, next: listed.next }
    };
    assert_heavy(&all, messages).await;
    assert_heavy(&all, deliveries).await;

    let light = world.store.messages(tenant.scope, MessageFilter::default(), page(250, None), false).await;
    assert_eq!(light.unwrap().rows.len(), MESSAGES, "without payloads they are light");
}

/// Walks a list of heavy messages from both ends.
async fn assert_heavy(all: &[MessageId], list: impl AsyncFn(Page<MessageId>) -> Listed<Message, MessageId>) {
    let (end, before) = all.split_last().expect("there are some");
    for (from, expected) in [(None, all), (Some(Edge::Before(*end)), before)] {
        let backwards = from.is_some();
        let (mut walked, mut edge) = (Vec::new(), from);
        loop {
            let listed = list(page(250, edge)).await;
            let payloads = listed.rows.iter().filter_map(|message| message.payload.as_ref());
            assert!(payloads.map(|payload| payload.body.len()).sum::<usize>() <= PAGE_BYTES);
            assert!(!listed.rows.is_empty(), "a walk gets on");
            let at = if backwards { 0 } else { walked.len() };
            walked.splice(at..at, listed.rows.iter().map(|message| message.id));
            let Some(next) = listed.next else { break };
            edge = Some(if backwards { Edge::Before(next) } else { Edge::After(next) });
        }
        assert_eq!(walked, expected, "backwards: {backwards}");
    }
}

/// Filters on messages.
pub async fn messages_are_filtered(world: World) {
    let tenant = world.tenant().await;
    let begin = world.now();
    let mut ids = Vec::new();
    for index in 0..6_u8 {
        let mut message = world.new_message(&tenant);
        message.event_type = ["a", "b", "c"][usize::from(index % 3)].into();
        message.channels = if index % 2 == 0 { vec!["eu".into()] } else { vec![] };
        message.tags = if index < 3 { vec!["x".into(), "y".into()] } else { vec![] };
        ids.push(message.id);
        world.accept(&tenant, message, &[]).await;
        world.pass(MINUTE);
    }
    let none = MessageFilter::default;
    let (a, c) = ("a".to_owned(), "c".to_owned());
    let at = |minute: u32| Some(begin.after(minute * MINUTE));
    let cases: [(MessageFilter, &[usize]); 9] = [
        (none(), &[5, 4, 3, 2, 1, 0]),
        (MessageFilter { channel: Some("eu".into()), ..none() }, &[4, 2, 0]),
        (MessageFilter { channel: Some("e".into()), ..none() }, &[]),
        (MessageFilter { tag: Some("y".into()), ..none() }, &[2, 1, 0]),
        (MessageFilter { event_types: vec![a, c], ..none() }, &[5, 3, 2, 0]),
        (MessageFilter { before: at(2), ..none() }, &[1, 0]),
        (MessageFilter { after: at(2), ..none() }, &[5, 4, 3]),
        (MessageFilter { after: at(1), before: at(4), ..none() }, &[3, 2]),
        (MessageFilter { after: at(1), channel: Some("eu".into()), ..none() }, &[4, 2]),
    ];
    for (filter, expected) in cases {
        for limit in [1, 2, 10] {
            let (mut found, mut edge) = (Vec::new(), None);
            loop {
                let page = page(limit, edge);
                let listed = world.store.messages(tenant.scope, filter.clone(), page, false).await.unwrap();
                assert!(listed.rows.iter().all(|message| message.payload.is_none()));
                found.extend(listed.rows.iter().map(|message| message.id));
                let Some(next) = listed.next else { break };
                edge = Some(Edge::After(next));
            }
            let expected: Vec<_> = expected.iter().map(|index| ids[*index]).collect();
            assert_eq!(found, expected, "{filter:?}, {limit} a page");
        }
    }
}

/// Filters on attempts.
pub async fn attempts_are_filtered(world: World) {
    let tenant = world.tenant().await;
    let (a, b) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    let mut message = world.new_message(&tenant);
    message.channels = vec!["eu".into()];
    let id = message.id;
    world.accept(&tenant, message, &[super::world::held(a), super::world::held(b)]).await;
    let begin = world.now();
    let mut attempts = Vec::new();
    for (endpoint, number, status) in [(a, 1, 0), (b, 1, 404), (a, 2, 503), (b, 2, 204)] {
        world.claim(endpoint).await;
        let mut attempt = world.attempt(id, endpoint, number);
        attempt.status_code = status;
        attempt.succeeded = status == 204;
        attempts.push(attempt.id);
        world.settle(attempt, Then::Waiting { due: world.now() }).await;
        world.pass(MINUTE);
    }
    let none = AttemptFilter::default;
    let message = |filter| AttemptFilter { message: filter, ..none() };
    let cases: [(AttemptFilter, &[usize]); 9] = [
        (none(), &[3, 2, 1, 0]),
        (AttemptFilter { succeeded: Some(true), ..none() }, &[3]),
        (AttemptFilter { succeeded: Some(false), ..none() }, &[2, 1, 0]),
        (AttemptFilter { code_class: Some(4), ..none() }, &[1]),
        (AttemptFilter { code_class: Some(0), ..none() }, &[0]),
        (AttemptFilter { endpoint: Some(a), ..none() }, &[2, 0]),
        (message(MessageFilter { channel: Some("eu".into()), ..MessageFilter::default() }), &[3, 2, 1, 0]),
        (message(MessageFilter { channel: Some("us".into()), ..MessageFilter::default() }), &[]),
        (message(MessageFilter { after: Some(begin.after(MINUTE)), ..MessageFilter::default() }), &[3, 2]),
    ];
    for (filter, expected) in cases {
        let found = world.store.attempts_by_message(tenant.scope, id, filter.clone(), whole()).await.unwrap();
        let found: Vec<_> = found.rows.iter().map(|attempt| attempt.id).collect();
        let expected: Vec<_> = expected.iter().map(|index| attempts[*index]).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let by_endpoint = world.store.attempts_by_endpoint(tenant.scope, a, none(), whole()).await.unwrap();
    let found: Vec<_> = by_endpoint.rows.iter().map(|attempt| attempt.id).collect();
    assert_eq!(found, [attempts[2], attempts[0]]);
}

/// One delivery in each state, in the order of the states.
async fn one_of_each(world: &World, tenant: &Tenant) -> (EndpointId, Vec<MessageId>) {
    let endpoint = world.endpoint(tenant).await;
    let mut ids = Vec::new();
    for state in State::ALL {
        let message = world.new_message(tenant);
        let id = message.id;
        match state {
            State::Waiting => world.accept(tenant, message, &[waiting(endpoint)]).await,
            State::Parked => {
                world.accept(tenant, message, &[super::world::ordered(endpoint, 7)]).await;
                ids.push(id);
                continue;
            }
            State::Held => world.accept(tenant, message, &[super::world::ordered(endpoint, 7)]).await,
            _ => world.accept(tenant, message, &[super::world::held(endpoint)]).await,
        };
        match state {
            State::Succeeded => drop(world.finish(id, endpoint, 0, Then::Succeeded).await),
            State::Failed => drop(world.finish(id, endpoint, 0, Then::Failed).await),
            State::Canceled => {
                world.store.skip(tenant.scope, id, endpoint, world.now()).await.unwrap();
            }
            State::Waiting | State::Held | State::Parked => {}
        }
        ids.push(id);
    }
    (endpoint, ids)
}

/// Filters on deliveries, and their counts.
pub async fn deliveries_are_filtered_and_counted(world: World) {
    let tenant = world.tenant().await;
    let begin = world.now();
    let (endpoint, ids) = one_of_each(&world, &tenant).await;
    for (state, id) in State::ALL.into_iter().zip(&ids) {
        let filter = DeliveryFilter { states: vec![state], ..DeliveryFilter::default() };
        let listed =
            world.store.deliveries_by_endpoint(tenant.scope, endpoint, filter, whole()).await.unwrap();
        let found: Vec<_> =
            listed.rows.iter().map(|(delivery, message)| (delivery.state, message.id)).collect();
        assert_eq!(found, [(state, *id)]);
        assert!(listed.rows[0].1.payload.is_none());
    }
    let filter = DeliveryFilter {
        states: vec![State::Failed, State::Waiting],
        with_payload: true,
        ..DeliveryFilter::default()
    };
    let listed = world.store.deliveries_by_endpoint(tenant.scope, endpoint, filter, whole()).await.unwrap();
    assert!(listed.rows.iter().all(|(_, message)| message.payload.is_some()));
    assert_eq!(listed.rows.len(), 2);

    world.pass(MINUTE);
    world.queue(&tenant, endpoint).await;
    let stats = async |since, until| world.store.stats(tenant.scope, endpoint, since, until).await.unwrap();
    let each = DeliveryStats { succeeded: 1, pending: 2, sending: 1, failed: 1, canceled: 1 };
    assert_eq!(stats(begin, world.now()).await, each, "to before the end");
    assert_eq!(stats(begin, world.now().after(MINUTE)).await, DeliveryStats { pending: 3, ..each });
    let late = stats(world.now(), world.now().after(MINUTE)).await;
    assert_eq!(late, DeliveryStats { pending: 1, ..DeliveryStats::default() });
}

/// More than one page may look at.
pub async fn a_filter_that_matches_nothing_still_gets_to_the_end(world: World) {
    let tenant = world.tenant().await;
    let scarce = world.new_message(&tenant);
    let id = scarce.id;
    world.accept(&tenant, Message { tags: vec!["x".into()], ..scarce }, &[]).await;
    let accepts = (0..25_000).map(|_| {
        let acceptance = world.acceptance(world.new_message(&tenant), &[]);
        world.store.accept(tenant.scope, acceptance)
    });
    // Together, so that they share their commits.
    let mut pending: Vec<_> = accepts.collect();
    std::future::poll_fn(|context| {
        pending.retain_mut(|accept| match accept.as_mut().poll(context) {
            std::task::Poll::Ready(outcome) => {
                outcome.unwrap();
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    let filter = MessageFilter { tag: Some("x".into()), ..MessageFilter::default() };
    let (mut found, mut edge, mut pages) = (Vec::new(), None, 0);
    loop {
        let listed = world.store.messages(tenant.scope, filter.clone(), page(5, edge), false).await.unwrap();
        found.extend(listed.rows.iter().map(|message| message.id));
        pages += 1;
        let Some(next) = listed.next else { break };
        edge = Some(Edge::After(next));
        assert!(pages < 1_000, "it comes to no end");
    }
    assert_eq!(found, [id]);
    assert!(pages > 1, "a page does not look at everything");
}

/// Recorded answers.
pub async fn content_is_left_out_and_expunged(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    let attempt = world.attempt(message, endpoint, 1);
    world.settle(attempt.clone(), Then::Succeeded).await;
    let list = async |with_content| {
        let filter = AttemptFilter { with_content, ..AttemptFilter::default() };
        let listed = world.store.attempts_by_message(tenant.scope, message, filter, whole()).await.unwrap();
        (listed.rows[0].response.clone(), listed.rows[0].response_headers.clone())
    };
    assert_eq!(list(true).await, (attempt.response, attempt.response_headers));
    assert_eq!(list(false).await, (None, bytes::Bytes::new()));
    assert!(world.store.expunge_attempt(tenant.scope, message, attempt.id).await.unwrap());
    assert_eq!(list(true).await, (None, bytes::Bytes::new()));

    assert!(world.store.expunge_message(tenant.scope, message, world.now()).await.unwrap());
    let empty = world.store.message(tenant.scope, &Ref::Id(message), true).await.unwrap().unwrap();
    assert_eq!(empty.payload, None);
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Succeeded, "what is finished stays so");
}

/// Where a new process goes on.
pub async fn the_last_row_is_the_highest(world: World) {
    let last = async || world.store.last_row(world.system()).await.unwrap();
    assert_eq!(last().await, 0);
    let tenant = world.tenant().await;
    assert_eq!(last().await, tenant.app.id.row());
    let endpoint = world.endpoint(&tenant).await;
    assert_eq!(last().await, endpoint.row());
    let message = world.hold(&tenant, endpoint).await;
    assert_eq!(last().await, message.row());
    let attempt = world.attempt(message, endpoint, 1);
    let id = attempt.id;
    world.settle(attempt, Then::Succeeded).await;
    assert_eq!(last().await, id.row());
}
