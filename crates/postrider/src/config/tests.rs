use super::*;
use std::time::Duration;

fn sources(file: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("postrider.toml");
    std::fs::write(&path, file).unwrap();
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let sources = Sources {
        file: Some(path),
        default_file: None,
        variables: variables.iter().map(owned).collect(),
        flags: flags
            .iter()
            .map(|(key, value)| ("--set".to_owned(), (*key).to_owned(), (*value).to_owned()))
            .collect(),
    };
    (dir, sources)
}

/// The problems of a load, one string each, without the changing part of paths.
fn problems(file: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Vec<String> {
    let (dir, sources) = sources(file, variables, flags);
    let dir = format!("{}/", dir.path().display());
    let Err(Problems(problems)) = Config::default().load(&sources) else { return Vec::new() };
    problems.iter().map(|problem| problem.to_string().replace(&dir, "")).collect()
}

#[test]
fn later_layers_win_key_by_key() {
    let file = "listen = '127.0.0.1:1'\n[server]\nheader_timeout = '7s'\nmax_connections = 9\n[limits]\nbody = '2MiB'\n";
    let variables =
        [("POSTRIDER_LISTEN", "127.0.0.1:2"), ("POSTRIDER_SERVER__HEADER_TIMEOUT", "8s"), ("HOME", "/")];
    let (_dir, sources) = sources(file, &variables, &[("listen", "127.0.0.1:3")]);
    let loaded = Config::default().load(&sources).unwrap();
    assert_eq!(loaded.config.general.listen.port(), 3, "an argument wins");
    assert_eq!(loaded.config.server.header_timeout, Duration::from_secs(8), "a variable wins over the file");
    assert_eq!(loaded.config.server.max_connections, 9, "the file wins over the default");
    assert_eq!(loaded.config.limits.body, Size::mebibytes(2));
    assert_eq!(loaded.config.dispatch, Dispatch::default());

    let origin = |key: &str| loaded.rows().into_iter().find(|row| row.key == key).unwrap().origin;
    assert_eq!(origin("listen"), "argument --set");
    assert_eq!(origin("server.header_timeout"), "variable POSTRIDER_SERVER__HEADER_TIMEOUT");
    assert!(origin("server.max_connections").ends_with("postrider.toml:4"));
    assert_eq!(origin("limits.requests"), "default");
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    type Pairs = &'static [(&'static str, &'static str)];
    let cases: &[(&str, Pairs, Pairs, &str)] = &[
        (
            "\n[server]\nheader_timout = '5s'",
            &[],
            &[],
            "postrider.toml:3: there is no key `server.header_timout`; did you mean `server.header_timeout`?",
        ),
        (
            "",
            &[("POSTRIDER_SERVER_HEADER_TIMEOUT", "5s")],
            &[],
            "variable POSTRIDER_SERVER_HEADER_TIMEOUT: there is no key `server_header_timeout`; \
             did you mean `POSTRIDER_SERVER__HEADER_TIMEOUT`?",
        ),
        ("", &[], &[("lisen", "x")], "argument --set: there is no key `lisen`; did you mean `listen`?"),
        ("banana = 1", &[], &[], "postrider.toml:1: there is no key `banana`"),
        ("[listen]\nport = 1", &[], &[], "postrider.toml:2: there is no key `listen.port`"),
    ];
    for (file, variables, flags, wanted) in cases {
        let found = problems(file, variables, flags);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(wanted), "{found:?}");
    }
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let variables = [
        ("POSTRIDER_SERVICE_HOST", "10.0.0.1"),
        ("POSTRIDER_TEST_TOOLS", "target/test-tools"),
        ("POSTRIDER_PORT", "tcp://10.0.0.1:8071"),
        ("POSTRIDER_PORT_8071_TCP_PROTO", "tcp"),
        ("POSTRIDER_CONFIG", "/nonexistent"),
        ("POSTRIDERX", "1"),
    ];
    assert_eq!(problems("", &variables, &[]), [""; 0]);
    let config = Config::default();
    for place in config.keys() {
        let variable = layer::variable(&place.name);
        let entries = layer::variables([(variable.clone(), String::new())].iter());
        assert_eq!(entries.len(), 1, "{variable} must be read");
    }
}

#[test]
fn bad_values_name_their_place_and_are_found_together() {
    let found = problems(
        "listen = 8071\n[dispatch]\ntimeout = '90s'\nmemory = 64\nconcurrency = 1.5",
        &[("POSTRIDER_EGRESS__ALLOW", "10.0.0.0/8,nonsense")],
        &[("log.format", "xml")],
    );
    let text = found.join("\n");
    assert_eq!(found.len(), 6, "{text}");
    for part in [
        "postrider.toml:1: `listen` \"8071\" is not an address with a port",
        "postrider.toml:4: `dispatch.memory` \"64\" is not a size",
        "postrider.toml:5: `dispatch.concurrency` takes text, a number",
        "variable POSTRIDER_EGRESS__ALLOW: `egress.allow` \"nonsense\" is not a network",
        "argument --set: `log.format` \"xml\" is none of",
        "postrider.toml:3: `dispatch.timeout` must be from 1s to 1m",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(problems("listen = ", &[], &[])[0].starts_with("postrider.toml: TOML parse error"));
}

#[test]
fn memory_for_bodies_takes_two_of_the_largest() {
    for (body, memory, fits) in [
        ("1MiB", "2MiB", true),
        ("1MiB", "2047KiB", false),
        ("256MiB", "256MiB", false),
        ("64MiB", "128MiB", true),
    ] {
        let flags = [("limits.body", body), ("server.body_memory", memory)];
        assert_eq!(problems("", &[], &flags).is_empty(), fits, "{body} {memory}");
    }
}

#[test]
fn a_server_on_sqlite_has_both_roles() {
    let postgres = ("store.database", "postgres://localhost/db");
    for (flags, fits) in [
        (&[("node.roles", "api")][..], false),
        (&[("node.roles", "dispatch,api")], true),
        (&[("node.roles", "dispatch"), postgres], true),
    ] {
        assert_eq!(problems("", &[], flags).is_empty(), fits, "{flags:?}");
    }
    let found = problems("", &[("POSTRIDER_NODE__ROLES", "apy")], &[]);
    assert!(found[0].contains("`node.roles` \"apy\" is no role") && found[0].ends_with("did you mean api?"));
}

#[test]
fn secrets_come_from_files_and_stay_hidden() {
    let (dir, mut sources) = sources("", &[], &[]);
    let path = dir.path().join("key");
    std::fs::write(&path, "prk_0123456789012345678901234\n").unwrap();
    let file = path.display().to_string();
    sources.variables = vec![("POSTRIDER_BOOTSTRAP_KEY_FILE".to_owned(), file.clone())];
    let loaded = Config::default().load(&sources).unwrap();
    let key = loaded.config.general.bootstrap_key.as_ref().unwrap();
    assert_eq!(key.expose(), "prk_0123456789012345678901234");
    let shown = format!("{:?}{:?}", loaded.config, loaded.rows());
    assert!(!shown.contains("0123456789"), "{shown}");

    sources.variables.push(("POSTRIDER_BOOTSTRAP_KEY".to_owned(), "prk_x".to_owned()));
    let twice = Config::default().load(&sources).unwrap_err().to_string();
    assert!(twice.contains("`bootstrap_key` is given twice"), "{twice}");

    let short = problems("bootstrap_key = 'tooshort'", &[], &[]);
    assert!(short[0].contains("`bootstrap_key` must have 24") && !short[0].contains("tooshort"), "{short:?}");
    let not_secret = problems("listen_file = 'x'", &[], &[]);
    assert!(not_secret[0].contains("there is no key `listen_file`"), "{not_secret:?}");
    let missing = problems("seal_key_file = '/nonexistent'", &[], &[]);
    assert!(missing[0].starts_with("/nonexistent: "), "{missing:?}");
}

#[test]
fn a_missing_file_is_an_error_only_if_it_was_named() {
    let missing = Some(PathBuf::from("/nonexistent/postrider.toml"));
    let named = Sources { file: missing.clone(), ..Sources::default() };
    assert!(Config::default().load(&named).is_err());
    let default = Sources { default_file: missing, ..Sources::default() };
    assert_eq!(Config::default().load(&default).unwrap().config, Config::default());
}

#[test]
fn the_defaults_hold_and_can_be_written_as_shown() {
    let config = Config::default();
    assert_eq!(check::check(&config), []);
    for place in config.keys() {
        let shown = config.sections()[place.section].show(place.index);
        if !shown.is_empty() {
            let mut again = Config::default();
            let value = Value::Text(shown);
            again.sections_mut()[place.section].set(place.index, &value).expect(&place.name);
            assert_eq!(again, config, "{}", place.name);
        }
    }
}

#[test]
fn commands_are_read_from_a_file() {
    let file = "[exec.deploy]\nprogram = '/bin/true'\narguments = ['--ref', '{payload.ref}', 'a,b']\n\
                environment = ['A={header.x}']\ntimeout = '5s'\ninput = 'none'\nmemory = '64MiB'\n";
    let (_dir, sources) = sources(file, &[], &[]);
    let loaded = Config::default().load(&sources).unwrap();
    let command = &loaded.config.exec["deploy"];
    assert_eq!(command.arguments.0, ["--ref", "{payload.ref}", "a,b"]);
    assert_eq!((command.timeout, command.concurrency), (Duration::from_secs(5), 1));
    let row = loaded.rows().into_iter().find(|row| row.key == "exec.deploy.arguments").unwrap();
    assert_eq!(row.value, r#""--ref", "{payload.ref}", "a,b""#);
    assert!(row.origin.ends_with("postrider.toml:3"), "{}", row.origin);
}

#[test]
fn commands_come_from_a_file_alone() {
    for (variables, flags) in [
        (&[("POSTRIDER_EXEC__DEPLOY__PROGRAM", "/bin/sh")][..], &[][..]),
        (&[], &[("exec.deploy.program", "/bin/sh")]),
    ] {
        let found = problems("", variables, flags);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("can be set in the configuration file alone"), "{found:?}");
    }
    let file = "[exec.deploy]\nprogram = '/bin/true'\n";
    let found = problems(file, &[("POSTRIDER_EXEC__DEPLOY__ARGUMENTS", "x")], &[]);
    assert!(found[0].contains("file alone"), "not even for one that the file has: {found:?}");
}

#[test]
fn what_is_wrong_with_a_command_is_told_where_it_stands() {
    for (table, wanted) in [
        ("[exec.a]\ntimeout = '5s'", "postrider.toml:2: `exec.a.program` must be an absolute path"),
        ("[exec.a]\nprogram = 'sh'", "postrider.toml:2: `exec.a.program` must be an absolute path"),
        ("[exec.A]\nprogram = '/x'", "postrider.toml:2: `exec.A.program` has a name"),
        (
            "[exec.a]\nprogramm = '/x'",
            "postrider.toml:2: there is no key `exec.a.programm`; did you mean `exec.a.program`?",
        ),
        ("[exec.a]\nprogram = '/x'\narguments = '-x'", "postrider.toml:3: `exec.a.arguments` takes a list"),
        ("[exec.a]\nprogram = '/x'\narguments = ['{nothing}']", "postrider.toml:3: `exec.a.arguments` has"),
        (
            "[exec.a]\nprogram = '/x'\nenvironment = ['A']",
            "postrider.toml:3: `exec.a.environment` has \"A\", which is not NAME=VALUE",
        ),
        (
            "[exec.a]\nprogram = '/x'\nenvironment = ['POSTRIDER_X=1']",
            "postrider.toml:3: `exec.a.environment` has",
        ),
        ("[exec.a]\nprogram = '/x'\nallow = ['app:*']", "postrider.toml:3: `exec.a.allow` has"),
        ("[exec.a]\nprogram = '/x'\ntimeout = '11m'", "postrider.toml:3: `exec.a.timeout` must be"),
        ("[exec.a]\nprogram = '/x'\nconcurrency = 0", "postrider.toml:3: `exec.a.concurrency` must be"),
        ("[exec.a]\nprogram = '/x'\nmax_output = '17KiB'", "postrider.toml:3: `exec.a.max_output` must be"),
        ("[exec.a]\nprogram = '/x'\ninput = 'all'", "postrider.toml:3: `exec.a.input` \"all\" is neither"),
    ] {
        let found = problems(table, &[], &[]);
        assert_eq!(found.len(), 1, "{table}: {found:?}");
        assert!(found[0].starts_with(wanted), "{found:?}");
    }
}
