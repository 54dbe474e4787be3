//! Signing in with a password, and guessing.

use std::time::Duration;

use serde_json::json;

use super::{ADMIN, Browser, PASSWORD, Shown, first_admin, invite, page};
use crate::support::Server;

async fn sign_in(browser: &Browser, email: &str, password: &str) -> Shown {
    browser.send("/sign-in", &[("email", email), ("password", password)]).await
}

#[tokio::test]
async fn the_right_password_opens_and_nothing_else_does() {
    let server = Server::start().await;
    first_admin(&server).await;
    invite(&server, json!({ "email": "invited@example.com", "role": "viewer" })).await;
    let browser = Browser::new(&server);
    let mut answers = Vec::new();
    for (email, password) in [
        (ADMIN, "correct horse battery stapler"),
        ("nobody@example.com", PASSWORD),
        ("invited@example.com", PASSWORD),
        (ADMIN, &"x".repeat(10_000)),
    ] {
        let shown = sign_in(&browser, email, password).await;
        assert_eq!(shown.status, 401, "{email}: {shown}");
        assert!(!shown.text().contains(password), "{shown}");
        assert!(browser.cookie("postrider").is_none());
        answers.push(shown.text().replace(email, "EMAIL"));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "whether somebody exists does not show: {answers:?}");
    let shown = sign_in(&browser, "  ADA@example.com", PASSWORD).await;
    assert_eq!((shown.status, shown.location()), (303, "/dashboard"), "{shown}");
    assert_eq!(browser.open("/sign-in").await.location(), "/dashboard", "they are in already");
}

#[tokio::test]
async fn a_visitor_comes_back_to_where_they_wanted() {
    let server = Server::start().await;
    first_admin(&server).await;
    let browser = Browser::new(&server);
    let wanted = page(&server, "account?done=name");
    let sent = browser.open(&wanted).await;
    assert_eq!(sent.status, 303);
    let form = browser.open(sent.location()).await;
    assert_eq!(form.field("next").as_deref(), Some(wanted.as_str()), "{form}");
    let fields = [("email", ADMIN), ("password", PASSWORD), ("next", wanted.as_str())];
    assert_eq!(browser.send("/sign-in", &fields).await.location(), wanted);
    for elsewhere in ["https://evil.example/dashboard", "//evil.example", "/\\evil.example", "/api/v1/app"] {
        let fields = [("email", ADMIN), ("password", PASSWORD), ("next", elsewhere)];
        assert_eq!(Browser::new(&server).send("/sign-in", &fields).await.location(), "/dashboard");
    }
    let fragment = Browser::new(&server);
    let headers =
        [("hx-request", "true"), ("hx-current-url", &*format!("http://{}{wanted}", server.address))];
    let told = fragment.ask(http::Method::GET, &page(&server, "account"), &[], &headers).await;
    assert_eq!((told.status, told.location()), (401, ""), "{told}");
    assert_eq!(told.header("hx-redirect"), sent.location());
}

#[tokio::test]
async fn whoever_guesses_waits_longer_and_longer() {
    let server = Server::start().await;
    first_admin(&server).await;
    let guesser = Browser::new(&server);
    for _ in 0..5 {
        assert_eq!(sign_in(&guesser, ADMIN, "wrong wrong wrong").await.status, 401);
    }
    for wait in [1, 2, 4] {
        let shown = sign_in(&guesser, ADMIN, PASSWORD).await;
        assert_eq!((shown.status, shown.header("retry-after")), (429, wait.to_string().as_str()), "{shown}");
        assert!(shown.text().contains("too many attempts"), "{shown}");
        server.clock.advance(Duration::from_secs(wait));
        assert_eq!(sign_in(&guesser, ADMIN, "wrong wrong wrong").await.status, 401);
    }
    for _ in 0..5 {
        assert_eq!(sign_in(&guesser, "nobody@example.com", PASSWORD).await.status, 401);
    }
    assert_eq!(sign_in(&guesser, "nobody@example.com", PASSWORD).await.status, 429, "as if they existed");
    server.clock.advance(Duration::from_secs(300));
    assert_eq!(sign_in(&guesser, ADMIN, PASSWORD).await.status, 303, "the right one, after the wait");
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let server = Server::start().await;
    let here = first_admin(&server).await;
    let there = Browser::new(&server);
    sign_in(&there, ADMIN, PASSWORD).await;
    let (account, path) = (page(&server, "account"), page(&server, "account/password"));
    let new = "a password that is new";
    for (present, password, status) in
        [("not the present one", new, 422), (PASSWORD, "short", 422), (PASSWORD, ADMIN, 422)]
    {
        let shown = here.act(&account, &path, &[("present", present), ("password", password)]).await;
        assert_eq!(shown.status, status, "{shown}");
    }
    assert_eq!(there.open(&account).await.status, 200, "nothing has changed");
    let shown = here.act(&account, &path, &[("present", PASSWORD), ("password", new)]).await;
    assert_eq!(shown.status, 303, "{shown}");
    assert_eq!(here.open(&account).await.status, 200);
    assert_eq!(there.open(&account).await.status, 303, "signed out there");
    let fresh = Browser::new(&server);
    assert_eq!(sign_in(&fresh, ADMIN, PASSWORD).await.status, 401);
    assert_eq!(sign_in(&fresh, ADMIN, new).await.status, 303);
}
