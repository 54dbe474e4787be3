//! `postrider trigger`: what it sends, what it refuses, and how it ends.

use std::process::Command;

use super::Tool;
use crate::support::{Answer, Receiver, free_port, skip};

const SECRET: &str = "a secret of a test";

/// The arguments of a push to `to`, and more.
async fn push(to: &str, more: &[&str]) -> Tool {
    let push = ["trigger", "github", "push", "--to", to, "--secret", SECRET];
    Tool::run(&[&push[..], more].concat()).await
}

#[tokio::test]
async fn what_is_sent_is_what_was_asked_for() {
    let receiver = Receiver::start().await;
    let to = receiver.url("/hook");
    let at = ["--id", "my-id", "--at", "2026-01-01T00:01:00Z"];
    let set = ["--set", "ref=refs/heads/x", "--set", "commits[0].distinct=false"];
    let header = ["--header", "X-Extra: 1", "-H", "x-github-event: other", "-H", "Accept:"];
    push(&to, &[&at[..], &set, &header].concat()).await.ends(0);
    let came = receiver.requests().pop().unwrap();
    assert_eq!(came.method, "POST");
    for (name, value) in [
        ("x-github-delivery", "my-id"),
        ("x-github-event", "other"),
        ("x-extra", "1"),
        ("accept", ""),
        ("content-type", "application/json"),
    ] {
        assert_eq!(came.header(name), value, "{name}");
    }
    assert!(came.header("user-agent").starts_with("Postrider/"));
    let body = came.json();
    assert_eq!(body["ref"], "refs/heads/x");
    assert_eq!(body["commits"][0]["distinct"], false);
    assert_eq!(body["head_commit"]["timestamp"], "2026-01-01T00:00:00Z", "a minute before");
    let verified = Tool::verify("github", &came, &["--secret", SECRET]).await;
    assert_eq!(verified.code, Some(0), "changed and replaced before it was signed: {verified:?}");
}

#[tokio::test]
async fn each_request_of_several_is_another_delivery() {
    let receiver = Receiver::start().await;
    let told = push(&receiver.url("/"), &["--count", "3", "--output", "json"]).await.json(0);
    let mut ids: Vec<_> =
        receiver.requests().iter().map(|one| one.header("x-github-delivery").to_owned()).collect();
    let listed: Vec<_> = told["sent"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(listed, ids);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn it_ends_well_only_if_every_answer_is_2xx() {
    let receiver = Receiver::start().await;
    for (status, code) in [(200, 0), (204, 0), (302, 1), (401, 1), (500, 1)] {
        let moved = receiver.url("/elsewhere");
        receiver.script("/", [Answer::status(status).header("location", moved).body("well,\nwell")]);
        let told = push(&receiver.url("/"), &[]).await.ends(code);
        assert!(told.contains(&status.to_string()), "{told}");
        assert!(status == 204 || told.contains("well,\\nwell"), "{told}");
    }
    assert_eq!(receiver.at("/elsewhere").len(), 0, "a redirect is not followed");
    receiver.script("/", [Answer::status(500), Answer::status(200)]);
    push(&receiver.url("/"), &["--count", "2"]).await.ends(1);

    let nobody = format!("http://127.0.0.1:{}/", free_port());
    let told = push(&nobody, &["--count", "5", "--output", "json"]).await.json(1);
    assert_eq!(told["sent"].as_array().unwrap().len(), 1, "nobody is asked once: {told}");
}

#[tokio::test]
async fn a_path_that_leads_nowhere_sends_nothing() {
    let receiver = Receiver::start().await;
    let stripe = ["trigger", "stripe", "invoice.paid", "--to", &receiver.url("/"), "--secret", "s"];
    for (set, said) in [
        ("data.object.custommer=cus_1", "did you mean `data.object.customer`?"),
        ("data.object.lines.data[1].amount=1", "did you mean `data.object.lines.data[0].amount`?"),
        ("amount_due=1", "did you mean `data.object.amount_due`?"),
        ("data..object=1", "is not a path"),
        ("data", "is not PATH=VALUE"),
    ] {
        let told = Tool::run(&[&stripe[..], &["--set", set]].concat()).await.refused();
        assert!(told.contains(said), "{set}: {told}");
    }
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_says_what_would() {
    let to = "http://127.0.0.1:3000/";
    for (arguments, said) in [
        (&["trigger"][..], "<PROVIDER>"),
        (&["trigger", "gihtub", "push", "--to", to, "--secret", "s"], "did you mean `github`?"),
        (&["trigger", "github", "psuh", "--to", to, "--secret", "s"], "pull_request, push, release"),
        (&["trigger", "github", "push", "--secret", "s"], "--to"),
        (&["trigger", "github", "push", "--to", to], "--secret or --secret-file"),
        (&["trigger", "github", "push", "--to", to, "--secret", ""], "must not be empty"),
        (&["trigger", "github", "push", "--to", to, "--secret-file", "/nowhere/s"], "/nowhere/s"),
        (&["trigger", "github", "push", "--to", "ftp://x/", "--secret", "s"], "http"),
        (&["trigger", "github", "push", "--to", "http://10.0.0.1/", "--secret", "s"], "--allow"),
        (&["trigger", "github", "push", "--to", "http://169.254.169.254/", "--secret", "s"], "--allow"),
        (&["trigger", "github", "push", "--to", to, "--secret", "s", "-H", "no header"], "NAME: VALUE"),
        (&["trigger", "github", "push", "--to", to, "--secret", "s", "--at", "soon"], "2026-01-31T12:00:00Z"),
    ] {
        let told = Tool::run(arguments).await.refused();
        assert!(told.contains(said), "{arguments:?}: {told}");
    }
}

#[tokio::test]
async fn the_printed_curl_works_as_printed() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skip("there is no curl");
    }
    let receiver = Receiver::start().await;
    for (preset, provider, event, set) in [
        ("github", "github", "push", "ref=it's $HOME, `quoted` and \"so on\""),
        ("stripe", "stripe", "invoice.paid", "data.object.customer_name=ü'\\n"),
        ("twilio", "twilio", "sms.incoming", "Body=@file & 'more' = 100 %"),
        ("slack", "slack", "slash_command", "text=a+b"),
    ] {
        let to = receiver.url(&format!("/{provider}"));
        let dry = ["trigger", provider, event, "--to", &to, "--secret", SECRET, "--set", set, "--dry-run"];
        let printed = Tool::run(&dry).await.ends(0);
        assert_eq!(receiver.at(&format!("/{provider}")).len(), 0, "nothing is sent");
        assert!(!printed.contains(SECRET));
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("{} --fail", printed.trim_end())]);
        Tool::of(shell, b"").await.ends(0);
        let came = receiver.at(&format!("/{provider}")).pop().unwrap();
        let verified = Tool::verify(preset, &came, &["--url", &to, "--secret", SECRET]).await;
        assert_eq!(verified.code, Some(0), "{provider}: {verified:?}");
    }
}

#[tokio::test]
async fn the_signed_url_may_be_another_than_the_one_called() {
    let receiver = Receiver::start().await;
    let known = "https://hooks.example.com/sms?a=b";
    let sms =
        ["trigger", "twilio", "sms.status", "--to", &receiver.url("/"), "--secret", SECRET, "--url", known];
    Tool::run(&sms).await.ends(0);
    let came = receiver.requests().pop().unwrap();
    Tool::verify("twilio", &came, &["--secret", SECRET, "--url", known]).await.ends(0);
    let told = Tool::verify("twilio", &came, &["--secret", SECRET, "--url", &receiver.url("/")]).await;
    assert_eq!(told.code, Some(1), "{told:?}");
}
