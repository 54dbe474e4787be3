//! No page elsewhere can make a visitor's browser do something here.

use http::Method;

use super::roles::crawl;
use super::{first_admin, somebody};
use crate::support::{Scene, Server};

/// Every form of every page that an admin finds is refused without the token, from elsewhere, and as an address.
#[tokio::test]
async fn every_form_takes_its_own_page_and_its_token() {
    let scene = Scene::new().await;
    scene.attempts(&scene.publish(1).await, 1).await;
    let server = &scene.server;
    let admin = first_admin(server).await;
    somebody(server, "bob@example.com", "viewer").await;
    let found = crawl(&admin).await;
    for part in ["/people", "/disable", "/account/password", "/sign-out"] {
        assert!(
            found.forms.keys().any(|action| action.ends_with(part)),
            "{part} in {:?}",
            found.forms.keys()
        );
    }
    for (action, csrf) in &found.forms {
        let token = ("csrf", csrf.as_str());
        let own = [("sec-fetch-site", "same-origin")];
        for (fields, headers, why) in [
            (&[][..], &own[..], "no token"),
            (&[("csrf", "")], &own, "an empty token"),
            (&[("csrf", &csrf[1..])], &own, "a part of the token"),
            (&[token], &[("sec-fetch-site", "cross-site")], "another site"),
            (&[token], &[("sec-fetch-site", "same-site")], "a neighbour"),
            (&[token], &[("origin", "https://evil.example")], "another origin"),
            (&[token], &[("origin", "null")], "no origin at all"),
        ] {
            let shown = admin.ask(Method::POST, action, fields, headers).await;
            assert_eq!(shown.status, 403, "{action} with {why}: {shown}");
        }
        let path = format!("{action}?csrf={csrf}");
        let shown = admin.open(&path).await;
        let is_page = found.pages.contains(action) && shown.status == 200;
        assert!(is_page || [404, 405].contains(&shown.status), "GET {action}: {shown}");
    }
    let again = crawl(&admin).await;
    assert_eq!(again.pages.len(), found.pages.len(), "and nothing has happened");
}

/// Whoever is not signed in cannot be signed in by another site, as somebody else.
#[tokio::test]
async fn signing_in_is_asked_for_by_our_own_pages() {
    let server = Server::start().await;
    let browser = super::Browser::new(&server);
    let key = super::key_of(server.first_link());
    let fields =
        [("key", key.as_str()), ("email", super::ADMIN), ("name", "Ada"), ("password", super::PASSWORD)];
    for path in ["/sign-in", "/sign-in/link", "/sign-in/link/choose"] {
        for headers in [[("sec-fetch-site", "cross-site")], [("origin", "https://evil.example")]] {
            let shown = browser.ask(Method::POST, path, &fields, &headers).await;
            assert_eq!(shown.status, 403, "{shown}");
        }
    }
    assert!(browser.cookie("postrider").is_none());
}
