//! `relay`: accepts, signs and sends like a webhook sender, and stores nothing.

use clap::Parser;
use postrider_bench::{
    relay,
    signature::Secret,
    target::{Loopback, Target},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The limit that webhook senders are compared with: the same work without a store.
#[derive(Parser)]
struct Args {
    /// Where to take messages, on any path
    #[arg(long, default_value = "127.0.0.1:8077")]
    listen: Loopback,
    /// Where to deliver them
    #[arg(long, default_value = "http://127.0.0.1:9099/hook")]
    deliver: Target,
    /// Secret to sign with
    #[arg(long, default_value = "whsec_cG9zdHJpZGVyLWJlbmNoLXNlY3JldC0wMDAwMQ==")]
    secret: Secret,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let listener = args.listen.listen().await?;
    eprintln!("relay: from {} to {}", listener.local_addr()?, args.deliver);
    match relay::serve(listener, args.deliver, args.secret).await {}
}
