//! Mistakes: each ends with its exit code, and says what to do instead.

use std::sync::Arc;

use crate::support::{Binary, run};

/// What `arguments` say to stderr, after the test has failed if they do not end with `code`.
async fn refused(arguments: &[&str], code: i32) -> String {
    let data = tempfile::tempdir().unwrap();
    let told = run(data.path(), arguments).await;
    assert_eq!(told.code, Some(code), "{arguments:?}: {told:?}");
    assert_eq!(told.stdout, "", "{arguments:?}");
    told.stderr
}

#[tokio::test]
async fn arguments_that_make_no_sense() {
    for (arguments, says) in [
        (&["serve", "--listen", "8071"][..], "such as 127.0.0.1:8071"),
        (&["serve", "--listen", "127.0.0.1:99999"], "such as 127.0.0.1:8071"),
        (&["serve", "--lissten", "127.0.0.1:1"], "'--listen'"),
        (&["sreve"], "'serve'"),
        (&["serve", "--set", "dispatch.timeout"], "is not KEY=VALUE"),
        (&["key", "create"], "--name"),
        (&["key", "create", "--name", "x", "--expires", "soon"], "such as 12h or 30d"),
    ] {
        let said = refused(arguments, 2).await;
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let server = Binary::serve().await;
    let said = refused(&["serve", "--listen", &server.address.to_string()], 75).await;
    assert!(said.contains("failed to listen on 127.0.0.1:") && said.contains("`--listen`"), "{said}");
}

#[tokio::test]
async fn a_data_directory_in_use() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let server = Binary::start(&["dev"], &[], data).await;
    let told = run(server.data.path(), &["dev", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(told.code, Some(75), "{told:?}");
    assert!(told.stderr.contains("another process is using it"), "{told:?}");
    assert!(told.stderr.contains("postrider doctor"), "{told:?}");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_one() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let said = refused(&["serve", "--data-dir", path.to_str().unwrap()], 1).await;
        assert!(said.contains("failed to use the data directory"), "{said}");
        assert!(said.to_lowercase().contains("not a directory") && said.contains("`--data-dir`"), "{said}");
    }
    let absent = place.path().join("absent");
    let said = refused(&["key", "list", "--data-dir", absent.to_str().unwrap()], 3).await;
    assert!(said.contains("there is no data directory") && said.contains("postrider dev"), "{said}");
    assert!(!absent.exists(), "a misspelt path makes nothing");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("postrider.toml");
    let shown = file.to_str().unwrap();
    let check = ["config", "check", "--config", shown];
    for (text, says) in [
        ("listen = \"127.0.0.1:1\"\n[dispatch\n", &["postrider.toml", "line 2"][..]),
        ("[dispatch]\ntimeout = \"5s\"\ntimeout = \"6s\"\n", &["postrider.toml", "line 3", "duplicate key"]),
        (
            "listen = \"8071\"\n[dispatch]\ntimeout = \"soon\"\nspeed = 1\n[nowhere]\na = 1\n",
            &[
                "postrider.toml:1: `listen` \"8071\" is not",
                "postrider.toml:3: `dispatch.timeout` \"soon\" is not a duration",
                "postrider.toml:4: there is no key `dispatch.speed`",
                "postrider.toml:6: there is no key `nowhere.a`",
            ],
        ),
        ("[dispatch]\nconcurrency = 0\n", &["postrider.toml:2: `dispatch.concurrency` must be"]),
        ("seal_key = \"hush-hush\"\n", &["postrider.toml:1: `seal_key` must be 32 bytes"]),
        ("[metrics]\ntoken_file = \"/nowhere/token\"\n", &["/nowhere/token"]),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = refused(&check, 78).await;
        for part in says {
            assert!(said.contains(part), "{text}: {part}\n{said}");
        }
        assert!(!said.contains("hush-hush"), "a secret is not told: {said}");
        assert_eq!(refused(&["serve", "--config", shown], 78).await, said, "the server says the same");
    }
    std::fs::remove_file(&file).unwrap();
    assert!(refused(&check, 78).await.contains("postrider.toml: No such file"));
    std::fs::write(&file, b"listen = \"\xff\"\n").unwrap();
    assert!(refused(&check, 78).await.contains("postrider.toml"));
}
