//! A PostgreSQL database as one end of a [move](crate::transfer), without becoming one of its nodes.
//!
//! What differs from the canonical columns is written in [`write`]; when rows are read, held deliveries are waiting,
//! since nobody holds anything now, and an attempt whose message is gone with its day is left out, as everywhere.
//!
//! Two moves into the same schema would get in each other's way: each holds an advisory lock as long as its connection
//! lives. Nodes are not locked out but refused by the mark, which each looks for when it has entered; and whoever sets
//! a mark looks for nodes afterwards. So of two that come at the same moment at least one sees the other.

use async_trait::async_trait;
use tokio::sync::{Mutex, mpsc};

use super::address;
use super::connection::Connection;
use super::durability;
use super::migrate::{self, meta_bytes};
use super::open::{self, OpenError, Options, SEAL_CHECK};
use super::partitions::Partitions;
use super::pool::{Door, Pools};
use crate::Error;
use crate::failure::corrupt;
use crate::transfer::Unserved;
use crate::transfer::kind::Kind;
use crate::transfer::layout::Layout;
use crate::transfer::mark::{self, Mark, State};
use crate::transfer::side::{Scan, Side};
use crate::transfer::value::Batch;

mod read;
mod write;

/// Connections that read: one for what is copied, one for what is compared.
const READERS: usize = 2;
/// Leases without a sign of life after which a node is taken for gone.
const LEASES: i64 = 2;

const fn layout(kind: Kind) -> &'static Layout {
    static ENVIRONMENT: Layout = Layout::plain("environment t", &["row"]);
    static KEY: Layout = Layout::plain("api_key t", &["row"]);
    static APP: Layout = Layout::plain("app t", &["row"]);
    static EVENT_TYPE: Layout = Layout::plain("event_type t", &["row"]);
    static ENDPOINT: Layout = Layout::plain("endpoint t", &["row"]);
    static MESSAGE: Layout = Layout::plain("message t", &["row"]);
    static EVENT_ID: Layout = Layout {
        condition: "EXISTS (SELECT 1 FROM message m WHERE m.app_row = t.app_row AND m.row = t.row)",
        ..Layout::plain("message_event_id t", &["app_row", "event_id"])
    };
    static DELIVERY: Layout = Layout {
        condition: "EXISTS (SELECT 1 FROM message m WHERE m.app_row = t.app_row AND m.row = t.message_row)",
        computed: &[("state", "CASE t.state WHEN 1 THEN 0 ELSE t.state END::smallint")],
        ..Layout::plain("delivery t", &["app_row", "message_row", "endpoint_row"])
    };
    static ATTEMPT: Layout = Layout {
        condition: "EXISTS (SELECT 1 FROM message m WHERE m.app_row = t.app_row AND m.row = t.message_row)
             AND EXISTS (SELECT 1 FROM endpoint e WHERE e.app_row = t.app_row AND e.row = t.endpoint_row)",
        ..Layout::plain("attempt t", &["row"])
    };
    // Those that may still be found.
    static ANSWER: Layout = Layout {
        condition: "t.bucket > (SELECT max(bucket) FROM idempotency) - 4",
        ..Layout::plain("idempotency t", &["key"])
    };
    static TASK: Layout = Layout::plain("task t", &["row"]);
    static SOURCE: Layout = Layout::plain("source t", &["row"]);
    static TOKEN: Layout = Layout::plain("source_token t", &["hash"]);
    static RECEPTION: Layout = Layout::plain("reception t", &["app_row", "row"]);
    static REFUSAL: Layout = Layout::plain("refusal t", &["source_row", "row"]);
    static GROUP: Layout = Layout::plain("listen_group t", &["environment_row", "key"]);
    static GROUP_CLAIM: Layout = Layout::plain("listen_claim t", &["environment_row", "key", "message_row"]);
    static PORTAL_SESSION: Layout = Layout::plain("portal_session t", &["row"]);
    static AUDIT: Layout = Layout::plain("audit t", &["row"]);
    static PERSON: Layout = Layout::plain("person t", &["row"]);
    static PERSON_SESSION: Layout = Layout::plain("person_session t", &["row"]);
    static PERSON_LINK: Layout = Layout::plain("person_link t", &["hash"]);
    static SAVED_SEARCH: Layout = Layout::plain("saved_search t", &["row"]);
    static ROLLUP: Layout =
        Layout::plain("rollup t", &["owner_row", "bucket", "width", "endpoint_row", "event_type", "shard"]);
    static ISSUE: Layout = Layout::plain("issue t", &["app_row", "row"]);
    static ISSUE_COUNT: Layout =
        Layout::plain("issue_count t", &["app_row", "endpoint_row", "fingerprint", "hour", "shard"]);
    match kind {
        Kind::Environment => &ENVIRONMENT,
        Kind::Key => &KEY,
        Kind::App => &APP,
        Kind::EventType => &EVENT_TYPE,
        Kind::Endpoint => &ENDPOINT,
        Kind::Message => &MESSAGE,
        Kind::EventId => &EVENT_ID,
        Kind::Delivery => &DELIVERY,
        Kind::Attempt => &ATTEMPT,
        Kind::Answer => &ANSWER,
        Kind::Task => &TASK,
        Kind::Source => &SOURCE,
        Kind::Token => &TOKEN,
        Kind::Reception => &RECEPTION,
        Kind::Refusal => &REFUSAL,
        Kind::Group => &GROUP,
        Kind::GroupClaim => &GROUP_CLAIM,
        Kind::PortalSession => &PORTAL_SESSION,
        Kind::Audit => &AUDIT,
        Kind::Person => &PERSON,
        Kind::PersonSession => &PERSON_SESSION,
        Kind::PersonLink => &PERSON_LINK,
        Kind::SavedSearch => &SAVED_SEARCH,
        Kind::Rollup => &ROLLUP,
        Kind::Issue => &ISSUE,
        Kind::IssueCount => &ISSUE_COUNT,
    }
}

/// A schema that is open for a move.
pub(crate) struct Schema {
    pools: Pools,
    conn: Mutex<Connection>,
    partitions: Partitions,
}

/// Opens the schema for a move. `None` where there is none and none is to be made.
pub(crate) async fn open_to_move(options: &Options, make: bool) -> Result<Option<Schema>, OpenError> {
    open::check_name(&options.schema)?;
    let address = address::parse(&options.url)?;
    let door = Door {
        tls: address.tls,
        password_file: options.password_file.clone(),
        schema: options.schema.clone(),
    };
    let pools = Pools::new(&address.config, &door, 1, READERS);
    let conn = pools.first().await.map_err(OpenError::Connect)?;
    // A move takes its time.
    conn.batch("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0").await?;
    durability::check(&conn).await?;
    if !make && !conn.exists("SELECT 1 WHERE to_regclass('meta') IS NOT NULL", &[]).await? {
        return Ok(None);
    }
    migrate::migrate(&conn, &options.schema).await?;
    let locked = conn.exists(
        "-- transfer::open_to_move
         SELECT 1 WHERE pg_try_advisory_lock(hashtextextended('postrider.transfer.' || current_schema(), 0))",
        &[],
    );
    if !locked.await? {
        return Err(OpenError::Moving);
    }
    open::prove_key(&conn, &options.sealer).await?;
    let (conn, partitions) = (Mutex::new(conn), Partitions::default());
    Ok(Some(Schema { pools, conn, partitions }))
}

/// Refuses a database that takes part in a move.
pub(super) async fn refuse_moved(conn: &Connection) -> Result<(), OpenError> {
    let mark = read_mark(conn).await?;
    mark.map_or(Ok(()), |mark| Err(OpenError::Unserved(Unserved::from(mark))))
}

async fn read_mark(conn: &Connection) -> Result<Option<Mark>, Error> {
    if !conn.exists("SELECT 1 FROM meta WHERE name = $1", &[&mark::NAME]).await? {
        return Ok(None);
    }
    let mark = Mark::read(&meta_bytes(conn, mark::NAME).await?);
    mark.map(Some).map_err(|error| corrupt("meta", "bytes", 0, &error))
}

async fn write_mark(conn: &Connection, mark: Option<&Mark>) -> Result<(), Error> {
    const SET: &str = "-- transfer::write_mark
         INSERT INTO meta (name, bytes) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes";
    match mark {
        Some(mark) => conn.run(SET, &[&mark::NAME, &mark.text().as_bytes()]).await?,
        None => conn.run("DELETE FROM meta WHERE name = $1", &[&mark::NAME]).await?,
    };
    Ok(())
}

#[async_trait]
impl Side for Schema {
    async fn state(&self) -> Result<State, Error> {
        let conn = self.conn.lock().await;
        let check = meta_bytes(&conn, SEAL_CHECK.column).await?;
        let row = conn.row("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM node_holder_seq", &[]);
        let row = row.await?.expect("a sequence has one row");
        Ok(State::of(&check, row.try_get(0)?))
    }

    async fn users(&self) -> Result<Option<String>, Error> {
        let conn = self.conn.lock().await;
        let nodes = conn
            .rows(
                "-- transfer::users
                 SELECT name FROM node
                  WHERE NOT fenced AND seen_at > clock_timestamp() - make_interval(secs => $1 * lease_ms / 1000.0)
                  ORDER BY name",
                &[&LEASES],
            )
            .await?;
        let names = nodes.iter().map(|node| Ok(format!("the node {}", node.try_get::<_, &str>(0)?)));
        let names: Vec<_> = names.collect::<Result<_, tokio_postgres::Error>>()?;
        Ok((!names.is_empty()).then(|| names.join(" and ")))
    }

    async fn mark(&self) -> Result<Option<Mark>, Error> {
        read_mark(&*self.conn.lock().await).await
    }

    async fn set_mark(&self, mark: Option<Mark>) -> Result<(), Error> {
        write_mark(&*self.conn.lock().await, mark.as_ref()).await
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        let conn = self.conn.lock().await;
        for kind in Kind::ALL {
            if conn.exists(&format!("SELECT 1 FROM {} LIMIT 1", kind.table().name), &[]).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn count(&self, kind: Kind) -> Result<u64, Error> {
        let conn = self.pools.reader().await?;
        conn.batch(read::WHOLE).await?;
        let row = conn.row(&layout(kind).count(kind), &[]).await?.expect("an aggregate gives one row");
        Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
    }

    fn key(&self, kind: Kind) -> &'static [&'static str] {
        layout(kind).key
    }

    async fn read(&self, kind: Kind, scan: Scan, to: mpsc::Sender<Batch>) -> Result<(), Error> {
        read::all(&self.pools.reader().await?, kind, layout(kind), scan, &to).await
    }

    async fn write(&self, batch: Batch, mark: Mark) -> Result<(), Error> {
        let conn = self.conn.lock().await;
        write::partitions(&conn, &self.partitions, &batch).await?;
        write::in_transaction(&conn, "SET LOCAL synchronous_commit = off", &mark, write::rows(&conn, &batch))
            .await
    }

    async fn clear(&self, mark: Mark) -> Result<(), Error> {
        let conn = self.conn.lock().await;
        let tables = Kind::ALL.map(|kind| kind.table().name).join(", ");
        let truncate = format!("TRUNCATE {tables}");
        write::in_transaction(&conn, "", &mark, async { Ok(conn.batch(&truncate).await?) }).await
    }

    /// The planner knows nothing of what was written.
    async fn finish(&self) -> Result<(), Error> {
        let tables = Kind::ALL.map(|kind| kind.table().name).join(", ");
        Ok(self.conn.lock().await.batch(&format!("ANALYZE {tables}")).await?)
    }
}
