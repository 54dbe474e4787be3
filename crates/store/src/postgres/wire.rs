//! What nodes tell each other without being asked: notifications, sent and received on one connection of their own.
//!
//! All of them are hints that make something happen sooner, and none is needed: deliveries are looked for, changes read
//! and the nodes seen again and again anyway. So a node whose wire is cut goes on without it, and nothing waits for one.
//! They are gathered for a few milliseconds and sent together, never inside a transaction that writes: the server takes
//! a lock for all notifying transactions at their commits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, Error as PgError};

use super::connection::Params;
use super::fault::sentence;
use super::pool::Door;
use crate::cluster::Due;
use crate::partition::{Partitions, lane_partition, owner};
use outgoing::Outgoing;
use words::{CHANGED, LOOK, MEMBERS, name, understand};

pub(super) use words::Heard;

mod outgoing;
mod words;

/// How long hints are gathered before they are sent.
const GATHER: Duration = Duration::from_millis(5);
/// How long the server may take for anything here.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Pauses between attempts to connect.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
const SEND: &str = "-- wire::send
     SELECT pg_notify(told.channel, told.text) FROM unnest($1::text[], $2::text[]) AS told (channel, text)";

/// One node's end of the wire.
pub(super) struct Wire {
    me: i64,
    /// The channel of all nodes. Channels belong to the database, so this one carries the schema in its name.
    channel: String,
    outgoing: Mutex<Outgoing>,
    filled: Notify,
    /// Nodes that own partitions, to know whom a lane belongs to.
    owners: Mutex<Arc<[i64]>>,
}

impl Wire {
    pub(super) fn new(me: i64, schema: &str) -> Self {
        // FNV-1a. A collision would only bring hints that mean nothing.
        let digest = schema.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        let channel = format!("postrider_{digest:016x}");
        let owners = Mutex::new(Arc::from([]));
        Self { me, channel, outgoing: Mutex::default(), filled: Notify::new(), owners }
    }

    /// Those who own partitions, this node among them if it does.
    pub(super) fn set_owners(&self, owners: &[i64]) {
        *self.owners.lock() = Arc::from(owners);
    }

    /// Tells whoever owns the endpoint that something is due there.
    pub(super) fn waiting(&self, due: Due) {
        self.add(|outgoing| outgoing.waiting(due));
    }

    /// The same where nothing but the endpoint is known.
    pub(super) fn look_at(&self, endpoint_row: i64) {
        self.add(|outgoing| outgoing.parts.insert(lane_partition(endpoint_row)));
    }

    /// Tells everybody that deliveries were put back.
    pub(super) fn look(&self) {
        self.add(|outgoing| outgoing.parts = Partitions::ALL);
    }

    /// Tells everybody that something was changed.
    pub(super) fn changed(&self) {
        self.add(|outgoing| outgoing.changed = true);
    }

    /// Tells everybody to look at the nodes and their partitions.
    pub(super) fn members(&self) {
        self.add(|outgoing| outgoing.members = true);
    }

    fn add(&self, change: impl FnOnce(&mut Outgoing)) {
        change(&mut self.outgoing.lock());
        self.filled.notify_one();
    }

    fn channel_of(&self, holder: i64) -> String {
        format!("{}_{holder}", self.channel)
    }

    /// The channel of all nodes and the words that tell them of one that leaves, for who has no time for the wire.
    pub(super) fn farewell(&self) -> (&str, &'static str) {
        (&self.channel, MEMBERS)
    }

    /// Keeps a connection to `config` and calls `hear` with what comes, until dropped. `hear` must be quick.
    pub(super) async fn run(
        self: Arc<Self>,
        door: Door,
        config: Config,
        hear: impl Fn(Heard) + Clone + Send + 'static,
        set_up: impl Fn(bool),
    ) {
        let mut pause = RETRY_MIN;
        loop {
            match timeout(ANSWER_MAX, self.connect(&door, &config, hear.clone())).await {
                Ok(Ok(client)) => {
                    pause = RETRY_MIN;
                    set_up(true);
                    hear(Heard::Up);
                    self.send_until_it_breaks(&client).await;
                    set_up(false);
                }
                Ok(Err(error)) => {
                    tracing::debug!(error = %sentence(&error), "failed to listen to other nodes");
                }
                Err(_) => tracing::debug!("failed to listen to other nodes: no answer"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    async fn connect(
        &self,
        door: &Door,
        config: &Config,
        hear: impl Fn(Heard) + Send + 'static,
    ) -> Result<Client, PgError> {
        let mut config = config.clone();
        // Nothing is sent for long times here: without these a dead peer would never be noticed.
        config.keepalives_idle(Duration::from_secs(5)).keepalives_interval(Duration::from_secs(2));
        config.keepalives_retries(3);
        let own = self.channel_of(self.me);
        let listen = format!("LISTEN \"{}\"; LISTEN \"{own}\"", self.channel);
        let client = door.listen(config, move |told| hear(understand(told.payload()))).await?;
        client.batch_execute(&listen).await?;
        Ok(client)
    }

    async fn send_until_it_breaks(&self, client: &Client) {
        // A look now and then notices that the connection has ended while there was nothing to send.
        const CHECK: Duration = Duration::from_millis(250);
        while !client.is_closed() {
            if timeout(CHECK, self.filled.notified()).await.is_err() {
                continue;
            }
            sleep(GATHER).await;
            let (channels, texts) = self.letters();
            if channels.is_empty() {
                continue;
            }
            let params: Params<'_> = &[&channels, &texts];
            match timeout(ANSWER_MAX, client.execute(SEND, params)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    return tracing::debug!(error = %sentence(&error), "failed to tell other nodes");
                }
                Err(_) => return,
            }
        }
    }

    /// What is to be sent now: channels and texts.
    fn letters(&self) -> (Vec<String>, Vec<String>) {
        let mut outgoing = std::mem::take(&mut *self.outgoing.lock());
        let owners = Arc::clone(&self.owners.lock());
        let mut letters: Vec<(String, String)> = Vec::new();
        for (is_told, word) in [
            (outgoing.changed, CHANGED),
            (outgoing.members, MEMBERS),
            (outgoing.parts == Partitions::ALL, LOOK),
        ] {
            if is_told {
                letters.push((self.channel.clone(), word.to_owned()));
            }
        }
        if outgoing.parts != Partitions::ALL {
            let looking = owners.iter().filter(|holder| {
                **holder != self.me
                    && outgoing.parts.iter().any(|part| owner(part, &owners) == Some(**holder))
            });
            letters.extend(looking.map(|holder| (self.channel_of(*holder), LOOK.to_owned())));
        }
        let mut by_owner: HashMap<i64, Vec<Due>> = HashMap::new();
        for due in outgoing.waiting.take() {
            match owner(lane_partition(due.endpoint.row()), &owners) {
                Some(holder) if holder != self.me => by_owner.entry(holder).or_default().push(due),
                _ => {}
            }
        }
        for (holder, lanes) in by_owner {
            let channel = self.channel_of(holder);
            letters.extend(name(&lanes).into_iter().map(|text| (channel.clone(), text)));
        }
        letters.into_iter().unzip()
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::{AppId, EndpointId};

    use super::*;

    fn lanes(count: u8) -> Vec<Due> {
        let lane = |byte| Due {
            app: AppId::from_bytes([byte; 20]),
            endpoint: EndpointId::from_bytes([byte; 20]),
            manual: false,
        };
        (0..count).map(lane).collect()
    }

    #[test]
    fn hints_go_to_whoever_owns_the_lane() {
        let wire = Wire::new(1, "schema");
        wire.set_owners(&[1, 2, 3]);
        for due in lanes(100) {
            wire.waiting(due);
        }
        let (channels, texts) = wire.letters();
        assert_eq!(channels.len(), 2);
        for (channel, text) in channels.iter().zip(&texts) {
            let Heard::Waiting(lanes) = understand(text) else { panic!("{text}") };
            for due in lanes {
                let owner = owner(lane_partition(due.endpoint.row()), &[1, 2, 3]).unwrap();
                assert_eq!(*channel, wire.channel_of(owner));
                assert_ne!(owner, 1, "nobody writes to itself");
            }
        }
        assert_eq!(wire.letters(), (vec![], vec![]), "they are sent once");
        wire.look_at(5);
        wire.changed();
        let (channels, texts) = wire.letters();
        assert_eq!((channels[0].as_str(), texts[0].as_str()), (wire.channel.as_str(), CHANGED));
        assert!(texts[1..].iter().all(|text| text == LOOK), "{texts:?}");
        assert_ne!(Wire::new(1, "other").channel, wire.channel);
    }
}
