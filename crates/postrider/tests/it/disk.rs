//! The disk is nearly full, full, or broken: nothing new is taken on, nothing that was acknowledged is lost, and the
//! server recovers by itself where anybody could.
//!
//! What is nearly full is a real file system in memory, filled by the test. What is full or broken is a real disk behind
//! a library that is preloaded into the server ([`shim`]).

mod shim;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Answer, Binary, Client, Gate, KEY, Receiver, Reply, alone, await_until, new_app, new_endpoint, publish,
    skip,
};
use shim::{Disk, Fault};

/// How long after space has returned everything works again.
const RECOVERY: Duration = Duration::from_secs(10);

/// A receiver that answers when its gate is open, and an application that delivers there.
struct Gated {
    receiver: Receiver,
    gate: Gate,
    app: String,
}

impl Gated {
    async fn of(client: &Client) -> Self {
        let (receiver, gate) = (Receiver::start().await, Gate::shut());
        receiver.script("/hook", [Answer::status(200).when(&gate)]);
        let app = new_app(client, "disk").await;
        new_endpoint(client, &app, &receiver.url("/hook"), json!({"retrySchedule": [0, 1, 1, 1, 1]})).await;
        Self { receiver, gate, app }
    }

    async fn try_publish(&self, client: &Client) -> Reply {
        client.post(&format!("{}/msg", self.app), json!({"eventType": "t", "payload": {}})).await
    }

    async fn publish(&self, client: &Client, count: usize) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for _ in 0..count {
            ids.insert(publish(client, &self.app, json!({"eventType": "t", "payload": {}})).await);
        }
        ids
    }

    /// Waits until all of these have arrived.
    async fn arrived(&self, ids: &BTreeSet<String>) {
        let all_came = |requests: &[crate::support::Received]| {
            let came: BTreeSet<_> = requests.iter().map(|request| request.header("webhook-id")).collect();
            ids.iter().all(|id| came.contains(id.as_str()))
        };
        self.receiver.wait_until("all that was acknowledged", all_came).await;
    }

    /// Waits until every one of these has a successful attempt on record.
    async fn recorded(&self, client: &Client, ids: &BTreeSet<String>) {
        for id in ids {
            let path = format!("{}/attempt/msg/{id}?status=0", self.app);
            await_until("a success on record", async || {
                let page = client.get(&path).await.must(200);
                (page["data"].as_array().unwrap().len() == 1).then_some(())
            })
            .await;
        }
    }
}

#[track_caller]
fn assert_refused(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{reply}");
    assert!(
        reply.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0),
        "{:?}",
        reply.headers
    );
    assert_ne!(reply.json()["detail"], Value::Null);
}

/// Publishes until that ends with `status`; notes what is acknowledged on the way.
async fn until_publish_says(
    gated: &Gated,
    client: &Client,
    status: u16,
    acknowledged: &mut BTreeSet<String>,
) -> Reply {
    await_until(&format!("publishing to end with {status}"), async || {
        let reply = gated.try_publish(client).await;
        if reply.status == 202 {
            acknowledged.insert(reply.json()["id"].as_str().unwrap().to_owned());
        }
        (reply.status == status).then_some(reply)
    })
    .await
}

async fn ready_status(client: &Client) -> u16 {
    client.get("/readyz").await.status
}

/// Free bytes of the file system of `path`.
fn available(path: &Path) -> u64 {
    let stat = rustix::fs::statvfs(path).unwrap();
    stat.f_bavail * stat.f_frsize
}

#[tokio::test]
async fn nearly_full_refuses_messages_and_delivers_what_it_has() {
    const FILLING: u64 = 24 << 20;
    // Others keep their data there too, and what is free must be as it was measured.
    let _alone = alone().await;
    let memory = Path::new("/dev/shm");
    if !memory.is_dir() || available(memory) < 4 * FILLING {
        return skip("/dev/shm is missing or too small");
    }
    let data = Arc::new(tempfile::tempdir_in(memory).unwrap());
    // Room for the ballast and some messages; the filling is more than what is left then.
    let min_free = format!("store.min_free={}KiB", (available(memory) - FILLING / 2) / 1024);
    let arguments = ["serve", "--set", "egress.allow=127.0.0.0/8", "--set", &min_free];
    let server = Binary::start(&arguments, &[("POSTRIDER_BOOTSTRAP_KEY", KEY)], data).await;
    let client = server.client();
    let gated = Gated::of(&client).await;
    let mut acknowledged = gated.publish(&client, 20).await;

    let filling = tempfile::NamedTempFile::new_in(memory).unwrap();
    std::fs::write(filling.path(), vec![1; FILLING as usize]).unwrap();
    let refused = until_publish_says(&gated, &client, 507, &mut acknowledged).await;
    assert_refused(&refused, 507);
    assert_eq!(ready_status(&client).await, 503);
    assert_eq!(client.get("/livez").await.status, 200, "a restart would not help");

    gated.gate.open();
    gated.arrived(&acknowledged).await;
    gated.recorded(&client, &acknowledged).await;
    assert_refused(&gated.try_publish(&client).await, 507);

    drop(filling);
    let freed = Instant::now();
    until_publish_says(&gated, &client, 202, &mut acknowledged).await;
    assert!(freed.elapsed() < RECOVERY, "{:?}", freed.elapsed());
    assert_eq!(ready_status(&client).await, 200);
    gated.arrived(&acknowledged).await;
    assert_eq!(gated.receiver.at("/hook").len(), acknowledged.len(), "nothing came twice");
}

#[tokio::test]
async fn full_to_the_last_byte_loses_nothing_acknowledged() {
    let Some(disk) = Disk::new() else { return };
    let server = disk.serve().await;
    let client = server.client();
    let gated = Gated::of(&client).await;
    let mut acknowledged = gated.publish(&client, 20).await;

    disk.fail(Fault::Full);
    assert_refused(&gated.try_publish(&client).await, 507);
    // They arrive; that they did cannot be written down yet.
    gated.gate.open();
    gated.arrived(&acknowledged).await;
    assert_refused(&gated.try_publish(&client).await, 507);
    assert_eq!(client.get(&format!("{}/msg", gated.app)).await.status, 200, "what is there can be read");

    disk.mend(Fault::Full);
    let freed = Instant::now();
    until_publish_says(&gated, &client, 202, &mut acknowledged).await;
    assert!(freed.elapsed() < RECOVERY, "{:?}", freed.elapsed());
    gated.arrived(&acknowledged).await;
    gated.recorded(&client, &acknowledged).await;
    assert_eq!(ready_status(&client).await, 200);
    assert_eq!(
        gated.receiver.at("/hook").len(),
        acknowledged.len(),
        "outcomes were kept until they could be written"
    );
}

/// The kernel reports a failed sync once, and the next one succeeds although the data is gone. So nothing is believed
/// after the first failure.
#[tokio::test]
async fn failed_sync_ends_all_acknowledgement_until_a_restart() {
    let Some(disk) = Disk::new() else { return };
    let server = disk.serve().await;
    let client = server.client();
    let gated = Gated::of(&client).await;
    let acknowledged = gated.publish(&client, 20).await;

    disk.fail(Fault::Sync);
    assert_refused(&gated.try_publish(&client).await, 503);
    disk.mend(Fault::Sync);
    for _ in 0..10 {
        assert_refused(&gated.try_publish(&client).await, 503);
    }
    assert_eq!(
        (ready_status(&client).await, client.get("/livez").await.status),
        (503, 503),
        "only a restart helps"
    );

    drop(server.kill());
    gated.gate.open();
    let server = disk.serve().await;
    let client = server.client();
    gated.arrived(&acknowledged).await;
    gated.recorded(&client, &acknowledged).await;
    assert_eq!(gated.try_publish(&client).await.status, 202);
    let file = disk.data.path().join("postrider.db");
    let mut server = server;
    server.terminate();
    server.ended(Duration::from_secs(30)).await;
    let database = rusqlite::Connection::open(file).unwrap();
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}
