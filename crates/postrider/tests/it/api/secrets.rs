//! Signing keys: both signatures while one replaces the other, only the new one after.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Scene;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ED25519: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";

async fn rotate(scene: &Scene, body: Value) -> String {
    let rotated = scene.client.post(&format!("{}/secret/rotate", scene.endpoint), body).await.must(200);
    let key = rotated["key"].as_str().unwrap().to_owned();
    assert_eq!(scene.secret().await, key, "the answer is the new key");
    key
}

/// Whether each of `keys` signed the next delivery.
async fn signed_by(scene: &Scene, keys: &[&str]) -> Vec<bool> {
    let before = scene.receiver.count();
    scene.publish(1).await;
    let requests = scene.receiver.wait("/hook", before + 1).await;
    keys.iter().map(|key| requests[before].verified_by(key).is_ok()).collect()
}

#[tokio::test]
async fn a_given_key_signs() {
    let scene = Scene::endpoint(json!({"secret": KEY})).await;
    assert_eq!(scene.secret().await, KEY);
    assert_eq!(signed_by(&scene, &[KEY, ED25519]).await, [true, false]);
}

#[tokio::test]
async fn both_keys_sign_until_the_grace_is_over() {
    let scene = Scene::new().await;
    let old = scene.secret().await;
    let new = rotate(&scene, json!({})).await;
    assert_ne!(old, new);
    assert_eq!(signed_by(&scene, &[&old, &new]).await, [true, true]);
    scene.server.clock.advance(Duration::from_secs(24 * 3600 - 60));
    assert_eq!(signed_by(&scene, &[&old, &new]).await, [true, true], "the default is a day");
    scene.server.clock.advance(Duration::from_secs(60));
    assert_eq!(signed_by(&scene, &[&old, &new]).await, [false, true]);
}

#[tokio::test]
async fn the_grace_can_be_chosen() {
    let scene = Scene::new().await;
    let first = scene.secret().await;
    let second = rotate(&scene, json!({"gracePeriodSeconds": 3600})).await;
    let third = rotate(&scene, json!({"gracePeriodSeconds": 7200})).await;
    assert_eq!(signed_by(&scene, &[&first, &second, &third]).await, [true, true, true]);
    scene.server.clock.advance(Duration::from_secs(3600));
    assert_eq!(signed_by(&scene, &[&first, &second, &third]).await, [false, true, true]);
    scene.server.clock.advance(Duration::from_secs(3600));
    assert_eq!(signed_by(&scene, &[&first, &second, &third]).await, [false, false, true]);
}

#[tokio::test]
async fn without_a_grace_all_earlier_keys_stop_at_once() {
    let scene = Scene::new().await;
    let first = scene.secret().await;
    let second = rotate(&scene, json!({})).await;
    let third = rotate(&scene, json!({"gracePeriodSeconds": 0})).await;
    assert_eq!(signed_by(&scene, &[&first, &second, &third]).await, [false, false, true]);
}

#[tokio::test]
async fn a_key_of_the_other_kind_can_take_over() {
    let scene = Scene::endpoint(json!({"secret": KEY})).await;
    assert_eq!(rotate(&scene, json!({"key": ED25519})).await, ED25519);
    assert_eq!(signed_by(&scene, &[KEY, ED25519]).await, [true, true]);
    let requests = scene.receiver.requests();
    let signature = requests[0].header("webhook-signature");
    assert!(signature.starts_with("v1a,") && signature.contains(" v1,"), "{signature}");
    let next = rotate(&scene, json!({"gracePeriodSeconds": 0})).await;
    assert!(next.starts_with("whsk_"), "a new key is of the same kind");
}

#[tokio::test]
async fn an_unusable_key_or_grace_is_refused_and_changes_nothing() {
    let scene = Scene::endpoint(json!({"secret": KEY})).await;
    for (body, field) in [
        (json!({"key": "whsec_AAAA"}), "key"),
        (json!({"key": "nonsense!"}), "key"),
        (json!({"key": "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="}), "key"),
        (json!({"gracePeriodSeconds": 604_801}), "gracePeriodSeconds"),
        (json!({"gracePeriodSeconds": -1}), "gracePeriodSeconds"),
    ] {
        let refused = scene.client.post(&format!("{}/secret/rotate", scene.endpoint), body).await;
        assert_eq!(refused.must(422)["detail"][0]["loc"], json!(["body", field]));
        assert!(
            !refused.text().contains("AAAA") && !refused.text().contains("nonsense"),
            "keys are not repeated"
        );
    }
    assert_eq!(scene.secret().await, KEY);
}

#[tokio::test]
async fn the_environment_chooses_the_names_of_the_headers() {
    let scene = Scene::endpoint(json!({"secret": KEY})).await;
    for (setting, webhook, svix) in [("webhook", true, false), ("svix", false, true), ("both", true, true)] {
        let body = json!({"signatureHeaders": setting});
        scene.client.patch("/api/v1/environment/settings", body).await.must(200);
        let before = scene.receiver.count();
        let message = scene.publish(1).await;
        let request = &scene.receiver.wait("/hook", before + 1).await[before];
        for (names, expected) in [("webhook", webhook), ("svix", svix)] {
            assert_eq!(request.verified_as(names, KEY).is_ok(), expected, "{names} with {setting}");
            let id = request.header(&format!("{names}-id"));
            assert_eq!(id, if expected { message.as_str() } else { "" });
        }
    }
}
