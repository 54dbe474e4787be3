//! From a provider to two receivers, through a filter, an outage of one of them and a kill of the server. The provider
//! signs and the receivers verify with the provider's own library (`tests/clients/journey.mjs`).

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{SECRET, Source};
use crate::support::{Binary, Client, KEY, await_until, free_port, tool};

/// Events that are sent, of which three in four are wanted.
const EVENTS: u64 = 1_200;
/// Acknowledged events after which the server is killed.
const KILL_AT: u64 = 400;
/// How long one receiver is down: a minute where time is of no matter.
const OUTAGE: Duration = Duration::from_secs(6);
const OUTAGE_IN_CI: Duration = Duration::from_secs(60);
/// An endpoint that was down for a minute is tried again within the next one, and then gets everything.
const RECOVERS_WITHIN: Duration = Duration::from_secs(120);

/// The provider and the receivers.
struct World {
    child: Child,
    control: Client,
    up: String,
    down: String,
}

impl World {
    async fn start() -> Option<Self> {
        let modules = tool("node/node_modules/@octokit/webhooks-methods")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/journey.mjs");
        let down = free_port();
        let mut child = Command::new("node")
            // A script from stdin finds its packages from the working directory.
            .arg("--input-type=module")
            .current_dir(modules.ancestors().nth(3).unwrap())
            .env("WEBHOOK_SECRET", SECRET)
            .env("DOWN_PORT", down.to_string())
            .stdin(File::open(script).unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let first = tokio::task::spawn_blocking(move || stdout.lines().next());
        let first = first.await.unwrap().expect("the script says where it listens").unwrap();
        let (control, up) = first.split_once(' ').unwrap();
        Some(Self {
            child,
            control: Client::of(control.parse().unwrap()),
            up: format!("http://127.0.0.1:{up}/"),
            down: format!("http://127.0.0.1:{down}/"),
        })
    }

    async fn books(&self) -> Value {
        self.control.get("/books").await.must(200)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Which events arrived at a receiver, and how many of them more than once.
fn arrived(books: &Value, receiver: &str) -> (Vec<u64>, usize) {
    let counts = books[receiver].as_object().unwrap();
    let mut numbers: Vec<u64> = counts.keys().map(|number| number.parse().unwrap()).collect();
    numbers.sort_unstable();
    (numbers, counts.values().filter(|count| **count != json!(1)).count())
}

#[tokio::test]
async fn all_of_it_arrives_through_an_outage_and_a_kill() {
    let Some(world) = World::start().await else { return };
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let opens = Instant::now() + if in_ci { OUTAGE_IN_CI } else { OUTAGE };
    let mut server = Binary::serve().await;
    let (address, client) = (server.address, server.client());
    let source = Source::new(&client, "github", json!({"secret": SECRET})).await;
    for url in [&world.up, &world.down] {
        let schedule: Vec<u64> = std::iter::once(0).chain([2; 60]).collect();
        let endpoint = json!({"url": url, "filterTypes": ["push"], "retrySchedule": schedule});
        source.endpoint(&client, endpoint).await;
    }

    let whole = format!("http://{address}{}", source.address);
    world.control.post("/provide", json!({"address": whole, "count": EVENTS})).await.must(200);
    await_until("some events to be acknowledged", async || {
        (world.books().await["acknowledged"].as_u64() >= Some(KILL_AT)).then_some(())
    })
    .await;
    let data = server.kill();
    let arguments = ["serve", "--set", "egress.allow=127.0.0.0/8"];
    server = Binary::spawn(&arguments, &[("POSTRIDER_BOOTSTRAP_KEY", KEY)], data, address);
    server.ready().await;
    await_until("all events to be acknowledged", async || {
        (world.books().await["acknowledged"] == EVENTS).then_some(())
    })
    .await;
    assert_eq!(world.books().await["down"], json!({}), "it is down");
    sleep_until(opens).await;
    world.control.post("/open", json!({})).await.must(200);

    let wanted: Vec<u64> = (0..EVENTS).filter(|number| number % 4 != 3).collect();
    let all = async {
        loop {
            let books = world.books().await;
            if ["up", "down"].iter().all(|receiver| arrived(&books, receiver).0.len() >= wanted.len()) {
                return books;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let books = timeout(RECOVERS_WITHIN, all).await.expect("all wanted events at both receivers");
    assert_eq!((&books["unverified"], &books["refused"]), (&json!(0), &json!(0)));
    for receiver in ["up", "down"] {
        let (numbers, repeated) = arrived(&books, receiver);
        assert_eq!(numbers, wanted, "what the filter wants, at `{receiver}`");
        // Under way when the server was killed: the provider has four senders.
        assert!(repeated <= 64, "{repeated} came more than once at `{receiver}`");
    }
}
