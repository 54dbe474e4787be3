//! The page of a bin.

use serde_json::json;

use super::look;
use crate::support::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bin_follows_what_comes_and_is_fit_to_look_at() {
    let server = Server::builder().open_bins().start().await;
    look("bin", server.address, &json!(null)).await;
}
