//! What callers are answered while the database is slow, takes no connections, or is away.

use std::time::Duration;

use super::fault::Fault;
use super::server::Postgres;
use super::world::World;
use crate::support::alone;

/// The longest that a caller waits for an answer, whichever it is: a few waits for a connection or a round trip.
const ANSWER_MAX: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_told_to_come_back_in_time_and_are_served_again() {
    let Some(server) = Postgres::start().await else { return };
    let _alone = alone().await;
    let mut world = World::start(vec![server], 2, 1).await;
    // Each round ends when everything that was acknowledged has arrived. It fails where an answer is neither 202, nor
    // 429 or 503 with `retry-after`.
    for (fault, is_refused) in [(Fault::Full, true), (Fault::Slow, false), (Fault::Restart, true)] {
        let round = world.round(fault).await;
        println!("{fault}: {:?}", round.answers);
        assert!(round.answers.slowest <= ANSWER_MAX, "{fault}: {:?}", round.answers);
        assert!(round.answers.accepted > 0, "{fault}: {:?}", round.answers);
        assert!(!is_refused || round.answers.refused > 0, "{fault}: {:?}", round.answers);
        assert_eq!((round.repeated, round.started), (0, 0), "{fault}");
    }
    world.finish().await;
}
