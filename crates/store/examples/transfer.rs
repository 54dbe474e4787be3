//! How many rows a second are moved from SQLite to PostgreSQL, and compared.
//!
//! `cargo run --release -p postrider-store --example transfer -- DIR URL`
//!
//! The directory is one that the example `throughput` has filled; it is marked as moved, and the mark taken away again.
//! In the database a schema is made and left behind.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postrider_core::rng::SystemRng;
use postrider_core::time::{Clock as _, SystemClock};
use postrider_store::seal::{Sealer, load_or_create};
use postrider_store::transfer::{Engine, Phase, Place, Progress, transfer, undo};
use postrider_store::{postgres, sqlite};

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().expect("a directory"));
    let url = args.next().expect("the URL of a database");
    let key = load_or_create(&dir.join("key"), &SystemRng::new()).expect("a key");
    let sealer = Arc::new(Sealer::new(&key, Arc::new(SystemRng::new())));
    let from = Place {
        name: dir.display().to_string(),
        engine: Engine::Sqlite(sqlite::Options::new(&dir, Arc::clone(&sealer))),
    };
    let schema = format!("transfer_{}", SystemClock::default().now().as_seconds());
    let options = postgres::Options { schema, ..postgres::Options::new(url, sealer) };
    let to = Place { name: "the database".to_owned(), engine: Engine::Postgres(options) };

    let began = Instant::now();
    let compared_from = Mutex::new(None);
    let watch = |progress: Progress| {
        if progress.phase == Phase::Compare {
            compared_from.lock().expect("nobody panics").get_or_insert(began.elapsed());
        }
    };
    let report = transfer(&from, &to, &watch).await.expect("it is moved");
    let (all, copying) = (began.elapsed(), compared_from.into_inner().expect("nobody panics"));
    let copying = copying.expect("it was compared");
    for compared in report.kinds {
        println!("{:>20} {:>12}", compared.kind.to_string(), compared.to.rows);
    }
    let speed = |time: Duration| report.copied as f64 / time.as_secs_f64();
    println!("{} rows copied in {copying:.1?}: {:.0} a second", report.copied, speed(copying));
    let comparing = all.saturating_sub(copying);
    println!("compared in {comparing:.1?}: {:.0} a second; {all:.1?} in all", speed(comparing));
    undo(&from).await.expect("it was moved");
}
