//! The link of the first start.

use super::{ADMIN, Browser, PASSWORD, first_admin, key_of, page};
use crate::support::Server;

#[tokio::test]
async fn the_first_link_makes_one_admin_and_no_other() {
    let server = Server::start().await;
    let browser = Browser::new(&server);
    assert_eq!(browser.open("/dashboard").await.location(), "/sign-in", "nobody is let in");
    let key = key_of(server.first_link());
    assert_eq!(browser.open("/").await.location(), "/dashboard", "an address without a path is for people");
    let shown = browser.send("/sign-in/link", &[("key", &key)]).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("You are the first here"), "{shown}");
    let again = browser.send("/sign-in/link", &[("key", &key)]).await;
    assert_eq!(again.status, 200, "looking uses nothing up: {again}");

    let good = [("key", key.as_str()), ("email", ADMIN), ("name", "Ada"), ("password", PASSWORD)];
    for (field, value) in [("password", "short"), ("email", "ada"), ("name", ""), ("password", ADMIN)] {
        let fields = good.map(|(name, is)| (name, if name == field { value } else { is }));
        let shown = browser.send("/sign-in/link/choose", &fields).await;
        assert_eq!(shown.status, 422, "{field}: {shown}");
        assert!(shown.text().contains("role=\"alert\""), "{shown}");
        let kept = (shown.field("email").is_some(), shown.text().contains(PASSWORD));
        assert_eq!(kept, (true, false), "what was filled in stays, but for the password");
    }
    let wrong = key.replace(&key[..1], if key.starts_with('A') { "B" } else { "A" });
    let stranger = good.map(|(name, is)| (name, if name == "key" { wrong.as_str() } else { is }));
    assert_eq!(browser.send("/sign-in/link/choose", &stranger).await.status, 410);

    let shown = browser.send("/sign-in/link/choose", &good).await;
    assert_eq!((shown.status, shown.location()), (303, "/dashboard"), "{shown}");
    assert_eq!(browser.open("/dashboard").await.location(), page(&server, "overview"));
    let account = browser.open(&page(&server, "account")).await;
    assert!(account.text().contains(ADMIN) && account.text().contains("admin"), "{account}");

    let late = Browser::new(&server);
    for path in ["/sign-in/link", "/sign-in/link/choose"] {
        let shown = late.send(path, &good).await;
        assert_eq!(shown.status, 410, "{shown}");
        assert!(late.cookie("postrider").is_none());
    }
}

#[tokio::test]
async fn a_start_gives_a_link_until_there_is_somebody() {
    let server = Server::start().await;
    let first = server.first_link().to_owned();
    let data = server.stop().await;
    let server = Server::builder().data(data).start().await;
    assert_ne!(server.first_link(), first, "each start gives another");
    let shown = Browser::new(&server).send("/sign-in/link", &[("key", &key_of(&first))]).await;
    assert_eq!(shown.status, 200, "the earlier one is good too: {shown}");
    first_admin(&server).await;
    let data = server.stop().await;
    let server = Server::builder().data(data).start().await;
    assert!(server.has_no_first_link(), "there is somebody");
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_for_no_script() {
    for (url, name, secure) in
        [("https://hooks.example.com", "__Host-postrider", true), ("http://localhost", "postrider", false)]
    {
        let server = Server::builder().set("public_url", url).start().await;
        let browser = Browser::new(&server);
        let key = key_of(server.first_link());
        assert!(server.first_link().starts_with(&format!("{url}/sign-in/link#key=")));
        let fields = [("key", key.as_str()), ("email", ADMIN), ("name", "Ada"), ("password", PASSWORD)];
        let shown = browser.send("/sign-in/link/choose", &fields).await;
        let cookie = shown.header("set-cookie");
        assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
        for attribute in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Max-Age=1209600"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}
