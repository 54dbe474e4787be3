//! Signing in to the dashboard, as browsers do it: with cookies, forms and redirects, and without a script.

mod browser;
mod command;
mod csrf;
mod first;
mod oidc;
mod password;
mod people;
mod roles;
mod sessions;

pub(crate) use browser::{Browser, Shown};
use serde_json::{Value, json};

use crate::support::Server;

/// A password that is long enough.
const PASSWORD: &str = "correct horse battery staple";
/// The address of the first admin.
const ADMIN: &str = "ada@example.com";

/// The first admin, signed in.
pub(crate) async fn first_admin(server: &Server) -> Browser {
    let browser = Browser::new(server);
    let key = key_of(server.first_link());
    let fields = [("key", key.as_str()), ("email", ADMIN), ("name", "Ada"), ("password", PASSWORD)];
    let shown = browser.send("/sign-in/link/choose", &fields).await;
    assert_eq!((shown.status, shown.location()), (303, "/dashboard"), "{shown}");
    browser
}

/// Somebody else of this role, signed in.
pub(crate) async fn somebody(server: &Server, email: &str, role: &str) -> Browser {
    let invited = invite(server, json!({ "email": email, "role": role })).await;
    let browser = Browser::new(server);
    let key = key_of(invited["link"].as_str().unwrap());
    let fields = [("key", key.as_str()), ("name", role), ("password", PASSWORD)];
    let shown = browser.send("/sign-in/link/choose", &fields).await;
    assert_eq!(shown.status, 303, "{shown}");
    browser
}

async fn invite(server: &Server, body: Value) -> Value {
    server.operator().post("/api/v1/users", body).await.must(201)
}

/// What a link holds behind `#key=`.
fn key_of(link: &str) -> String {
    let (address, key) = link.split_once("#key=").expect("a link has its key in the fragment");
    assert!(address.ends_with("/sign-in/link"), "{link}");
    key.to_owned()
}

/// The page of an environment.
pub(crate) fn page(server: &Server, rest: &str) -> String {
    format!("/dashboard/{}/{rest}", server.environment())
}
