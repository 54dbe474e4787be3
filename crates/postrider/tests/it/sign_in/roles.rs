//! What each role finds in the dashboard.

use std::collections::{BTreeMap, BTreeSet};

use super::{Browser, first_admin, somebody};
use crate::support::Scene;

/// Pages that are looked at, at most: those of one kind differ in the thing that they show.
const PAGES: usize = 150;

/// What can be reached from the dashboard by following links.
pub(super) struct Found {
    /// Pages, by their paths.
    pub(super) pages: BTreeSet<String>,
    /// Where forms are sent, and the token that they carry.
    pub(super) forms: BTreeMap<String, String>,
}

/// Follows all links into the dashboard.
pub(super) async fn crawl(browser: &Browser) -> Found {
    let home = browser.open("/dashboard").await.location().to_owned();
    let mut found = Found { pages: BTreeSet::new(), forms: BTreeMap::new() };
    let environment = home.rsplit_once('/').unwrap().0.to_owned();
    let mut next = vec![home, format!("{environment}/account")];
    while let Some(path) = next.pop() {
        if found.pages.len() >= PAGES || !found.pages.insert(path.clone()) {
            continue;
        }
        let shown = browser.open(&path).await;
        if shown.status == 404 {
            // A place that comes with another part of the product.
            continue;
        }
        assert!([200, 303].contains(&shown.status), "{shown}");
        let links = shown.all("href=\"").into_iter().map(|link| link.split('#').next().unwrap().to_owned());
        next.extend(links.filter(|link| link.starts_with("/dashboard/") && !link.contains('?')));
        let posts = shown.all("<form method=\"post\" action=\"");
        let posts = posts.into_iter().chain(shown.all("<form class=\"stack\" method=\"post\" action=\""));
        for action in posts {
            found.forms.insert(action, shown.csrf());
        }
    }
    found
}

#[tokio::test]
async fn each_role_is_shown_what_it_may_see() {
    let scene = Scene::new().await;
    scene.attempts(&scene.publish(1).await, 1).await;
    let server = &scene.server;
    let admin = first_admin(server).await;
    let found = crawl(&admin).await;
    assert!(found.pages.len() > 3, "{:?}", found.pages);
    for role in ["viewer", "operator"] {
        let browser = somebody(server, &format!("{role}@example.com"), role).await;
        for path in &found.pages {
            let (theirs, all) = (browser.open(path).await, admin.open(path).await);
            let is_for_admins = ["/people", "/keys", "/audit"].iter().any(|part| path.contains(part));
            let expected = if is_for_admins && all.status != 404 { 403 } else { all.status };
            assert_eq!(theirs.status, expected, "{role} at {path}: {theirs}");
        }
        let own = crawl(&browser).await;
        assert!(
            own.pages.iter().all(|path| !path.ends_with("/people")),
            "nothing leads to what is not theirs"
        );
    }
    let stranger = Browser::new(server);
    for path in &found.pages {
        let shown = stranger.open(path).await;
        assert!(
            shown.status == 404 || (shown.status == 303 && shown.location().starts_with("/sign-in")),
            "{shown}"
        );
    }
}

/// What a role may not do is refused however the request is made.
#[tokio::test]
async fn a_viewer_changes_nothing() {
    let scene = Scene::new().await;
    scene.attempts(&scene.publish(1).await, 1).await;
    let server = &scene.server;
    let admin = first_admin(server).await;
    let viewer = somebody(server, "bob@example.com", "viewer").await;
    let csrf = viewer.open("/dashboard").await.location().replace("/overview", "/account");
    let csrf = viewer.open(&csrf).await.csrf();
    for action in crawl(&admin).await.forms.keys() {
        if action == "/sign-out" || action.contains("/account") {
            continue;
        }
        let shown = viewer.send(action, &[("csrf", &csrf), ("role", "admin"), ("name", "Eve")]).await;
        assert_eq!(shown.status, 403, "{action}: {shown}");
    }
}
