//! Callers who hold no key, no good key, or a good key for something else.

use std::time::Duration;

use postrider_core::time::Clock as _;
use serde_json::json;

use crate::support::{Client, Server};

/// What a caller's key is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Nobody,
    /// Another environment.
    OtherEnvironment,
    /// Another application of the victim's environment.
    OtherApp,
    /// The portal of another application of the victim's environment.
    OtherPortal,
    /// Environments and keys.
    Instance,
}

/// One wrong caller.
pub(super) struct Caller {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) client: Client,
    /// The id of an application that is really theirs.
    pub(super) app: Option<String>,
}

/// All of them.
pub(super) struct Attackers {
    pub(super) callers: Vec<Caller>,
    /// A key that was revoked: revoking it again changes nothing.
    pub(super) revoked_key: String,
}

impl Attackers {
    pub(super) async fn new(server: &Server) -> Self {
        let nobody = Client::of(server.address);
        let end = server.clock.now().after(Duration::from_secs(60)).to_string();
        let (_, expired) = server.new_key(json!({"scope": "environment", "expiresAt": end})).await;
        server.clock.advance(Duration::from_secs(61));
        let (revoked_key, revoked) = server.new_key(json!({"scope": "environment"})).await;
        server.operator().delete(&format!("/api/v1/key/{revoked_key}")).await.must(204);
        let (_, instance) = server.new_key(json!({"scope": "instance", "environment": null})).await;

        let body = json!({"name": "their own", "uid": "their-own"});
        let tenant = server.client().post("/api/v1/app", body.clone()).await.must(201)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let (_, app) = server.new_key(json!({"scope": "app", "app": tenant})).await;
        let access = format!("/api/v1/auth/app-portal-access/{tenant}");
        let portal = server.client().post(&access, json!({})).await.must(200);
        let made = server.operator().post("/api/v1/environment", json!({"name": "theirs"})).await.must(201);
        let (_, environment) =
            server.new_key(json!({"scope": "environment", "environment": made["id"]})).await;
        let foreign = nobody.with_key(&environment).post("/api/v1/app", body).await.must(201);
        let foreign = foreign["id"].as_str().unwrap().to_owned();

        let caller =
            |name, kind, token: &str, app| Caller { name, kind, client: nobody.with_key(token), app };
        let callers = vec![
            Caller { name: "no key", kind: Kind::Nobody, client: nobody.clone(), app: None },
            caller("an empty key", Kind::Nobody, "", None),
            caller("a made-up key", Kind::Nobody, "prk_00000000000000000000000000000000", None),
            caller("an overlong key", Kind::Nobody, &"x".repeat(4_000), None),
            caller("a revoked key", Kind::Nobody, &revoked, None),
            caller("an expired key", Kind::Nobody, &expired, None),
            caller("a key of another environment", Kind::OtherEnvironment, &environment, Some(foreign)),
            caller("a key of another application", Kind::OtherApp, &app, Some(tenant.clone())),
            caller(
                "a token of another portal",
                Kind::OtherPortal,
                portal["token"].as_str().unwrap(),
                Some(tenant),
            ),
            caller("a key of the instance", Kind::Instance, &instance, None),
        ];
        Self { callers, revoked_key }
    }
}
