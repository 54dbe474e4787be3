//! Signing in with an identity provider.

mod provider;

use std::collections::HashMap;

use serde_json::{Value, json};

use self::provider::{CLIENT, Provider};
use super::{Browser, PASSWORD, Shown, first_admin, invite, page};
use crate::support::{Builder, Server};

/// A server with this provider and these settings.
async fn server_of(provider: &Provider, settings: &[(&str, &str)]) -> Server {
    let (id, secret) = CLIENT;
    let issuer = provider.issuer();
    let own =
        [("issuer", issuer.as_str()), ("client_id", id), ("client_secret", secret), ("name", "Example ID")];
    builder_of(own.iter().chain(settings)).start().await
}

/// With these keys of the section.
fn builder_of<'a>(settings: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> Builder {
    let all = settings.into_iter().map(|(key, value)| (format!("sign_in.oidc.{key}"), *value));
    let all: Vec<_> = all.collect();
    let all: Vec<_> = all.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    Server::builder().set_all(&all)
}

/// Goes to the provider, and gives where it leads back to.
async fn go(browser: &Browser, provider: &Provider, next: &str) -> String {
    let sent = browser.open(&format!("/sign-in/oidc?next={next}")).await;
    assert_eq!(sent.status, 303, "{sent}");
    back(&provider.authorize(sent.location()))
}

fn back(answer: &HashMap<String, String>) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
    format!("/sign-in/oidc/callback?{query}")
}

async fn sign_in(server: &Server, provider: &Provider) -> (Browser, Shown) {
    let browser = Browser::new(server);
    let way = go(&browser, provider, "").await;
    let shown = browser.open(&way).await;
    (browser, shown)
}

async fn user(server: &Server, email: &str) -> Value {
    let users = server.operator().get("/api/v1/users").await.must(200);
    let found = users["data"].as_array().unwrap().iter().find(|user| user["email"] == email).cloned();
    found.unwrap_or(Value::Null)
}

#[tokio::test]
async fn the_provider_lets_in_whom_the_rules_admit() {
    let provider = Provider::start().await;
    let rules = [
        ("admins", "root"),
        ("operators", "ops, support"),
        ("allowed_domains", "example.com"),
        ("domain_role", "none"),
    ];
    let server = server_of(&provider, &rules).await;
    let door = Browser::new(&server).open("/sign-in").await;
    assert!(door.text().contains("Sign in with Example ID"), "{door}");
    for (claims, role) in [
        (json!({"sub": "1", "groups": ["support"]}), Some("operator")),
        (json!({"sub": "1", "groups": ["root", "ops"]}), Some("admin")),
        (json!({"sub": "2", "email": "eve@example.com", "groups": []}), None),
        (json!({"sub": "3", "email": "eve@evil.example", "groups": ["root"]}), None),
        (json!({"sub": "4", "email": "eve@example.com", "email_verified": false, "groups": ["root"]}), None),
        (json!({"sub": "5", "email": "bob@example.com", "groups": ["root"]}), None),
    ] {
        provider.say(claims.clone());
        let (browser, shown) = sign_in(&server, &provider).await;
        if let Some(role) = role {
            assert_eq!((shown.status, shown.location()), (303, "/dashboard"), "{claims}: {shown}");
            assert_eq!(user(&server, "bob@example.com").await["role"], role);
            assert_eq!(browser.open(&page(&server, "account")).await.status, 200);
        } else {
            assert_eq!(shown.status, 403, "{claims}: {shown}");
            assert!(browser.cookie("postrider").is_none());
        }
        assert!(browser.cookie("postrider-oidc").is_none(), "the way is forgotten");
    }
    assert_eq!(user(&server, "eve@example.com").await, Value::Null);
}

#[tokio::test]
async fn without_rules_only_who_was_invited_comes_in() {
    let provider = Provider::start().await;
    let server = server_of(&provider, &[]).await;
    let admin = first_admin(&server).await;
    assert_eq!(sign_in(&server, &provider).await.1.status, 403);
    invite(&server, json!({"email": "bob@example.com", "role": "viewer"})).await;
    let (browser, shown) = sign_in(&server, &provider).await;
    assert_eq!(shown.status, 303, "{shown}");
    let bob = user(&server, "bob@example.com").await;
    assert_eq!(
        (&bob["role"], &bob["hasIdentity"], &bob["hasPassword"]),
        (&json!("viewer"), &json!(true), &json!(false))
    );

    // They go by the provider's subject from now on, whatever their address is there.
    provider.say(json!({"email": "robert@example.com"}));
    assert_eq!(sign_in(&server, &provider).await.1.status, 303);
    assert_eq!(user(&server, "robert@example.com").await, Value::Null);

    let one = page(&server, &format!("people/{}", bob["id"].as_str().unwrap()));
    admin.act(&one, &format!("{one}/disable"), &[]).await;
    assert_eq!(browser.open(&page(&server, "account")).await.status, 303, "out");
    assert_eq!(sign_in(&server, &provider).await.1.status, 403, "and not in again");
    let sign_in = [("email", "bob@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.send("/sign-in", &sign_in).await.status, 401);
}

#[tokio::test]
async fn an_answer_counts_once_for_the_browser_that_asked() {
    let provider = Provider::start().await;
    let server = server_of(&provider, &[("admins", "root")]).await;
    provider.say(json!({"groups": "root"}));
    let (browser, other) = (Browser::new(&server), Browser::new(&server));
    let wanted = page(&server, "account");
    let way = go(&browser, &provider, &wanted).await;
    let their_way = go(&other, &provider, "").await;
    assert_eq!(other.open(&way).await.status, 400, "another's answer signs nobody in");
    assert_eq!(Browser::new(&server).open(&their_way).await.status, 400, "nobody asked");
    assert!(other.cookie("postrider").is_none());
    let shown = browser.open(&way).await;
    assert_eq!((shown.status, shown.location()), (303, wanted.as_str()), "{shown}");
    assert_eq!(browser.open(&way).await.status, 400, "the same answer again");

    let refused = Browser::new(&server);
    let sent = refused.open("/sign-in/oidc").await;
    let mut answer = provider.authorize(sent.location());
    answer.remove("code");
    answer.insert("error".into(), "access_denied".into());
    assert_eq!(refused.open(&back(&answer)).await.status, 403, "the provider has not signed them in");

    let mixed = Browser::new(&server);
    let sent = mixed.open("/sign-in/oidc").await;
    let mut answer = provider.authorize(sent.location());
    answer.insert("iss".into(), "https://evil.example".into());
    assert_eq!(mixed.open(&back(&answer)).await.status, 400, "another provider's answer");
    let evil = Browser::new(&server).open("/sign-in/oidc?next=//evil.example").await;
    assert_eq!(evil.status, 303);
}

#[tokio::test]
async fn a_token_that_is_not_right_signs_nobody_in() {
    let provider = Provider::start().await;
    let server = server_of(&provider, &[("admins", "root")]).await;
    for wrong in [
        json!({"nonce": "another"}),
        json!({"aud": "another"}),
        json!({"iss": "https://another.example"}),
        json!({"exp": 1_700_000_000}),
        json!({"exp": null}),
        json!({"sub": null}),
    ] {
        let mut claims = json!({"groups": ["root"]});
        claims.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        provider.say(claims);
        let (browser, shown) = sign_in(&server, &provider).await;
        assert_eq!(shown.status, 502, "{wrong}: {shown}");
        assert!(browser.cookie("postrider").is_none());
    }
    provider.say(json!({"groups": ["root"]}));
    assert_eq!(sign_in(&server, &provider).await.1.status, 303);
}

#[tokio::test]
async fn a_provider_may_exchange_its_keys() {
    let provider = Provider::start().await;
    let server = server_of(&provider, &[("viewers", "all")]).await;
    provider.say(json!({"groups": ["all"]}));
    for _ in 0..3 {
        assert_eq!(sign_in(&server, &provider).await.1.status, 303);
    }
    assert_eq!(provider.fetches(), 1, "they are kept");
    provider.exchange_key();
    assert_eq!(sign_in(&server, &provider).await.1.status, 502, "too soon to look again");
    server.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(sign_in(&server, &provider).await.1.status, 303);
    assert_eq!(provider.fetches(), 2);
}

#[tokio::test]
async fn a_provider_that_is_away_or_another_is_told_apart() {
    let provider = Provider::start().await;
    provider.call_itself("https://another.example");
    let server = server_of(&provider, &[]).await;
    let shown = Browser::new(&server).open("/sign-in/oidc").await;
    assert_eq!(shown.status, 502, "{shown}");
    let server = Server::start().await;
    let shown = Browser::new(&server).open("/sign-in/oidc").await;
    assert_eq!(shown.status, 404, "{shown}");
    assert!(!Browser::new(&server).open("/sign-in").await.text().contains("/sign-in/oidc"));
}

/// What a provider publishes is fetched from where the operator allows, and from nowhere else.
#[tokio::test]
async fn the_provider_is_asked_through_the_guarded_client() {
    let settings = [("issuer", "https://10.1.2.3:1"), ("client_id", "postrider")];
    let server = builder_of(&settings).start().await;
    let shown = Browser::new(&server).open("/sign-in/oidc").await;
    assert_eq!(shown.status, 502, "{shown}");
    assert!(!shown.text().contains("10.1.2.3"), "what is inside is not told: {shown}");
}
