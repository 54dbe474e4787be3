//! What is not genuine goes nowhere, and is kept for people to look at.

use serde_json::json;

use super::{SECRET, Scene, Source, send};
use crate::support::hmac_hex;

#[tokio::test]
async fn a_forged_request_is_refused_and_kept() {
    let scene = Scene::new("github", json!({"secret": SECRET})).await;
    let forged = [
        ("x-hub-signature-256", super::signed("another", "{}"), "no_match"),
        ("x-hub-signature-256", "sha256=zz".to_owned(), "malformed"),
        ("authorization", "Bearer hush".to_owned(), "missing"),
    ];
    for (number, (name, value, code)) in forged.iter().enumerate() {
        let reply = scene.send(&[(name, value)], "{}").await;
        assert_eq!(reply.status, 401, "{code}: {reply}");
        let refused = &scene.refused(number + 1).await[0];
        assert_eq!(refused["code"], *code, "{refused}");
        assert!(refused["reason"].as_str().is_some_and(|reason| reason.len() > 10), "{refused}");
        assert_eq!(refused["body"], "e30=");
        assert!(!refused.to_string().contains("hush"), "credentials are withheld");
    }
    assert_eq!(scene.receptions().await.len(), 0);
    scene.send_signed(SECRET, &[], "{}").await.must(200);
    scene.receiver.wait("/hook", 1).await;
    assert_eq!(scene.receiver.count(), 1, "only what is genuine goes on");
}

#[tokio::test]
async fn each_provider_hears_the_refusal_that_it_expects() {
    let scene = Scene::new("gocardless", json!({"secret": SECRET})).await;
    let wrong = hmac_hex("another", "{}");
    assert_eq!(scene.send(&[("webhook-signature", &wrong)], "{}").await.status, 498);
    let discord = json!({"secret": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"});
    let source = Source::new(&scene.client, "discord", discord).await;
    assert_eq!(send(&scene.client, &source.address, &[], "{\"type\":0}").await.status, 401);
}

#[tokio::test]
async fn a_source_may_take_what_is_not_genuine() {
    let scene = Scene::new("github", json!({"secret": SECRET, "acceptUnverified": true})).await;
    scene.send_signed("another", &[("x-github-event", "push")], "{}").await.must(200);
    scene.receiver.wait("/hook", 1).await;
    let seen = scene.receptions().await;
    assert_eq!(seen[0]["verdict"], "failed");
    assert!(seen[0]["reason"].as_str().unwrap().contains("no secret matched"), "{}", seen[0]);
}

#[tokio::test]
async fn without_a_secret_nobody_has_asked_for_a_check() {
    let scene = Scene::new("github", json!({})).await;
    scene.send(&[("x-github-event", "push")], "{}").await.must(200);
    scene.receiver.wait("/hook", 1).await;
    assert_eq!(scene.receptions().await[0]["verdict"], "unverified");
}

#[tokio::test]
async fn while_one_secret_replaces_another_both_count() {
    let scene = Scene::new("github", json!({"secrets": ["old", "new"]})).await;
    for (number, secret) in ["old", "new"].into_iter().enumerate() {
        let body = format!("{{\"n\":{number}}}");
        scene.send_signed(secret, &[], &body).await.must(200);
        assert_eq!(scene.receptions().await[0]["secret"], number);
    }
}
