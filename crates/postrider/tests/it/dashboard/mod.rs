//! Pages of what there is: messages, endpoints, applications and event types, as people use them.

mod analytics;
mod applications;
mod bins;
mod deliveries;
mod edited;
mod endpoints;
mod event_types;
mod messages;
mod portal;
mod rights;
mod sources;
mod system;

use crate::sign_in::{Browser, Shown, first_admin, page};
use crate::support::Scene;

/// A scene, and its first admin.
struct Desk {
    scene: Scene,
    admin: Browser,
}

impl Desk {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let admin = first_admin(&scene.server).await;
        Self { scene, admin }
    }

    /// A path below the environment's.
    fn path(&self, rest: &str) -> String {
        page(&self.scene.server, rest)
    }

    /// Opens a page that is there.
    async fn open(&self, rest: &str) -> Shown {
        let shown = self.admin.open(&self.path(rest)).await;
        assert_eq!(shown.status, 200, "{rest}: {shown}");
        shown
    }

    /// Sends a form of the page `rest` to `to`.
    async fn act(&self, rest: &str, to: &str, fields: &[(&str, &str)]) -> Shown {
        self.admin.act(&self.path(rest), &self.path(to), fields).await
    }

    /// The application's id.
    fn app_id(&self) -> &str {
        self.scene.app.rsplit('/').next().unwrap()
    }

    /// The page of the scene's endpoint.
    fn endpoint(&self, part: &str) -> String {
        format!("endpoints/{}/{}{part}", self.app_id(), self.scene.endpoint_id)
    }

    /// Operations of the audit log, the newest first.
    async fn audited(&self) -> Vec<String> {
        let log = self.scene.server.operator().get("/api/v1/audit-log?limit=50").await.must(200);
        let entries = log["data"].as_array().unwrap();
        entries.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    }
}

/// The page has all of this.
#[track_caller]
fn has(shown: &Shown, parts: &[&str]) {
    let text = shown.text();
    for part in parts {
        assert!(text.contains(part), "{part:?} in {shown}");
    }
}

/// A form was refused: its page is shown again, with this in it.
#[track_caller]
fn refused(shown: &Shown, parts: &[&str]) {
    assert_eq!(shown.status, 422, "{shown}");
    has(shown, &["Nothing was done."]);
    has(shown, parts);
}
