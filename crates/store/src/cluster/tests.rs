//! What a node is told, however late it listens, and what it owns by its own clock.

use postrider_core::id::{AppId, EnvironmentId};

use super::*;

fn set(parts: impl IntoIterator<Item = u16>) -> Partitions {
    parts.into_iter().collect()
}

fn endpoint_in(part: u16) -> EndpointId {
    let row = (0..i64::MAX).find(|row| lane_partition(*row) == part).unwrap();
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&row.to_be_bytes());
    EndpointId::from_bytes(bytes)
}

/// All that waits to be read.
fn read(notices: &mut Notices) -> Vec<Notice> {
    let mut read = Vec::new();
    while let Some(notice) = futures_util::FutureExt::now_or_never(notices.recv()).flatten() {
        read.push(notice);
    }
    read
}

fn node() -> (Arc<Cluster>, Notices) {
    let cluster = Cluster::shared(1);
    cluster.renew(Instant::now() + Duration::from_secs(3_600));
    let notices = cluster.notices().unwrap();
    assert!(cluster.notices().is_none(), "they are taken once");
    (cluster, notices)
}

#[test]
fn one_that_is_alone_owns_everything() {
    let cluster = Cluster::alone();
    assert!(!cluster.is_shared() && cluster.in_lease() && cluster.owns(endpoint_in(5)));
    assert!(cluster.notices().is_none());
    assert_eq!(cluster.view().owned, LANE_PARTITIONS);
}

#[test]
fn what_is_leaving_is_not_worked_with_any_more() {
    let (cluster, mut notices) = node();
    cluster.gain(&set([1, 70]));
    assert!(cluster.owns(endpoint_in(1)) && cluster.owns(endpoint_in(70)) && !cluster.owns(endpoint_in(2)));
    assert_eq!(read(&mut notices), [Notice::Gained(set([1, 70]))]);
    assert_eq!(cluster.leave(&set([2, 70])), set([70]), "the other one is not its own");
    assert!(cluster.owns(endpoint_in(1)) && !cluster.owns(endpoint_in(70)));
    assert_eq!(read(&mut notices), [Notice::Leaving(set([70]))]);
    assert_eq!(cluster.leave(&set([70])), Partitions::NONE, "it is leaving already");
    assert_eq!(read(&mut notices), []);
    assert_eq!((cluster.view().owned, cluster.view().leaving), (2, 1));
    cluster.gave_up(&set([70]));
    assert_eq!(cluster.parts(), (set([1]), Partitions::NONE));
    cluster.gain(&set([70]));
    assert!(cluster.owns(endpoint_in(70)));
}

#[test]
fn a_lease_that_ran_out_takes_everything_and_gives_it_back() {
    let cluster = Cluster::shared(1);
    let mut notices = cluster.notices().unwrap();
    cluster.renew(Instant::now() + Duration::from_millis(20));
    cluster.gain(&set([1, 2]));
    cluster.leave(&set([2]));
    while cluster.in_lease() {
        std::thread::yield_now();
    }
    assert!(!cluster.owns(endpoint_in(1)), "nobody had to say so");
    cluster.lapse();
    assert_eq!(read(&mut notices), [Notice::Lost(set([1, 2]))]);
    cluster.lapse();
    assert_eq!(read(&mut notices), [], "it is said once");
    cluster.renew(Instant::now() + Duration::from_secs(3_600));
    assert_eq!(read(&mut notices), [Notice::Leaving(set([2])), Notice::Gained(set([1]))]);
    assert!(cluster.owns(endpoint_in(1)));
}

#[test]
fn a_lease_that_ran_out_unnoticed_is_told_all_the_same() {
    let cluster = Cluster::shared(1);
    let mut notices = cluster.notices().unwrap();
    cluster.renew(Instant::now() + Duration::from_millis(5));
    cluster.gain(&set([9]));
    while cluster.in_lease() {
        std::thread::yield_now();
    }
    cluster.renew(Instant::now() + Duration::from_secs(3_600));
    assert_eq!(read(&mut notices), [Notice::Lost(set([9])), Notice::Gained(set([9]))]);
}

#[test]
fn one_that_is_out_never_comes_back() {
    let (cluster, mut notices) = node();
    cluster.gain(&set([3]));
    cluster.out();
    assert!(!cluster.in_lease() && !cluster.owns(endpoint_in(3)));
    assert_eq!(read(&mut notices), [Notice::Lost(set([3]))]);
}

#[test]
fn unread_notices_are_merged_into_what_is_true_now() {
    let (cluster, mut notices) = node();
    cluster.gain(&set([1, 2, 3]));
    cluster.leave(&set([2]));
    assert_eq!(read(&mut notices), [Notice::Leaving(set([2])), Notice::Gained(set([1, 3]))]);
    cluster.gave_up(&set([2]));
    cluster.leave(&set([3]));
    cluster.out();
    assert_eq!(read(&mut notices), [Notice::Lost(set([1, 3]))]);
}

#[test]
fn hints_beyond_measure_become_one_that_means_all() {
    let (cluster, mut notices) = node();
    let app = AppId::from_bytes([1; 20]);
    let hint = Due { app, endpoint: endpoint_in(1), manual: true };
    cluster.tell(Notice::Waiting(vec![hint, Due { manual: false, ..hint }]));
    cluster.tell(Notice::Changed(Changed::Keys));
    cluster.tell(Notice::Changed(Changed::Keys));
    assert_eq!(read(&mut notices), [Notice::Changed(Changed::Keys), Notice::Waiting(vec![hint])]);
    for row in 0..10_000_i64 {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&row.to_be_bytes());
        cluster.tell(Notice::Waiting(vec![Due {
            app,
            endpoint: EndpointId::from_bytes(bytes),
            manual: false,
        }]));
        cluster.tell(Notice::Changed(Changed::Environment(EnvironmentId::from_bytes(bytes))));
    }
    let all = read(&mut notices);
    assert_eq!(all[..2], [Notice::Changed(Changed::Everything), Notice::Look]);
    assert!(matches!(&all[2..], [] | [Notice::Waiting(_)]), "{}", all.len());
}

#[tokio::test]
async fn a_reader_is_woken_and_told_of_the_end() {
    let (cluster, mut notices) = node();
    let reader = tokio::spawn(async move { (notices.recv().await, notices.recv().await) });
    tokio::task::yield_now().await;
    cluster.tell(Notice::Look);
    tokio::task::yield_now().await;
    cluster.close();
    assert_eq!(reader.await.unwrap(), (Some(Notice::Look), None));
}
