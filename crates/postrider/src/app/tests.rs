use std::path::Path;

use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use postrider_core::scope::SystemScope;
use serde_json::json;

use super::control::BackupLine;
use super::*;
use crate::cli::remote;
use crate::config::Size;

fn config(data_dir: &Path) -> Config {
    let mut config = Config::default();
    config.general.data_dir = data_dir.to_owned();
    config.general.listen = "127.0.0.1:0".parse().unwrap();
    config.store.min_free = Size::mebibytes(0);
    config
}

async fn control(data_dir: &Path, path: &str) -> Reply {
    let stream = remote::connect(data_dir).await.expect("the control socket");
    remote::call(stream, Method::GET, path, None, None).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_stops_and_starts_again_with_what_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(config(dir.path()), Overrides::default()).await.unwrap();
    let key = first.first_key.clone().expect("the first start makes a key");
    let identity = first.context.keyring.identify(key.expose(), first.context.now()).await.unwrap();
    assert_eq!(identity, Some(Identity::environment_key(first.environment)));
    for path in ["/livez", "/healthz", "/readyz?verbose", "/metrics"] {
        assert_eq!(control(dir.path(), path).await.status, StatusCode::OK, "{path}");
    }
    let environment = first.environment;
    first.stop().await.unwrap();
    assert!(!dir.path().join(CONTROL_SOCKET).exists());

    let second = start(config(dir.path()), Overrides::default()).await.unwrap();
    assert!(second.first_key.is_none(), "there is a key already");
    assert_eq!(second.environment, environment);
    let identity = second.context.keyring.identify(key.expose(), second.context.now()).await.unwrap();
    assert_eq!(identity, Some(Identity::environment_key(environment)));
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_run_side_by_side_but_not_in_one_directory() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = start(config(one.path()), Overrides::default()).await.unwrap();
    let second = start(config(other.path()), Overrides::default()).await.unwrap();
    let third = start(config(one.path()), Overrides::default()).await;
    let locked = matches!(third, Err(StartError::Open(postrider_store::sqlite::OpenError::Locked(_))));
    assert!(locked, "the directory is held");
    let about = control(one.path(), "/control").await.body;
    assert_eq!(about["address"], json!(first.address.to_string()), "its socket is still that of the first");
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bootstrap_key_is_added_and_never_brought_back() {
    let dir = tempfile::tempdir().unwrap();
    let with = |key: &str| {
        let mut config = config(dir.path());
        config.general.bootstrap_key = Some(key.to_owned().into());
        config
    };
    let (one, other) = ("prk_the-first-bootstrap-key", "prk_another-bootstrap-key");
    let running = start(with(one), Overrides::default()).await.unwrap();
    assert!(running.first_key.is_none());
    let scope = SystemScope::assume().instance();
    let keys = running.context.store.keys(scope).await.unwrap();
    assert_eq!(keys.len(), 1);
    running.context.store.revoke_key(scope, keys[0].id, running.context.now()).await.unwrap();
    running.stop().await.unwrap();

    for key in [one, other, other] {
        start(with(key), Overrides::default()).await.unwrap().stop().await.unwrap();
    }
    let opened = open(with(one), Overrides::default()).await.unwrap();
    let now = opened.context.now();
    let identify = |key| opened.context.keyring.identify(key, now);
    assert_eq!(identify(one).await.unwrap(), None, "revoked stays revoked");
    assert_eq!(identify(other).await.unwrap(), Some(Identity::environment_key(opened.environment)));
    assert_eq!(opened.context.store.keys(scope).await.unwrap().len(), 2);
    opened.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_makes_backups_over_its_socket() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(config(dir.path()), Overrides::default()).await.unwrap();
    let to = dir.path().join("copy.db");
    for (path, is_made) in [(to.as_path(), true), (to.as_path(), false)] {
        let stream = remote::connect(dir.path()).await.unwrap();
        let request = json!({ "to": path });
        let answer =
            remote::send(stream, Method::POST, "/control/backup", None, Some(&request)).await.unwrap();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        let last = text.trim_ascii().rsplit(|byte| *byte == b'\n').next().unwrap();
        let is_finished = matches!(serde_json::from_slice(last).unwrap(), BackupLine::Finished);
        assert_eq!(is_finished, is_made, "{}", String::from_utf8_lossy(&text));
    }
    assert!(to.metadata().unwrap().len() > 0);
    running.stop().await.unwrap();
}
