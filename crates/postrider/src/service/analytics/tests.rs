use postrider_core::rollup::Counter;

use super::*;
use crate::context::fixture::Fixture;

const DAY: i64 = 24 * 3_600;

#[test]
fn a_span_ends_now_and_begins_before_it_ends() {
    let at = Timestamp::from_seconds;
    let now = at(10 * DAY);
    for (since, until, expected) in [
        (None, None, Some((9 * DAY, 10 * DAY))),
        (Some(3 * DAY), None, Some((3 * DAY, 10 * DAY))),
        (None, Some(4 * DAY), Some((3 * DAY, 4 * DAY))),
        (Some(3 * DAY), Some(11 * DAY), Some((3 * DAY, 10 * DAY))),
        (Some(3 * DAY), Some(3 * DAY), None),
        (Some(11 * DAY), None, None),
    ] {
        let query = Query { since: since.map(at), until: until.map(at), ..Query::default() };
        let found = times(&query, now).ok();
        assert_eq!(found, expected.map(|(since, until)| (at(since), at(until))), "{since:?} {until:?}");
    }
}

async fn own(fixture: &Fixture) -> Identity {
    let app =
        fixture.context.store.app_by_id(SystemScope::assume(), fixture.endpoint.app).await.unwrap().unwrap();
    Identity::app_key(app.environment, app.id)
}

#[tokio::test]
async fn messages_show_in_every_form() {
    let fixture = Fixture::new().await;
    let (own, name) = (own(&fixture).await, fixture.publish().await.event_type.clone());
    // The bucket in which it was accepted has begun.
    fixture.clock.advance_micros(1);
    let environment = match own.reach() {
        Reach::App(environment, _) => Identity::environment_key(environment),
        Reach::Environment(_) | Reach::Instance => unreachable!("it is that of an application"),
    };
    // The buckets are those of the time at which the message was accepted.
    let ask = async |identity, by| {
        let query =
            Query { by, since: Some(fixture.context.now().before(SPAN)), until: None, ..Query::default() };
        report(&fixture.context, identity, &query).await.unwrap()
    };
    for identity in [own, environment] {
        let all = ask(identity, By::None).await;
        assert_eq!((all.total.get(Counter::Messages), all.lines[0].points.len()), (1, 1));
        assert!(all.times().any(|at| at == all.lines[0].points[0].0));
        let by_type = ask(identity, By::EventType).await;
        assert_eq!((by_type.lines[0].key, &by_type.lines[0].name), (Key::EventType, &name));
        assert!(
            csv(&by_type).contains(&format!(",eventType,,{name},1,0,0,0,0,0,0,,,,,")),
            "{}",
            csv(&by_type)
        );
        assert_eq!(ask(identity, By::Outcome).await.lines, [], "there was no attempt");
    }
    let by_app = ask(environment, By::App).await;
    assert_eq!(by_app.lines[0].key, Key::App(fixture.endpoint.app));
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_by_name() {
    let fixture = Fixture::new().await;
    let own = own(&fixture).await;
    let since = Some(fixture.context.now().before(SPAN * 300));
    let fine = Query { since, resolution: Some(Resolution::FiveMinutes), ..Query::default() };
    let refused = report(&fixture.context, own, &fine).await;
    assert!(
        matches!(refused, Err(Error::Invalid(ref fields)) if fields.0[0].at == ["resolution"]),
        "{refused:?}"
    );
    let nowhere = Query { app: Some(Ref::Uid("nobody".into())), ..Query::default() };
    let refused = report(&fixture.context, own, &nowhere).await;
    assert!(matches!(refused, Err(Error::Access(access::Error::Missing(_)))), "{refused:?}");
}
