//! The few REST calls that set up a scenario, and timed reads of pages.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use http::{HeaderName, HeaderValue, header};
use postrider_bench::{
    load::Aim,
    target::{Loopback, Target},
    wire::{Message, Wire},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::bench::SECRET;

/// Longest wait for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A server's REST interface.
pub(crate) struct Rest {
    address: Loopback,
    key: String,
}

impl Rest {
    pub(crate) fn new(address: Loopback, key: String) -> Self {
        Self { address, key }
    }

    /// The headers that publish calls need.
    pub(crate) fn headers(&self) -> anyhow::Result<[(HeaderName, HeaderValue); 1]> {
        Ok([(
            header::AUTHORIZATION,
            format!("Bearer {}", self.key).parse().context("the key is no header value")?,
        )])
    }

    /// Whether the server says that it is ready; not being there is no error.
    pub(crate) async fn ready(&self) -> bool {
        self.call("GET", "/readyz", "").await.is_ok_and(|answer| answer.status() == 200)
    }

    /// Creates an application and says where its messages are published.
    pub(crate) async fn create_app(&self, uid: &str, fanout: u32) -> anyhow::Result<Aim> {
        self.create("/api/v1/app", &json!({ "name": uid, "uid": uid })).await?;
        let target = Target::new(self.address, format!("/api/v1/app/{uid}/msg"));
        Ok(Aim { target, share: 1, fanout })
    }

    /// Creates an endpoint that signs with [`SECRET`].
    pub(crate) async fn create_endpoint(&self, app: &str, uid: &str, url: &str) -> anyhow::Result<()> {
        let endpoint = json!({ "url": url, "uid": uid, "secret": SECRET });
        self.create(&format!("/api/v1/app/{app}/endpoint"), &endpoint).await?;
        Ok(())
    }

    /// Creates a source of GitHub's type with one endpoint that gets what comes as it came, and says where events go.
    pub(crate) async fn create_source(&self, secret: &str, url: &str) -> anyhow::Result<Aim> {
        const SOURCES: &str = "/ingest/api/v1/source";
        let source =
            json!({ "name": "bench", "uid": "bench", "type": "github", "config": { "secret": secret } });
        let made = self.create(SOURCES, &source).await?;
        self.create(&format!("{SOURCES}/bench/endpoint"), &json!({ "url": url })).await?;
        let address = made["ingestUrl"].as_str().context("a source has an address")?;
        let path = address.find("/in/").map(|at| &address[at..]).context("an address has a token")?;
        Ok(Aim { target: Target::new(self.address, path), share: 1, fanout: 1 })
    }

    /// Reads a page, and how long that took with its connection.
    pub(crate) async fn page(&self, path: &str) -> anyhow::Result<(Value, Duration)> {
        let began = Instant::now();
        let answer = self.call("GET", path, "").await?;
        let took = began.elapsed();
        if answer.status() != 200 {
            bail!("GET {path}: {} {}", answer.status(), String::from_utf8_lossy(&answer.body));
        }
        Ok((serde_json::from_slice(&answer.body)?, took))
    }

    /// Makes the first admin with the link that the first start has printed, and gives the cookie of their session.
    pub(crate) async fn sign_in(&self, link: &str) -> anyhow::Result<String> {
        let (_, key) = link.split_once("#key=").context("a link has its key in the fragment")?;
        let form = format!("key={key}&email=bench%40example.com&name=Bench&password=a+few+words+in+a+row");
        let headers = "content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin";
        let answer = self.send("POST", "/sign-in/link/choose", headers, &form).await?;
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        Ok(cookie.with_context(|| format!("signing in answered {}", answer.status()))?.to_owned())
    }

    /// Where the dashboard of the only environment is.
    pub(crate) async fn home(&self, cookie: &str) -> anyhow::Result<String> {
        let answer = self.send("GET", "/dashboard", &format!("cookie: {cookie}"), "").await?;
        let page = answer.header("location").and_then(|path| path.rsplit_once('/'));
        let (home, _) = page.with_context(|| format!("GET /dashboard: {}", answer.status()))?;
        Ok(home.to_owned())
    }

    /// Reads a page of the dashboard, and how long that took with its connection.
    pub(crate) async fn view(&self, path: &str, cookie: &str) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let answer = self.send("GET", path, &format!("cookie: {cookie}"), "").await?;
        let took = began.elapsed();
        ensure!(answer.status() == 200, "GET {path}: {}", answer.status());
        Ok(took)
    }

    async fn create(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.call("POST", path, &body.to_string()).await?;
        if answer.status() != 201 {
            bail!("POST {path}: {} {}", answer.status(), String::from_utf8_lossy(&answer.body));
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> anyhow::Result<Message> {
        let headers = format!("authorization: Bearer {}\r\ncontent-type: application/json", self.key);
        self.send(method, path, &headers, body).await
    }

    async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> anyhow::Result<Message> {
        let (host, length) = (self.address.addr(), body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let exchange = async {
            let mut wire = Wire::new(self.address.connect().await?);
            wire.write(request.as_bytes()).await?;
            anyhow::Ok(wire.response().await?)
        };
        timeout(ANSWER_WITHIN, exchange).await.with_context(|| format!("no answer to {method} {path}"))?
    }
}
