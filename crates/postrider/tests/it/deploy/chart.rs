//! The chart, rendered by Helm's own library and held against the schemas of Kubernetes.

use serde_json::{Value, json};

use super::commands::exists;
use super::files::{Image, words};
use super::rendered::render;
use super::settings::{of_container, shown};

/// Values for PostgreSQL, with `more` over them.
fn postgres(more: Value) -> Value {
    let mut values = json!({
        "database": "postgres://postrider@db.example:5432/postrider?sslmode=verify-full",
        "replicas": 3,
        "existingSecret": { "name": "postrider" },
    });
    let Value::Object(more) = more else { panic!("values are an object") };
    values.as_object_mut().unwrap().extend(more);
    values
}

/// Everything that can be switched on with either engine.
fn everything() -> Value {
    json!({
        "existingSecret": { "name": "postrider" },
        "imagePullSecrets": [{ "name": "registry" }],
        "databaseCa": { "configMap": "authorities" },
        "settings": { "dispatch.timeout": "20s", "egress.allow": "10.1.0.0/16,10.2.0.0/16" },
        "persistence": { "storageClass": "fast", "annotations": { "a": "b" }, "backupClaim": "backups" },
        "ingress": { "enabled": true, "className": "nginx", "hosts": ["hooks.example"], "annotations": { "a": "b" },
            "tls": [{ "hosts": ["hooks.example"], "secretName": "tls" }] },
        "gateway": { "enabled": true, "parentRefs": [{ "name": "public" }], "hostnames": ["hooks.example"] },
        "serviceMonitor": { "enabled": true, "labels": { "release": "prometheus" } },
        "networkPolicy": { "enabled": true, "ingressFrom": [{ "podSelector": {} }],
            "databaseTo": [{ "ipBlock": { "cidr": "10.9.0.0/16" } }],
            "extraEgress": [{ "to": [{ "ipBlock": { "cidr": "10.1.0.0/16" } }] }] },
        "service": { "annotations": { "a": "b" } },
        "serviceAccount": { "name": "hooks", "annotations": { "a": "b" } },
        "podAnnotations": { "a": "b" }, "podLabels": { "team": "hooks" },
        "priorityClassName": "high", "nodeSelector": { "disk": "ssd" },
        "tolerations": [{ "key": "hooks", "operator": "Exists" }], "affinity": { "nodeAffinity": {} },
        "image": { "digest": format!("sha256:{}", "0".repeat(64)) },
    })
}

#[test]
fn makes_objects_that_kubernetes_takes() {
    let scaled = postgres(json!({ "autoscaling": { "enabled": true } }));
    let cases = json!({
        "sqlite": {}, "sqlite, everything": everything(),
        "postgres": postgres(json!({})), "postgres, everything": postgres(everything()), "scaled": scaled,
    });
    let Some(answer) = render(&cases) else { return };
    assert_eq!(answer.lint, [""; 0]);
    for (name, case) in &answer.cases {
        assert_eq!((&case.schema, &case.template), (&None, &None), "{name}");
        assert_eq!(case.problems, [""; 0], "{name}");
        let (server, health) =
            (&case.pod()["containers"][0], case.objects.iter().find(|object| object["kind"] == "Pod"));
        shown(&of_container(server));
        exists(&words(&server["args"]));
        exists(&words(&health.unwrap()["spec"]["containers"][0]["args"]));
    }
    let network = ["HTTPRoute", "Ingress", "NetworkPolicy"];
    for (name, own, more) in [
        ("sqlite", &["StatefulSet"][..], &[][..]),
        ("sqlite, everything", &["StatefulSet", "ServiceMonitor"], &network),
        ("postgres", &["Deployment", "PodDisruptionBudget"], &[]),
        ("postgres, everything", &["Deployment", "PodDisruptionBudget", "ServiceMonitor"], &network),
        ("scaled", &["Deployment", "PodDisruptionBudget", "HorizontalPodAutoscaler"], &[]),
    ] {
        let mut expected = [&["Pod", "Service", "ServiceAccount"], own, more].concat();
        expected.sort_unstable();
        assert_eq!(answer.cases[name].kinds(), expected, "{name}");
    }
}

#[test]
fn runs_the_server_as_the_image_means_it() {
    let cases = json!({ "sqlite": everything(), "postgres": postgres(everything()) });
    let Some(answer) = render(&cases) else { return };
    let image = Image::read();
    for (name, case) in &answer.cases {
        let pod = case.pod();
        let server = &pod["containers"][0];
        let user = format!("{0}:{0}", pod["securityContext"]["runAsUser"]);
        assert_eq!(image.says("USER"), user, "{name}");
        assert_eq!(server["ports"][0]["containerPort"].to_string(), image.says("EXPOSE"), "{name}");
        assert_eq!(server["securityContext"]["readOnlyRootFilesystem"], true, "{name}");
        let mounts = server["volumeMounts"].as_array().unwrap();
        let data = mounts.iter().find(|mount| mount["name"] == "data").unwrap();
        assert_eq!(data["mountPath"], image.says("VOLUME"), "{name}");
        let shown = shown(&of_container(server));
        assert!(shown["data_dir"].starts_with(&format!("{}/", image.says("VOLUME"))), "{name}");
        assert_eq!(shown["dispatch.timeout"], "20s", "{name}");
        // Each secret that the server reads is a file of the mounted Secret.
        let secrets =
            pod["volumes"].as_array().unwrap().iter().find(|volume| volume["name"] == "secrets").unwrap();
        let mut files: Vec<_> = secrets["secret"]["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["path"].as_str().unwrap())
            .collect();
        let variables = of_container(server);
        let mut read: Vec<_> =
            variables.iter().filter_map(|(_, value)| value.strip_prefix("/run/secrets/postrider/")).collect();
        files.sort_unstable();
        read.sort_unstable();
        assert_eq!(files, read, "{name}");
        let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert_eq!(grace, 45, "{name}: to be left alone, and then to finish");
    }
}

#[test]
fn holds_sqlite_to_one_replica() {
    let cases = json!({
        "three": { "replicas": 3 },
        "scaled": { "autoscaling": { "enabled": true } },
        "postgres without a secret": { "database": "postgres://u@db/p", "replicas": 3 },
    });
    let Some(answer) = render(&cases) else { return };
    for (name, case) in &answer.cases {
        assert!(case.schema.is_some(), "{name}: the schema takes it");
        let word = if name.starts_with("postgres") { "seal key" } else { "SQLite" };
        let said = case.template.as_ref().unwrap_or_else(|| panic!("{name}: the templates take it"));
        assert!(said.contains(word), "{name}: {said}");
    }
}

#[test]
fn refuses_values_that_would_not_do_what_they_say() {
    // By a part of the refusal, which must name what is wrong.
    let cases = json!({
        "'replcas'": { "replcas": 1 },
        "'/image/tag'": { "image": { "tag": "latest" } },
        "propertyName 'listen'": { "settings": { "listen": "0.0.0.0:1" } },
        "'/settings/dispatch.concurrency'": { "settings": { "dispatch.concurrency": 1_000_000 } },
        "'/ingress/hosts'": { "ingress": { "enabled": true } },
        "'/database'": postgres(json!({ "database": "postgres://u:hush@db/p" })),
        "'/networkPolicy/databaseTo'": postgres(json!({ "networkPolicy": { "enabled": true } })),
        "'/existingSecret/keys/sealKey'":
            postgres(json!({ "existingSecret": { "name": "s", "keys": { "sealKey": "" } } })),
    });
    let Some(answer) = render(&cases) else { return };
    for (part, case) in &answer.cases {
        let said = case.schema.as_ref().unwrap_or_else(|| panic!("{part}: the schema takes it"));
        assert!(said.contains(part.as_str()), "{part}: {said}");
    }
}
