use super::*;

fn one(hook: Value) -> Plan {
    let mut hook = hook;
    let object = hook.as_object_mut().unwrap();
    object.entry("id").or_insert_with(|| "deploy".into());
    object.entry("execute-command").or_insert_with(|| "/bin/true".into());
    let mut plans = plans(Path::new("hooks.json"), &json!([hook]).to_string()).unwrap();
    assert_eq!(plans.len(), 1);
    plans.remove(0)
}

fn with_rule(rule: &Value) -> Plan {
    one(json!({ "trigger-rule": rule }))
}

fn hmac(kind: &str, header: &str, secret: &str) -> Value {
    json!({"match": {"type": kind, "secret": secret, "parameter": {"source": "header", "name": header}}})
}

fn value(source: &str, name: &str, value: &str) -> Value {
    json!({"match": {"type": "value", "value": value, "parameter": {"source": source, "name": name}}})
}

#[test]
fn signatures_become_the_check_and_the_rest_a_filter() {
    let branch = value("payload", "ref", "refs/heads/main");
    let main = json!({"value": "payload.ref", "equals": "refs/heads/main"});
    let (sha256, config) = ("payload-hmac-sha256", json!({"secret": "s"}));
    let of = |header: &str| json!({"secret": "s", "settings": {"header": header}});
    for (rule, kind, config, filter) in [
        (hmac(sha256, "X-Hub-Signature-256", "s"), "github", config.clone(), None),
        (hmac("payload-hash-sha256", "X-Signature", "s"), "hmac-sha256", of("x-signature"), None),
        (hmac("payload-hmac-sha1", "X-Hub-Signature", "s"), "hmac-sha1", of("x-hub-signature"), None),
        (hmac("payload-hmac-sha512", "X-Sig", "s"), "hmac-sha512", of("x-sig"), None),
        (json!({"match": {"type": "scalr-signature", "secret": "s"}}), "scalr", config.clone(), None),
        (
            json!({"and": [hmac(sha256, "X-Hub-Signature-256", "s"), branch]}),
            "github",
            config.clone(),
            Some(main.clone()),
        ),
        (
            json!({"or": [hmac(sha256, "X-Hub-Signature-256", "s"), hmac(sha256, "x-hub-signature-256", "t")]}),
            "github",
            json!({"secret": "s", "secrets": ["t"]}),
            None,
        ),
        (branch.clone(), "generic-webhook", json!({}), Some(main.clone())),
        (
            json!({"or": [branch, {"match": {"type": "regex", "regex": "^v\\d+$", "parameter": {"source": "url", "name": "tag"}}}]}),
            "generic-webhook",
            json!({}),
            Some(json!({"any": [main, {"value": "query.tag", "matches": "^v\\d+$"}]})),
        ),
        (
            json!({"match": {"type": "ip-whitelist", "ip-range": "192.0.2.0/24 198.51.100.7"}}),
            "generic-webhook",
            json!({}),
            Some(json!({"value": "remote", "inNetworks": ["192.0.2.0/24", "198.51.100.7"]})),
        ),
        (
            json!({"not": value("header", "X-Event", "ping")}),
            "generic-webhook",
            json!({}),
            Some(json!({"all": [
                {"value": "header.x-event", "exists": true},
                {"not": {"value": "header.x-event", "equals": "ping"}},
            ]})),
        ),
    ] {
        let plan = with_rule(&rule);
        let source = plan.source.as_ref().unwrap_or_else(|| panic!("{rule}: {plan:?}"));
        assert_eq!((&*source.kind, Value::Object(source.config.clone())), (kind, config), "{rule}");
        assert_eq!(plan.filter, filter, "{rule}");
        assert!(plan.is_whole(), "{rule}: {plan:?}");
    }
}

#[test]
fn what_would_be_checked_less_is_refused() {
    let sha256 = "payload-hmac-sha256";
    let signed = hmac(sha256, "X-Sig", "s");
    let mut over_headers = signed.clone();
    over_headers["match"]["parameter"]["headers-to-add-to-signature-payload"] = json!(["Date"]);
    let mut in_payload = signed.clone();
    in_payload["match"]["parameter"]["source"] = json!("payload");
    for (rule, word) in [
        (json!({}), "never triggers"),
        (json!({"or": []}), "never triggers"),
        (json!({"and": []}), "empty"),
        (json!({"xor": []}), "xor"),
        (json!({"or": [signed, value("url", "token", "42")]}), "`or`"),
        (json!({"not": signed}), "`not`"),
        (json!({"and": [signed, hmac(sha256, "X-Other", "s")]}), "two signatures"),
        (json!({"or": [signed, hmac("payload-hmac-sha1", "X-Sig", "s")]}), "several kinds"),
        (over_headers, "over headers"),
        (in_payload, "header"),
        (hmac(sha256, "X-Sig", ""), "no secret"),
        (json!({"match": {"type": "magic"}}), "magic"),
        (
            json!({"match": {"type": "regex", "regex": "(?P<", "parameter": {"source": "url", "name": "a"}}}),
            "no filter",
        ),
        (json!({"match": {"type": "ip-whitelist", "ip-range": "here"}}), "no filter"),
        (value("context", "a", "b"), "context"),
    ] {
        let plan = with_rule(&rule);
        assert!(plan.source.is_none() && plan.command.is_none(), "{rule}: {plan:?}");
        assert!(plan.refused.as_ref().is_some_and(|why| why.contains(word)), "{rule}: {plan:?}");
    }
}

#[test]
fn a_command_keeps_its_arguments_environment_and_directory() {
    let plan = one(json!({
        "id": "Deploy App",
        "execute-command": "/srv/deploy.sh",
        "command-working-directory": "/srv",
        "pass-arguments-to-command": [
            {"source": "string", "name": "--ref={x}"},
            {"source": "payload", "name": "commits.0.id"},
            {"source": "header", "name": "X-Event"},
            {"source": "entire-payload"},
        ],
        "pass-environment-to-command": [
            {"source": "url", "name": "q", "envname": "QUERY"},
            {"source": "payload", "name": "pusher.name"},
        ],
    }));
    assert_eq!(plan.uid, "Deploy-App");
    let command = plan.command.as_ref().unwrap();
    assert_eq!((&*command.name, &*command.program), ("deploy-app", "/srv/deploy.sh"));
    assert_eq!(command.directory.as_deref(), Some("/srv"));
    assert_eq!(command.arguments, ["--ref={{x}}", "{payload.commits[0].id}", "{header.x-event}", "{body}"]);
    assert_eq!(command.environment, ["QUERY={query.q}", "HOOK_pusher.name={payload.pusher.name}"]);
    assert!(plan.is_whole(), "{plan:?}");
}

#[test]
fn nothing_is_dropped_silently() {
    let whole = [
        ("response-message", json!("ok")),
        ("response-headers", json!([{"name": "a", "value": "b"}])),
        ("success-http-response-code", json!(201)),
        ("trigger-rule-mismatch-http-response-code", json!(400)),
        ("include-command-output-in-response", json!(true)),
        ("incoming-payload-content-type", json!("application/json")),
        ("trigger-signature-soft-failures", json!(true)),
    ];
    for (name, given) in whole {
        let plan = one(json!({name: given}));
        assert!(plan.notes.iter().any(|note| note.contains(name)) && plan.is_whole(), "{name}: {plan:?}");
    }
    for (name, given, word) in [
        (
            "parse-parameters-as-json",
            json!([{"source": "payload", "name": "payload"}]),
            "parse-parameters-as-json",
        ),
        ("pass-file-to-command", json!([{"source": "entire-payload", "envname": "FILE"}]), "standard input"),
        (
            "pass-file-to-command",
            json!([{"source": "payload", "name": "file", "base64decode": true}]),
            "decode",
        ),
        ("http-methods", json!(["GET", "POST"]), "GET"),
        ("execute-command", json!("deploy.sh"), "absolute"),
        ("command-working-directory", json!("work"), "absolute"),
        ("pre-hook-command", json!("/bin/x"), "pre-hook-command"),
    ] {
        let plan = one(json!({name: given}));
        assert!(plan.left.iter().any(|left| left.contains(word)) && !plan.is_whole(), "{name}: {plan:?}");
        assert!(plan.source.is_some(), "{name}: {plan:?}");
    }
    let plan = one(json!({"http-methods": ["post "]}));
    assert_eq!(plan.filter, Some(json!({"value": "method", "in": ["POST"]})));
    let relative = one(json!({"execute-command": "./deploy.sh", "command-working-directory": "/srv"}));
    assert_eq!(relative.command.unwrap().program, "/srv/deploy.sh");
    let bad = one(json!({"pass-environment-to-command": [{"source": "url", "name": "q", "envname": "A=B"}]}));
    assert!(
        bad.command.is_some_and(|command| command.environment == ["A=B={query.q}"]),
        "as the tool has it"
    );
}

#[test]
fn files_are_json_or_yaml_and_never_templates() {
    let yaml = "- id: deploy\n  execute-command: /bin/true\n  trigger-rule:\n    match:\n      type: value\n      value: 42\n      \
                parameter: {source: url, name: token}\n";
    let read = plans(Path::new("hooks.yaml"), yaml).unwrap();
    assert_eq!(read[0].filter, Some(json!({"value": "query.token", "equals": "42"})));
    assert!(plans(Path::new("hooks.yaml"), "").unwrap().is_empty());
    for (name, text, words) in [
        (
            "hooks.json",
            "[\n {\"id\": \"a\",\n \"x\": \"{{ getenv \\\"S\\\" }}\"}]",
            "line 3: `{{` is a Go template",
        ),
        ("hooks.yaml", "- id: a\n  response-message: {{ .X }}\n", "line 2: `{{` is a Go template"),
        ("hooks.json", "{\"id\": \"a\"}", "must be a list"),
        ("hooks.json", "[{}]", "hook 1: has no id"),
        ("hooks.json", "[{\"id\": 7}]", "hook 1: id"),
        ("hooks.json", "[", "is no JSON"),
        ("hooks.yaml", "a: [", "is no YAML"),
    ] {
        let told = plans(Path::new(name), text).unwrap_err();
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn entries_that_would_overwrite_one_another_are_refused() {
    let hook = |id: &str| json!({"id": id, "execute-command": "/bin/true"});
    let text = json!([hook("a b"), hook("a-b"), hook("A.B"), hook("c")]).to_string();
    let mut plans = plans(Path::new("hooks.json"), &text).unwrap();
    super::super::plan::keep_apart(&mut plans);
    let refused: Vec<_> = plans.iter().map(|plan| plan.refused.is_some()).collect();
    assert_eq!(refused, [false, true, true, false], "{plans:?}");
}
