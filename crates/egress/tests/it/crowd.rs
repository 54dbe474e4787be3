//! Many requests to one host: how many connections it gets, who waits, and who comes next.

use std::{sync::Arc, time::Duration};

use postrider_egress::{Client, Exchange, Failure, Limits, Phase, Request, Target};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{Semaphore, mpsc},
};

use crate::support::{
    OK, PATIENT, Receiver, SHORT, Tripwire, answer, limited, notice, only_good, read_request, request, send,
};

fn at_most(per_host: usize) -> Client {
    limited(Limits { per_host, ..Limits::default() })
}

async fn send_for(client: &Client, partition: u64, target: &Target, deadline: Duration) -> Exchange {
    client.send(Request { partition, ..request(target, deadline) }).await
}

/// Tells of every request, and answers it when it is let to.
struct Gate {
    receiver: Receiver,
    let_through: Arc<Semaphore>,
    requests: mpsc::UnboundedReceiver<String>,
}

impl Gate {
    async fn start() -> Self {
        let let_through = Arc::new(Semaphore::new(0));
        let (tell, requests) = mpsc::unbounded_channel();
        let gate = Arc::clone(&let_through);
        let receiver = Receiver::start(move |stream, _| answer_all(stream, Arc::clone(&gate), tell.clone()));
        Self { receiver: receiver.await, let_through, requests }
    }

    fn open_for(&self, answers: usize) {
        self.let_through.add_permits(answers);
    }

    fn target(&self, host: &str, path: &str) -> Target {
        Target::parse(&format!("http://{host}:{}/{path}", self.receiver.port), &only_good()).unwrap()
    }

    /// The path of the next request to arrive.
    async fn next_path(&mut self) -> String {
        let request = self.requests.recv().await.unwrap();
        request.split(' ').nth(1).unwrap().to_owned()
    }
}

async fn answer_all(mut stream: TcpStream, gate: Arc<Semaphore>, tell: mpsc::UnboundedSender<String>) {
    while let Some(request) = read_request(&mut stream).await {
        let _ = tell.send(request);
        gate.acquire().await.unwrap().forget();
        if stream.write_all(OK.as_bytes()).await.is_err() {
            break;
        }
    }
}

#[tokio::test]
async fn a_host_gets_so_many_connections_and_the_others_wait_for_them() {
    let mut gate = Gate::start().await;
    let client = at_most(2);
    let target = gate.target("receiver.example", "");
    let all = async {
        let exchanges = tokio::join!(
            send(&client, &target, PATIENT),
            send(&client, &target, PATIENT),
            send(&client, &target, PATIENT),
            send(&client, &target, PATIENT),
            send(&client, &target, PATIENT),
        );
        <[Exchange; 5]>::from(exchanges)
    };
    let watch = async {
        gate.next_path().await;
        gate.next_path().await;
        notice().await;
        assert!(gate.requests.try_recv().is_err());
        gate.open_for(5);
    };
    let (exchanges, ()) = tokio::join!(all, watch);
    let reused = exchanges.iter().filter(|exchange| exchange.reused).count();
    assert_eq!((gate.receiver.accepted(), reused), (2, 3));
    for exchange in exchanges {
        // Waiting counts as connecting.
        assert!(!exchange.timings.connect.is_zero(), "{exchange:?}");
        assert_eq!(answer(exchange).status, 200);
    }
}

#[tokio::test]
async fn first_come_first_served_over_all_partitions() {
    let mut gate = Gate::start().await;
    let client = at_most(1);
    let paths = ["/a", "/b", "/c", "/d"];
    let targets = paths.map(|path| gate.target("receiver.example", &path[1..]));
    let all = async {
        tokio::join!(
            biased;
            send_for(&client, 1, &targets[0], PATIENT),
            send_for(&client, 2, &targets[1], PATIENT),
            send_for(&client, 1, &targets[2], PATIENT),
            send_for(&client, 1, &targets[3], PATIENT),
        )
    };
    let watch = async {
        for path in paths {
            assert_eq!(gate.next_path().await, path);
            notice().await;
            assert!(gate.requests.try_recv().is_err());
            gate.open_for(1);
        }
    };
    let (exchanges, ()) = tokio::join!(all, watch);
    let exchanges = <[Exchange; 4]>::from(exchanges);
    // A connection never goes to another partition: its place does.
    assert_eq!(exchanges.each_ref().map(|exchange| exchange.reused), [false, false, false, true]);
    assert!(exchanges.into_iter().all(|exchange| answer(exchange).status == 200));
    assert_eq!(gate.receiver.accepted(), 3);
}

#[tokio::test]
async fn idle_connections_of_others_make_room() {
    let receiver = Receiver::answering(OK).await;
    let client = at_most(2);
    let target = receiver.target(&only_good());
    for partition in 1..=5 {
        assert_eq!(answer(send_for(&client, partition, &target, PATIENT).await).status, 200);
    }
    // The latest two are still there.
    receiver.until_open(2).await;
    for partition in [4, 5] {
        assert!(send_for(&client, partition, &target, PATIENT).await.reused);
    }
    assert_eq!(receiver.accepted(), 5);
}

/// One that is too old to be used is closed, and its place taken.
#[tokio::test]
async fn connections_past_their_time_make_room() {
    let receiver = Receiver::answering(OK).await;
    let client = limited(Limits { per_host: 1, max_age: Duration::ZERO, ..Limits::default() });
    for _ in 0..3 {
        let exchange = send(&client, &receiver.target(&only_good()), PATIENT).await;
        assert!(!exchange.reused);
        assert_eq!(answer(exchange).status, 200);
    }
    receiver.until_open(1).await;
}

#[tokio::test]
async fn waiting_ends_at_the_deadline_and_loses_no_place() {
    let mut gate = Gate::start().await;
    let client = at_most(1);
    let target = gate.target("receiver.example", "");
    let watch = async {
        gate.next_path().await;
        let exchange = send(&client, &target, SHORT).await;
        assert!(exchange.timings.connect >= SHORT && exchange.remote.is_none(), "{exchange:?}");
        let failure = exchange.result.unwrap_err();
        assert!(matches!(failure, Failure::Timeout { phase: Phase::Queue }), "{failure:?}");
        assert_eq!(gate.receiver.accepted(), 1);
        gate.open_for(2);
    };
    let (first, ()) = tokio::join!(send(&client, &target, PATIENT), watch);
    assert_eq!(answer(first).status, 200);
    assert_eq!(answer(send(&client, &target, PATIENT).await).status, 200);
    assert_eq!(gate.receiver.accepted(), 1);
}

#[tokio::test]
async fn whoever_fails_leaves_the_place_to_the_next() {
    // Nobody answers at this port: every try fails, and none may wait for the places of those before it.
    let port = Tripwire::at(crate::support::GOOD, 0).port();
    let target = Target::parse(&format!("http://127.0.0.1:{port}/"), &only_good()).unwrap();
    let client = at_most(1);
    for _ in 0..3 {
        let failure = send(&client, &target, PATIENT).await.result.unwrap_err();
        assert!(matches!(failure, Failure::Connect(_)), "{failure:?}");
    }

    // The same for those who run out of time, while others wait.
    let mut gate = Gate::start().await;
    let target = gate.target("receiver.example", "");
    let watch = async {
        gate.next_path().await;
        gate.next_path().await;
        gate.open_for(2);
    };
    let (first, second, ()) =
        tokio::join!(biased; send(&client, &target, SHORT), send(&client, &target, PATIENT), watch);
    assert!(matches!(first.result, Err(Failure::Timeout { phase: Phase::Answer })), "{first:?}");
    assert_eq!(answer(second).status, 200);
}

#[tokio::test]
async fn a_full_host_is_no_other_hosts_trouble() {
    let mut gate = Gate::start().await;
    let client = at_most(1);
    let (full, other) = (gate.target("full.example", "full"), gate.target("other.example", "other"));
    let watch = async {
        // Both arrive before either is answered.
        gate.next_path().await;
        gate.next_path().await;
        gate.open_for(2);
    };
    let both = async { tokio::join!(biased; send(&client, &full, PATIENT), send(&client, &other, PATIENT)) };
    let ((full, other), ()) = tokio::join!(both, watch);
    assert!(!other.reused && gate.receiver.accepted() == 2);
    assert_eq!((answer(full).status, answer(other).status), (200, 200));
}
