//! The live view: batches, resuming, and its end.

use serde_json::{Value, json};

use super::open;
use crate::support::{PATIENCE, Raw, Server};

/// A live view of the bin `a`, read line by line.
struct Live {
    raw: Raw,
    text: String,
}

impl Live {
    async fn open(server: &Server, query: &str, headers: &str) -> Self {
        Self::open_at(server, &format!("/bin/a/live{query}"), headers).await
    }

    async fn open_at(server: &Server, address: &str, headers: &str) -> Self {
        let mut raw = Raw::connect(server.address).await;
        let request = format!("GET {address} HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        assert!(raw.write(request).await);
        let mut live = Self { raw, text: String::new() };
        live.until("\r\n\r\n").await;
        assert!(live.text.contains("text/event-stream"), "{}", live.text);
        live
    }

    async fn until(&mut self, end: &str) {
        use tokio::io::AsyncReadExt as _;
        let reading = async {
            while !self.text.contains(end) {
                let mut bytes = Vec::new();
                assert!(self.raw.0.read_buf(&mut bytes).await.unwrap() > 0, "ended: {}", self.text);
                self.text.push_str(&String::from_utf8_lossy(&bytes));
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("no {end:?}"));
    }

    /// The next batch: its id, and its data.
    async fn batch(&mut self) -> (String, Value) {
        self.until("event: requests").await;
        self.until("\n\n").await;
        let field = |name: &str| {
            let mut lines = self.text.lines().filter_map(|line| line.strip_prefix(name));
            lines.next_back().unwrap_or_else(|| panic!("no {name} in {}", self.text)).trim().to_owned()
        };
        let found = (field("id:"), serde_json::from_str(&field("data:")).unwrap());
        self.text.clear();
        found
    }
}

fn bodies(batch: &Value) -> Vec<String> {
    let rows = batch["requests"].as_array().unwrap();
    rows.iter().map(|row| row["path"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_view_resumes_where_it_was() {
    let (server, client) = open().await;
    client.post("/bin/a/first", json!({})).await.must(200);
    let mut live = Live::open(&server, "?after=0", "").await;
    let (id, batch) = live.batch().await;
    assert_eq!(bodies(&batch), ["/first"], "what is there already");
    assert!(batch["caps"].as_str().unwrap().starts_with("1 of 100 requests"), "{batch}");

    for path in ["second", "third"] {
        client.post(&format!("/bin/a/{path}"), json!({})).await.must(200);
    }
    client.post("/bin/b/other", json!({})).await.must(200);
    let (_, batch) = live.batch().await;
    assert_eq!(bodies(&batch)[0], "/second");
    assert!(!batch.to_string().contains("other"), "another bin's");
    drop(live);

    let mut again = Live::open(&server, "?after=0", &format!("last-event-id: {id}\r\n")).await;
    let (_, batch) = again.batch().await;
    assert_eq!(bodies(&batch), ["/second", "/third"], "what was missed, and nothing twice");
}

#[tokio::test]
async fn a_view_ends_with_the_server() {
    let (server, _client) = open().await;
    let mut live = Live::open(&server, "", "").await;
    server.stop().await;
    assert!(live.raw.read_to_end().await.ends_with("0\r\n\r\n"), "a whole answer");
}

#[tokio::test]
async fn a_view_by_a_link_ends_with_the_link() {
    let (server, client) = open().await;
    let token = super::token(&client, "a").await;
    super::send(&client, "/bin/a/-/share", &[("token", &token), ("hours", "1")]).await.must(303);
    let page = super::page(&client, "/bin/a").await.text();
    let link = page.split("href=\"/bin/shared/").nth(1).unwrap().split('"').next().unwrap();
    client.post("/bin/a/first", json!({})).await.must(200);
    let address = format!("/bin/shared/{link}/live");
    let mut live = Live::open_at(&server, &format!("{address}?after=0"), "").await;
    live.batch().await;
    server.clock.advance(std::time::Duration::from_secs(3_601));
    // Nothing but another bin's request wakes the view. It ends well before its next sign of life.
    client.post("/bin/b", json!({})).await.must(200);
    let end = tokio::time::timeout(std::time::Duration::from_secs(5), live.until("0\r\n\r\n")).await;
    end.expect("the view has ended");
    assert_eq!(client.get(&address).await.status, 404);
}
