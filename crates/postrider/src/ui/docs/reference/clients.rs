//! How to call an operation: with curl, and with the client libraries where they have a method for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::ui::catalog::quoted;

/// What the client libraries have, by operation.
static METHODS: LazyLock<BTreeMap<&str, ClientMethod<'static>>> = LazyLock::new(|| {
    let lines = include_str!("clients.txt").lines().filter(|line| !line.starts_with('#'));
    let parsed = lines.filter_map(|line| {
        let [id, model, answer, options] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let method = ClientMethod {
            model: Some(model).filter(|model| *model != "-"),
            has_answer: answer != "-",
            has_options: options != "-",
        };
        Some((id, method))
    });
    parsed.collect()
});

struct ClientMethod<'t> {
    /// The type of what is sent.
    model: Option<&'t str>,
    has_answer: bool,
    has_options: bool,
}

/// A call of an operation.
pub(super) struct Call<'d> {
    pub(super) id: &'d str,
    pub(super) url: &'d str,
    pub(super) method: &'d str,
    pub(super) path: &'d str,
    /// What stands for the parameters in the path.
    pub(super) parameters: Vec<String>,
    pub(super) body: Option<Value>,
    pub(super) needs_key: bool,
}

/// The call in each language, with the language's name.
pub(super) fn calls(call: &Call<'_>) -> Vec<(&'static str, String)> {
    let mut calls = vec![("curl", curl(call))];
    if let (Some(method), Some((module, name))) = (METHODS.get(call.id), call.id.rsplit_once('.')) {
        calls.push(("JavaScript", javascript(call, module, name)));
        calls.push(("Python", python(call, method, module, name)));
        calls.push(("Go", go(call, method, module, name)));
    }
    calls
}

fn curl(call: &Call<'_>) -> String {
    let parts = call.path.split(['{', '}']).enumerate();
    let path: String = parts
        .map(|(index, part)| if index % 2 == 1 { part.to_uppercase() } else { part.to_owned() })
        .collect();
    let method = if call.method == "GET" { String::new() } else { format!(" -X {}", call.method) };
    let mut text = format!("curl -sS{method} {}{path}", call.url);
    if call.needs_key {
        text.push_str(" \\\n  -H \"Authorization: Bearer $KEY\"");
    }
    if let Some(body) = &call.body {
        let body = quoted(&serde_json::to_string_pretty(body).unwrap_or_default());
        let _ = write!(text, " \\\n  -H 'Content-Type: application/json' \\\n  -d {body}");
    }
    text
}

/// The way from a client to a group of methods: some groups are in another one.
fn way(module: &str) -> Vec<&str> {
    const INNER: [&str; 3] = ["ingest_", "operational_webhook_", "streaming_"];
    let (outer, rest) = INNER
        .iter()
        .find_map(|outer| Some((outer.trim_end_matches('_'), module.strip_prefix(outer)?)))
        .unzip();
    let rest = rest.unwrap_or(module);
    let (group, last) = match rest.strip_suffix("_transformation") {
        Some(group) => (group, Some("transformation")),
        None => (rest, None),
    };
    outer.into_iter().chain([group]).chain(last).collect()
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &capital(part))
}

fn pascal(name: &str) -> String {
    capital(&camel(name))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `eventType` as `event_type`.
fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, c| {
        if c.is_uppercase() {
            text.push('_');
        }
        text.extend(c.to_lowercase());
        text
    })
}

fn javascript(call: &Call<'_>, module: &str, name: &str) -> String {
    let body = call.body.as_ref().map(|body| serde_json::to_string_pretty(body).unwrap_or_default());
    let arguments: Vec<String> =
        call.parameters.iter().map(|text| format!("\"{text}\"")).chain(body).collect();
    let way: Vec<_> = way(module).into_iter().map(camel).collect();
    format!(
        "import {{ Svix }} from \"svix\";\n\nconst svix = new Svix(process.env.KEY, {{ serverUrl: \"{}\" }});\nawait svix.{}.{}({});\n",
        call.url,
        way.join("."),
        camel(name),
        arguments.join(", ")
    )
}

fn python(call: &Call<'_>, method: &ClientMethod<'_>, module: &str, name: &str) -> String {
    let body = method.model.map(|model| {
        let fields = members(call.body.as_ref()).into_iter().flatten();
        let fields: Vec<_> =
            fields.map(|(name, value)| format!("{}={}", snake(name), python_value(value))).collect();
        format!("{model}({})", fields.join(", "))
    });
    let arguments: Vec<String> =
        call.parameters.iter().map(|text| format!("\"{text}\"")).chain(body).collect();
    let model = method.model.map_or_else(String::new, |model| format!("{model}, "));
    format!(
        "import os\n\nfrom svix.api import {model}Svix, SvixOptions\n\nsvix = Svix(os.environ[\"KEY\"], SvixOptions(server_url=\"{}\"))\nsvix.{}.{name}({})\n",
        call.url,
        way(module).join("."),
        arguments.join(", ")
    )
}

fn members(body: Option<&Value>) -> Option<&Map<String, Value>> {
    body.and_then(Value::as_object)
}

fn python_value(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(python_value).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let members = map
                .iter()
                .map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), python_value(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn go(call: &Call<'_>, method: &ClientMethod<'_>, module: &str, name: &str) -> String {
    let body = method.model.map(|model| {
        let fields = members(call.body.as_ref()).into_iter().flatten();
        let fields: Vec<_> =
            fields.map(|(name, value)| format!("{}: {}", capital(name), go_value(value))).collect();
        format!("models.{model}{{{}}}", fields.join(", "))
    });
    let parameters = call.parameters.iter().map(|text| format!("\"{text}\""));
    let options = method.has_options.then(|| "nil".to_owned());
    let arguments: Vec<String> =
        std::iter::once("ctx".to_owned()).chain(parameters).chain(body).chain(options).collect();
    let way: Vec<_> = way(module).into_iter().map(pascal).collect();
    let models = if method.model.is_some() { "\n\t\"github.com/svix/svix-webhooks/go/models\"" } else { "" };
    let answer = if method.has_answer { "answer, err := " } else { "err = " };
    format!(
        "import (\n\t\"net/url\"\n\t\"os\"\n\n\tsvix \"github.com/svix/svix-webhooks/go\"{models}\n)\n\nserver, err := url.Parse(\"{}\")\nclient, err := \
         svix.New(os.Getenv(\"KEY\"), &svix.SvixOptions{{ServerUrl: server}})\n{answer}client.{}.{}({})\n",
        call.url,
        way.join("."),
        pascal(name),
        arguments.join(", ")
    )
}

fn go_value(value: &Value) -> String {
    let all = |items: &[Value]| items.iter().map(go_value).collect::<Vec<_>>().join(", ");
    match value {
        Value::Null => "nil".to_owned(),
        Value::Array(items) if items.iter().all(Value::is_string) => format!("[]string{{{}}}", all(items)),
        Value::Array(items) => format!("[]any{{{}}}", all(items)),
        Value::Object(map) => {
            let members = map
                .iter()
                .map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), go_value(value)));
            format!("map[string]any{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(
        id: &'static str,
        path: &'static str,
        parameters: &[&str],
        body: Option<Value>,
    ) -> Vec<(&'static str, String)> {
        let parameters = parameters.iter().map(|text| (*text).to_owned()).collect();
        calls(&Call { id, url: "http://u", method: "POST", path, parameters, body, needs_key: true })
    }

    #[test]
    fn each_language_calls_in_its_own_manner() {
        let body = json!({"eventType": "a.b", "payload": {"n": 1, "ok": true}});
        let calls = call("message.create", "/api/v1/app/{app_id}/msg", &["APP_ID"], Some(body));
        for (index, part) in [
            (0, "curl -sS -X POST http://u/api/v1/app/APP_ID/msg"),
            (1, "await svix.message.create(\"APP_ID\", {"),
            (
                2,
                "svix.message.create(\"APP_ID\", MessageIn(event_type=\"a.b\", payload={\"n\": 1, \"ok\": True}))",
            ),
            (
                3,
                "answer, err := client.Message.Create(ctx, \"APP_ID\", models.MessageIn{EventType: \"a.b\", Payload: map[string]any{\"n\": 1, \"ok\": true}}, nil)",
            ),
        ] {
            assert!(calls[index].1.contains(part), "{}", calls[index].1);
        }
        let calls = call("ingest_endpoint_transformation.get", "/x", &[], None);
        assert!(calls[1].1.contains("svix.ingest.endpoint.transformation.get()"));
        let calls = call("message_attempt.list_by_msg", "/x", &["A", "M"], None);
        assert!(calls[1].1.contains("svix.messageAttempt.listByMsg(\"A\", \"M\")"));
        assert_eq!(call("key.create", "/api/v1/key", &[], None).len(), 1, "no library has it");
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = include_str!("clients.txt").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(METHODS.len(), lines);
    }
}
