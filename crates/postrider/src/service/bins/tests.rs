//! The ceilings, who reads, links, and what is made of requests.

use std::sync::Arc;

use bytes::Bytes;
use postrider_core::id::EnvironmentId;
use postrider_core::rng::TestRng;
use postrider_core::scope::{EnvironmentScope, SystemScope};
use postrider_core::time::TestClock;
use postrider_egress::Policy;

use super::*;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);
const BODY: usize = 64 * 1024;

struct Fixture {
    bins: Bins,
    clock: Arc<TestClock>,
}

fn fixture(mode: Mode) -> Fixture {
    with_bins(mode, 10)
}

fn with_bins(mode: Mode, bins: usize) -> Fixture {
    let clock = Arc::new(TestClock::at(START));
    let settings = Settings { mode, bins, requests: 5, bytes: 1024 * 1024, ..Settings::default() };
    let client = Arc::new(Client::new(Policy::strict()));
    let bins = Bins::new(settings, clock.clone(), Arc::new(TestRng::seed(1)), client);
    Fixture { bins, clock }
}

fn scope(number: u8) -> EnvironmentScope {
    SystemScope::assume().environment(EnvironmentId::from_bytes([number; 20]))
}

fn arrived(body: impl Into<Bytes>) -> Arrived {
    let body = body.into();
    Arrived {
        method: "POST".into(),
        path: "/bin/a/b?c=d".into(),
        headers: vec![("content-type".into(), Bytes::from_static(b"application/json"))],
        body_bytes: body.len(),
        body,
        ended: Ended::Whole,
        took: Duration::from_millis(3),
        remote: None,
    }
}

impl Fixture {
    fn send(&self, name: &str, body: impl Into<Bytes>) -> Option<String> {
        self.bins.keep(name, arrived(body), None).map(|planned| planned.to_string())
    }

    fn bodies(&self, name: &str) -> Vec<String> {
        let requests = self.bins.overview(name).requests;
        requests.iter().map(|kept| String::from_utf8_lossy(&kept.arrived.body).into_owned()).collect()
    }
}

#[test]
fn the_oldest_go_at_each_ceiling() {
    let many = fixture(Mode::Open);
    for number in 0..7 {
        many.send("a", number.to_string());
    }
    assert_eq!(many.bodies("a"), ["6", "5", "4", "3", "2"]);
    assert_eq!(many.bins.overview("a").caps.gone, 2);

    let wide = fixture(Mode::Open);
    for number in 0..11 {
        wide.send(&number.to_string(), "x");
    }
    assert!(wide.bodies("0").is_empty() && !wide.bodies("1").is_empty(), "the one longest unused goes");

    let heavy = fixture(Mode::Open);
    for number in 0..40 {
        heavy.send(&(number % 10).to_string(), vec![0; BODY]);
    }
    let bytes = heavy.bins.overview("9").caps.bytes;
    assert!(bytes <= 1024 * 1024 && bytes > 1024 * 1024 - 2 * BODY, "{bytes}");
}

#[test]
fn a_flood_makes_room_for_itself() {
    let fixture = fixture(Mode::Open);
    fixture.send("quiet", "first");
    let body = vec![0; 300 * 1024];
    for _ in 0..20 {
        fixture.send("loud", body.clone());
    }
    assert_eq!(fixture.bodies("quiet"), ["first"], "however old it is");
    assert_eq!(fixture.bodies("loud").len(), 3);
    fixture.send("new", vec![0; 400 * 1024]);
    assert_eq!((fixture.bodies("new").len(), fixture.bodies("loud").len()), (1, 2));
    fixture.send("new", vec![0; 1000 * 1024]);
    assert_eq!((fixture.bodies("new").len(), fixture.bodies("loud").len()), (1, 0), "what just came stays");
    assert_eq!(fixture.bodies("quiet"), ["first"]);
}

#[test]
fn what_is_taken_away_is_given_back_to_the_last_byte() {
    let fixture = fixture(Mode::Open);
    for name in ["a", "b"] {
        fixture.send(name, "one");
        fixture.send(name, "two");
    }
    assert!(fixture.bins.set_script("a", lines::read("500", Then::Repeat, false).unwrap()));
    let number = fixture.bins.overview("a").requests[0].number;
    fixture.bins.note("a", number, "  kept  ");
    assert_eq!(fixture.bins.overview("a").notes[&number], "kept");
    fixture.bins.delete("a", number);
    assert!(fixture.bins.overview("a").notes.is_empty() && fixture.bodies("a") == ["one"]);
    fixture.bins.clear("a");
    fixture.bins.clear("b");
    assert!(fixture.bins.set_script("a", Script::default()));
    assert_eq!(fixture.bins.overview("a").caps.bytes, 0);
}

#[test]
fn what_is_too_old_goes() {
    let open = fixture(Mode::Open);
    open.send("a", "old");
    open.clock.set(START.after(Duration::from_secs(6 * 24 * 3600)));
    open.send("a", "new");
    open.clock.set(START.after(Duration::from_secs(7 * 24 * 3600)));
    assert_eq!(open.bodies("a"), ["new"]);
    let keyed = fixture(Mode::Keyed);
    let name = keyed.bins.create(scope(1)).unwrap().name;
    keyed.send(&name, "x");
    keyed.clock.set(START.after(Duration::from_secs(7 * 24 * 3600)));
    assert!(!keyed.bins.takes(&name), "a bin made with a key ends with its age");
    assert_eq!(keyed.bins.overview(&name).caps.bytes, 0);
}

#[test]
fn who_may_send_may_not_read() {
    let Fixture { bins, .. } = fixture(Mode::Keyed);
    assert!(!bins.takes("any") && bins.keep("any", arrived(""), None).is_none());
    let made = bins.create(scope(1)).unwrap();
    assert!(bins.takes(&made.name) && made.name.len() >= 22, "128 random bits");
    for (key, entry) in [
        (None, Entry::Locked),
        (Some(""), Entry::Locked),
        (Some(made.name.as_str()), Entry::Locked),
        (Some(made.view_key.as_str()), Entry::Granted),
    ] {
        assert_eq!(bins.entry(&made.name, key), entry, "{key:?}");
    }
    assert_eq!(bins.entry("other", Some(&made.view_key)), Entry::Missing);
    assert_eq!((bins.list(scope(1)).len(), bins.list(scope(2)).len()), (1, 0));
    assert!(!bins.remove(scope(2), &made.name), "not theirs");
    assert!(bins.remove(scope(1), &made.name) && !bins.takes(&made.name));
    for number in 1..=5 {
        bins.create(scope(number)).unwrap();
        let last = bins.create(scope(number)).unwrap();
        assert!(bins.create(scope(number)).is_err(), "a quarter of the bins is enough for one environment");
        assert!(bins.remove(scope(number), &last.name) && bins.create(scope(number)).is_ok());
    }
    assert!(bins.create(scope(6)).is_err(), "bins that somebody owns do not make room");
}

#[test]
fn where_bins_are_open_any_name_is_one_but_that_of_links() {
    let Fixture { bins, .. } = fixture(Mode::Open);
    let long = "x".repeat(65);
    for (name, expected) in
        [("a", true), ("A-_9", true), (SHARED, false), ("", false), ("a.b", false), (&long, false)]
    {
        assert_eq!(bins.takes(name), expected, "{name}");
        assert_eq!(bins.entry(name, None) == Entry::Granted, expected, "{name}");
    }
    let Fixture { bins, .. } = fixture(Mode::Off);
    assert!(!bins.takes("a") && bins.entry("a", None) == Entry::Missing);
}

#[test]
fn a_link_ends_by_its_time_or_by_hand() {
    let Fixture { bins, clock } = fixture(Mode::Open);
    let hour = Duration::from_secs(3600);
    let share = bins.share("a", hour).unwrap();
    assert_eq!(bins.shared(&share.token), Some(("a".to_owned(), START.after(hour))));
    assert_eq!(bins.shared("nonsense"), None);
    clock.set(START.after(hour));
    assert_eq!(bins.shared(&share.token), None, "at its end it is over");
    let other = bins.share("a", hour).unwrap();
    bins.unshare("b", &other.token);
    assert!(bins.shared(&other.token).is_some(), "another bin's");
    bins.unshare("a", &other.token);
    assert_eq!(bins.shared(&other.token), None);
    assert_eq!(bins.share("a", LIFETIME_MAX + hour), Err(ShareError::Lifetime));
    let made: Vec<_> = (0..21).map(|_| bins.share("a", hour)).collect();
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 20);
}

#[test]
fn a_form_is_of_its_bin() {
    let Fixture { bins, .. } = fixture(Mode::Open);
    let token = bins.form_token("a");
    assert!(bins.is_form_token("a", &token) && !bins.is_form_token("b", &token));
    assert!(!bins.is_form_token("a", "") && !bins.is_form_token("a", "%"));
}

#[test]
fn a_script_goes_on_with_each_request_and_exceptions_take_no_step() {
    let fixture = fixture(Mode::Open);
    assert!(fixture.bins.set_script("a", lines::read("500\n200", Then::Repeat, false).unwrap()));
    let exception = Exception::read("/status/418", "");
    assert_eq!(fixture.send("a", "").as_deref(), Some("500"));
    let planned = fixture.bins.keep("a", arrived(""), exception).unwrap();
    assert_eq!(planned.to_string(), "418");
    assert_eq!(fixture.send("a", "").as_deref(), Some("200"));
    assert_eq!(fixture.send("b", "").as_deref(), Some("200"), "another bin");
}

#[test]
fn what_came_after_a_number_is_found_again() {
    let fixture = fixture(Mode::Open);
    for number in 0..4 {
        fixture.send("a", number.to_string());
    }
    let numbers: Vec<_> = fixture.bins.overview("a").requests.iter().rev().map(|kept| kept.number).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    let (newer, oldest) = fixture.bins.after("a", numbers[1], 10);
    assert_eq!(newer.iter().map(|kept| kept.number).collect::<Vec<_>>(), numbers[2..]);
    assert_eq!(oldest, Some(numbers[0]));
    assert_eq!(fixture.bins.after("a", 0, 2).0.len(), 2);
    assert_eq!(fixture.bins.after("none", 0, 2).0.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_held_back_are_counted_and_end() {
    let Fixture { bins, .. } = with_bins(Mode::Open, 100);
    let hold = async |name: &str, delay| {
        let _ = bins.keep(name, arrived(""), None);
        bins.hold(name, delay).await
    };
    assert_eq!(hold("a", Some(Duration::from_secs(2))).await, Hold::Over);
    let holding = |number: usize| {
        let (bins, name) = (bins.clone(), (number / held::HELD_EACH).to_string());
        let _ = bins.keep(&name, arrived(""), None);
        tokio::spawn(async move { bins.hold(&name, None).await })
    };
    let free = |places: usize| {
        let bins = bins.clone();
        async move {
            while bins.0.held.available_permits() > places {
                tokio::task::yield_now().await;
            }
        }
    };
    let mut late: Vec<_> = (0..held::HELD_EACH).map(holding).collect();
    free(held::HELD - held::HELD_EACH).await;
    assert_eq!(hold("0", None).await, Hold::Crowded, "one bin does not take all places");
    assert_eq!(hold("1", Some(Duration::from_secs(2))).await, Hold::Over);
    late.extend((held::HELD_EACH..held::HELD).map(holding));
    free(0).await;
    assert_eq!(hold("other", None).await, Hold::Crowded);
    assert_eq!(hold("other", Some(Duration::ZERO)).await, Hold::Over, "what is not held takes no place");
    bins.close();
    for held in late {
        assert_eq!(held.await.unwrap(), Hold::Closing);
    }
}

#[test]
fn replays_have_a_pace() {
    let Fixture { bins, clock } = fixture(Mode::Open);
    let taken = |name: &str| (0..200).filter(|_| bins.take_replay(name).is_ok()).count();
    assert_eq!(taken("a"), replay::EACH);
    assert_eq!((0..10).map(|number| taken(&format!("b{number}"))).sum::<usize>(), replay::ALL - replay::EACH);
    clock.set(START.after(replay::WITHIN));
    assert_eq!(taken("a"), replay::EACH);
}

fn kept(body: impl Into<Bytes>) -> Kept {
    Kept::new(7, START, arrived(body), "503 after 2s".into())
}

#[test]
fn curl_sends_the_same_bytes() {
    let text = curl::command(&kept("it's {}"), "http://127.0.0.1:1");
    assert_eq!(
        text,
        "curl -sS --globoff -X 'POST' 'http://127.0.0.1:1/bin/a/b?c=d' \\\n  -H 'content-type: application/json' \\\n  \
         --data-raw 'it'\\''s {}'"
    );
    for (body, base64) in [(vec![0, 255], "AP8="), (vec![27], "Gw==")] {
        let binary = curl::command(&kept(body), "http://127.0.0.1:1");
        assert!(binary.starts_with(&format!("printf %s '{base64}' | base64 -d | curl ")), "{binary}");
        assert!(binary.ends_with("--data-binary @-"), "{binary}");
    }
}

#[test]
fn an_archive_has_the_fields_of_its_format() {
    let mut cut = kept(vec![0, 255]);
    cut.arrived.body_bytes = 10;
    let all = vec![Arc::new(kept("{}")), Arc::new(cut)];
    let archive: String = har::archive(all, "http://127.0.0.1:1".to_owned()).collect();
    let archive: serde_json::Value = serde_json::from_str(&archive).unwrap();
    assert_eq!(archive["log"]["version"], "1.2");
    let entries = archive["log"]["entries"].as_array().unwrap();
    let (binary, text) = (&entries[0], &entries[1]);
    for field in ["startedDateTime", "time", "request", "response", "cache", "timings"] {
        assert!(!text[field].is_null(), "{field}");
    }
    assert_eq!(
        text["request"]["postData"],
        serde_json::json!({"mimeType": "application/json", "text": "{}"})
    );
    assert_eq!(text["request"]["queryString"], serde_json::json!([{"name": "c", "value": "d"}]));
    assert_eq!(text["response"]["status"], 503);
    assert_eq!(binary["request"]["postData"]["text"], "AP8=");
    assert_eq!(binary["request"]["postData"]["comment"], "the first 2 of 10 bytes");
}

#[test]
fn a_comparison_shows_what_differs_and_nothing_else() {
    use crate::service::difference::{Line, Side};
    let sides = |lines: &[Line]| {
        lines.iter().filter(|line| line.side != Side::Both).map(|line| line.text.clone()).collect::<Vec<_>>()
    };
    let (first, mut second) = (kept(r#"{"b":1,"a":2}"#), kept(r#"{ "a": 2, "b": 1 }"#));
    let equal = compare::compare(&first, &second);
    assert!(equal.target.is_empty() && equal.headers.is_empty() && equal.body.is_empty(), "{equal:?}");
    second.arrived.headers.push(("x-a".into(), "1".into()));
    second.arrived.body = Bytes::from_static(br#"{"a":3,"b":1}"#);
    let comparison = compare::compare(&first, &second);
    assert_eq!(sides(&comparison.headers), ["x-a: 1"]);
    assert_eq!(sides(&comparison.body), ["  \"a\": 2,", "  \"a\": 3,"]);
}
