//! Every sample is what its provider's signature says: what is sent verifies, and with another secret it does not.

use serde_json::Value;

use super::Tool;
use crate::support::{Received, Receiver};

/// A secret that every provider could give, as text and as base64.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// Preset, provider and event of all samples.
async fn samples() -> Vec<[String; 3]> {
    let listed = Tool::run(&["trigger", "--list", "--output", "json"]).await.json(0);
    let word = |sample: &Value, name: &str| sample[name].as_str().unwrap().to_owned();
    let listed: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|sample| {
            ["preset", "provider", "event"].map(|name| word(sample, name).replace("TYPE", "user.created"))
        })
        .collect();
    assert!(listed.len() >= 20, "{listed:?}");
    listed
}

async fn sent(receiver: &Receiver, provider: &str, event: &str) -> Received {
    let path = format!("/{provider}/{event}");
    let to = receiver.url(&path);
    Tool::run(&["trigger", provider, event, "--to", &to, "--secret", SECRET]).await.ends(0);
    receiver.at(&path).pop().unwrap()
}

#[tokio::test]
async fn every_sample_verifies_under_its_preset_and_under_no_other_secret() {
    let receiver = Receiver::start().await;
    for [preset, provider, event] in samples().await {
        let came = sent(&receiver, &provider, &event).await;
        let url = receiver.url(&came.path);
        let verify = async |secret| Tool::verify(&preset, &came, &["--url", &url, "--secret", secret]).await;
        let told = verify(SECRET).await;
        assert_eq!(told.code, Some(0), "{provider} {event}: {told:?}");
        let told = verify(OTHER).await;
        assert_eq!(told.code, Some(1), "{provider} {event}: {told:?}");

        if preset == "gitlab" {
            continue; // Its token is on its own: nothing protects the body.
        }
        let mut changed = came.clone();
        changed.body = [&came.body[..], b" "].concat().into();
        let told = Tool::verify(&preset, &changed, &["--url", &url, "--secret", SECRET]).await;
        assert_eq!(told.code, Some(1), "{provider} {event}, changed: {told:?}");
    }
}

#[tokio::test]
async fn every_sample_is_recognised_by_its_headers() {
    let receiver = Receiver::start().await;
    for [preset, provider, event] in samples().await {
        let came = sent(&receiver, &provider, &event).await;
        let headers: Vec<_> =
            came.headers.iter().map(|(name, value)| format!("--header={name}: {value}")).collect();
        let url = receiver.url(&came.path);
        let mut arguments = vec!["explain", "--body", "-", "--output", "json", "--url", &url];
        arguments.extend(headers.iter().map(String::as_str));
        let guesses = Tool::fed(&arguments, &came.body).await.json(0);
        // Those who sign just as another does are named with it.
        let names_mine = |guess: &Value| guess["why"].as_str().is_some_and(|why| why.contains(&*preset));
        let is_mine = |guess: &&Value| guess["preset"] == *preset || names_mine(guess);
        let mine = guesses.as_array().unwrap().iter().find(is_mine);
        let mine = mine.unwrap_or_else(|| panic!("{preset} is not among {guesses}"));
        assert_eq!(mine["lacks"], Value::Null, "{provider} {event} lacks nothing but the secret: {mine}");
    }
}
