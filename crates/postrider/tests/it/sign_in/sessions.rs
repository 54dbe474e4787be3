//! How sessions end.

use std::time::Duration;

use super::{ADMIN, Browser, PASSWORD, first_admin, page, somebody};
use crate::support::{Server, await_until};

const HOUR: Duration = Duration::from_secs(3_600);

async fn is_in(server: &Server, browser: &Browser) -> bool {
    match browser.open(&page(server, "account")).await.status {
        200 => true,
        303 => false,
        other => panic!("{other} is no answer"),
    }
}

async fn another(server: &Server) -> Browser {
    let browser = Browser::new(server);
    let shown = browser.send("/sign-in", &[("email", ADMIN), ("password", PASSWORD)]).await;
    assert_eq!(shown.status, 303, "{shown}");
    browser
}

#[tokio::test]
async fn a_session_ends_after_twelve_idle_hours_and_after_two_weeks() {
    let server = Server::start().await;
    let browser = first_admin(&server).await;
    let mut passed = Duration::ZERO;
    while passed + 11 * HOUR < 14 * 24 * HOUR {
        server.clock.advance(11 * HOUR);
        passed += 11 * HOUR;
        assert!(is_in(&server, &browser).await, "used within its time, after {passed:?}");
        let operator = server.operator();
        let users = operator.get("/api/v1/users").await.must(200);
        let path = format!("/api/v1/users/{}/sessions", users["data"][0]["id"].as_str().unwrap());
        await_until("the use to be noted", async || {
            let sessions = operator.get(&path).await.must(200);
            let session = &sessions["data"][0];
            let time = |name: &str| {
                session[name].as_str().unwrap().parse::<postrider_core::time::Timestamp>().unwrap()
            };
            (time("seenAt").since(time("createdAt")) >= passed).then_some(())
        })
        .await;
    }
    server.clock.advance((14 * 24 * HOUR).saturating_sub(passed));
    assert!(!is_in(&server, &browser).await, "it is two weeks old");

    let idle = another(&server).await;
    server.clock.advance((12 * HOUR).saturating_sub(Duration::from_secs(60)));
    assert!(is_in(&server, &idle).await);
    let idle = another(&server).await;
    server.clock.advance(12 * HOUR);
    assert!(!is_in(&server, &idle).await, "nobody used it");
}

#[tokio::test]
async fn people_see_their_sessions_and_end_them() {
    let server = Server::start().await;
    let here = first_admin(&server).await;
    let (second, third) = (another(&server).await, another(&server).await);
    let (account, path) = (page(&server, "account"), page(&server, "account/sessions"));
    let shown = here.open(&account).await;
    assert!(shown.text().contains("Firefox on Linux") && shown.text().contains("127.0.0.0/24"), "{shown}");
    assert!(shown.text().contains("This one"), "{shown}");
    let ids = shown.all("name=\"session\" value=\"");
    let ids: Vec<_> = ids.iter().filter(|id| id.starts_with("sess_")).collect();
    assert_eq!(ids.len(), 2, "its own has no button: {shown}");
    assert_eq!(here.act(&account, &path, &[("session", ids[0])]).await.status, 303);
    let left = [is_in(&server, &second).await, is_in(&server, &third).await];
    assert_eq!(left.into_iter().filter(|is_in| *is_in).count(), 1);
    assert_eq!(here.act(&account, &path, &[("session", "others")]).await.status, 303);
    assert!(!is_in(&server, &second).await && !is_in(&server, &third).await && is_in(&server, &here).await);

    let other = somebody(&server, "bob@example.com", "viewer").await;
    let theirs =
        server.operator().get("/api/v1/users").await.must(200)["data"][1]["id"].as_str().unwrap().to_owned();
    let theirs = server.operator().get(&format!("/api/v1/users/{theirs}/sessions")).await.must(200);
    let theirs = theirs["data"][0]["id"].as_str().unwrap();
    here.act(&account, &path, &[("session", theirs)]).await;
    assert!(is_in(&server, &other).await, "another's session is not one's own to end here");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie() {
    let server = Server::start().await;
    let browser = first_admin(&server).await;
    let cookie = browser.cookie("postrider").unwrap();
    let shown = browser.act(&page(&server, "account"), "/sign-out", &[]).await;
    assert_eq!((shown.status, shown.location()), (303, "/sign-in"), "{shown}");
    assert_eq!(browser.cookie("postrider"), None);
    browser.put_cookie("postrider", &cookie);
    assert!(!is_in(&server, &browser).await, "who kept the cookie is out too");
    assert_eq!(browser.send("/sign-out", &[]).await.status, 303, "again does no harm");
}

#[tokio::test]
async fn what_is_no_session_opens_nothing() {
    let server = Server::start().await;
    let browser = first_admin(&server).await;
    let good = browser.cookie("postrider").unwrap();
    let longer = format!("{good}A");
    for cookie in
        ["", "a", "prk_the_key_of_the_tests_environment", &good[1..], &longer, &"A".repeat(43), "%00"]
    {
        browser.put_cookie("postrider", cookie);
        assert!(!is_in(&server, &browser).await, "{cookie:?}");
    }
    let as_key = server.client().with_key(&good).get("/api/v1/app").await;
    assert_eq!(as_key.status, 401, "a session is no API key");
}
