//! A database that cannot be used: the server says which it is and what mends it, and never the password.

use std::path::Path;
use std::sync::Arc;

use crate::support::{Binary, Database, Exit, KEY, free_port, run, skip};

/// Starts a server, which must end by itself with `code`, and gives what it said.
async fn refused(data: &Path, url: &str, more: &[&str], code: i32) -> String {
    let serve = ["serve", "--listen", "127.0.0.1:0", "--database", url];
    let ended: Exit = run(data, &[&serve[..], more].concat()).await;
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.stdout, "", "nothing was begun");
    ended.stderr
}

/// The arguments that give the database's password.
fn password(database: &Database) -> Vec<String> {
    let password = database.place().password();
    password.into_iter().flat_map(|text| ["--set".to_owned(), format!("store.password={text}")]).collect()
}

#[tokio::test]
async fn a_server_that_is_not_there_or_has_no_tls() {
    let Some(database) = Database::fresh() else { return };
    let data = tempfile::tempdir().unwrap();
    let nobody = format!("postgres://postrider@127.0.0.1:{}/postrider", free_port());
    let said = refused(data.path(), &nobody, &["--set", "store.password=hush-hush"], 69).await;
    assert!(said.contains("failed to connect to the database") && said.contains("sslmode"), "{said}");
    assert!(!said.contains("hush-hush"), "{said}");

    let roots = data.path().join("ca.pem");
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&roots, signed.cert.pem()).unwrap();
    let url = format!("{}?sslmode=verify-full&sslrootcert={}", database.place().url(), roots.display());
    let said = refused(data.path(), &url, &[], 69).await;
    assert!(
        said.contains("failed to connect to the database") && said.contains("does not support TLS"),
        "{said}"
    );
}

#[tokio::test]
async fn a_wrong_password() {
    let Some(database) = Database::fresh() else { return };
    if database.place().password().is_none() {
        return skip("the PostgreSQL server trusts everybody");
    }
    let data = tempfile::tempdir().unwrap();
    let url = database.place().url();
    let said = refused(data.path(), &url, &["--set", "store.password=hush-hush"], 69).await;
    assert!(said.contains("password authentication failed"), "{said}");
    assert!(!said.contains("hush-hush"), "{said}");

    let missing = data.path().join("password");
    let setting = format!("store.password_file={}", missing.display());
    let said = refused(data.path(), &url, &["--set", &setting], 1).await;
    assert!(said.contains("failed to read the password file"), "{said}");
}

#[tokio::test]
async fn a_password_in_the_url() {
    let data = tempfile::tempdir().unwrap();
    for url in ["postgres://u:hush-hush@127.0.0.1/db", "postgres://u@127.0.0.1/db?password=hush-hush"] {
        let said = refused(data.path(), url, &[], 78).await;
        assert!(said.contains("store.password_file") && !said.contains("hush-hush"), "{said}");
    }
    for url in ["mysql://u:hush-hush@127.0.0.1/db", "postgres://u@127.0.0.1/db?sslmode=prefer"] {
        let said = refused(data.path(), url, &[], 78).await;
        assert!(!said.contains("hush-hush"), "{said}");
    }
}

#[tokio::test]
async fn a_database_that_does_not_wait_for_the_disk() {
    let Some(database) = Database::fresh() else { return };
    let data = tempfile::tempdir().unwrap();
    database.place().run(&format!("ALTER DATABASE {} SET synchronous_commit = off", database.name()));
    let password = password(&database);
    let password: Vec<_> = password.iter().map(String::as_str).collect();
    let said = refused(data.path(), &database.place().url(), &password, 1).await;
    assert!(said.contains("synchronous_commit is off") && said.contains("ALTER ROLE"), "{said}");
}

#[tokio::test]
async fn another_sealing_key_and_a_newer_schema() {
    let Some(database) = Database::fresh() else { return };
    let variables = database.place().variables();
    let mut variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    variables.push(("POSTRIDER_BOOTSTRAP_KEY", KEY));
    let first = Arc::new(tempfile::tempdir().unwrap());
    Binary::start(&["serve"], &variables, Arc::clone(&first)).await.kill();

    let (other, url) = (tempfile::tempdir().unwrap(), database.place().url());
    let password = password(&database);
    let password: Vec<_> = password.iter().map(String::as_str).collect();
    let said = refused(other.path(), &url, &password, 1).await;
    assert!(said.contains("not the seal key") && said.contains("set `seal_key`"), "{said}");

    database.place().run(
        "INSERT INTO postrider.migration (version, name, checksum) VALUES (99, 'later', '');
         UPDATE postrider.meta SET number = 99 WHERE name = 'schema_min'",
    );
    let said = refused(first.path(), &url, &password, 1).await;
    assert!(said.contains("knows version 99") && said.contains("use a newer one"), "{said}");
}
