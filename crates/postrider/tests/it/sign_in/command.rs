//! `postrider user`, with a server and without.

use serde_json::Value;

use super::{Browser, PASSWORD, first_admin, key_of};
use crate::support::{Server, run};

#[tokio::test]
async fn users_are_managed_from_the_command_line() {
    let server = Server::start().await;
    first_admin(&server).await;
    let data = server.data.path().to_owned();
    let user = async |arguments: &[&str]| run(&data, &[&["user"], arguments].concat()).await;
    let link = user(&["invite", "bob@example.com", "--role", "operator", "--name", "Bob"]).await.ok();
    let browser = Browser::new(&server);
    let fields = [("key", key_of(link.trim())), ("name", "Bob".into()), ("password", PASSWORD.into())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(browser.send("/sign-in/link/choose", &fields).await.status, 303);
    let sign_in = async || {
        browser.send("/sign-in", &[("email", "bob@example.com"), ("password", PASSWORD)]).await.status
    };
    assert_eq!(sign_in().await, 303);

    user(&["role", "bob@example.com", "viewer"]).await.ok();
    let table = user(&["list"]).await.ok();
    let row = table.lines().find(|line| line.contains("bob@example.com")).unwrap();
    assert!(row.contains("viewer") && row.contains("active"), "{table}");
    user(&["disable", "bob@example.com"]).await.ok();
    assert_eq!(sign_in().await, 401);
    user(&["enable", "Bob@Example.com"]).await.ok();
    assert_eq!(sign_in().await, 303);
    user(&["sign-out", "bob@example.com"]).await.ok();
    assert!(browser.open("/dashboard").await.location().starts_with("/sign-in"));
    let reset = user(&["reset", "bob@example.com", "--output", "json"]).await.ok();
    let reset: Value = serde_json::from_str(&reset).unwrap();
    assert_eq!(reset["user"]["hasPassword"], false, "{reset}");
    assert_eq!(sign_in().await, 401);

    assert_eq!(user(&["disable", "eve@example.com"]).await.code, Some(3));
    assert_eq!(user(&["disable", "ada@example.com"]).await.code, Some(1), "the last admin");
    assert_eq!(user(&["invite", "nonsense"]).await.code, Some(1));
    assert_eq!(user(&["invite", "eve@example.com", "--environment", "none"]).await.code, Some(3));
}

#[tokio::test]
async fn who_forgot_their_password_gets_in_again_without_a_server() {
    let server = Server::start().await;
    first_admin(&server).await;
    let data = server.stop().await;
    let set = ["--set", "public_url=https://hooks.example.com"];
    let link = run(data.path(), &[&["user", "reset", "ada@example.com"][..], &set].concat()).await.ok();
    assert!(link.starts_with("https://hooks.example.com/sign-in/link#key="), "{link}");
    let server = Server::builder().data(data).start().await;
    let shown = Browser::new(&server).send("/sign-in/link", &[("key", &key_of(link.trim()))]).await;
    assert!(shown.text().contains("ada@example.com"), "{shown}");
}
