//! Sources of Convoy, out of what its API lists.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::plan::{Plan, Source};

/// A source as it is listed. What is not looked at is left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listed {
    uid: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    provider: Option<String>,
    is_disabled: bool,
    verifier: Option<Verifier>,
    custom_response: Option<CustomResponse>,
    forward_headers: Option<Vec<Value>>,
    idempotency_keys: Option<Vec<Value>>,
    body_function: Option<String>,
    header_function: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Verifier {
    #[serde(rename = "type")]
    kind: String,
    hmac: Option<Hmac>,
    basic_auth: Option<BasicAuth>,
    api_key: Option<ApiKey>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Hmac {
    header: String,
    hash: String,
    secret: String,
    encoding: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BasicAuth {
    username: String,
    password: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ApiKey {
    header_name: String,
    header_value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CustomResponse {
    body: String,
    content_type: String,
}

/// The plans of a file: the whole answer of the API, its list, or one source.
pub(super) fn plans(_: &Path, text: &str) -> Result<Vec<Plan>, String> {
    let mut file: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    for name in ["data", "content"] {
        if let Some(inner) = file.get_mut(name) {
            file = inner.take();
        }
    }
    let all = match file {
        Value::Array(all) => all,
        one @ Value::Object(_) => vec![one],
        _ => return Err("must be what Convoy lists: sources".to_owned()),
    };
    let read = |(index, source): (usize, Value)| {
        let listed: Listed = serde_path_to_error::deserialize(source)
            .map_err(|error| format!("source {}: {}: {}", index + 1, error.path(), error.inner()))?;
        if listed.uid.is_empty() {
            return Err(format!("source {}: has no uid", index + 1));
        }
        Ok(plan(&listed))
    };
    all.into_iter().enumerate().map(read).collect()
}

fn plan(listed: &Listed) -> Plan {
    let mut plan = Plan::new(&listed.uid);
    if !listed.name.is_empty() {
        plan.name.clone_from(&listed.name);
    }
    if !matches!(&*listed.kind, "http" | "") {
        let why = format!("it is of type {:?}; only sources that receive requests are imported", listed.kind);
        return plan.refuse(why);
    }
    match check(listed) {
        Ok((kind, config)) => plan.source = Some(Source { kind: kind.to_owned(), config }),
        Err(why) => return plan.refuse(why),
    }
    plan.leave(
        "have the provider send to the new address, and add endpoints: Convoy keeps them in subscriptions",
    );
    if listed.is_disabled {
        plan.note("it is disabled in Convoy; here it takes what comes to its new address");
    }
    if listed.custom_response.as_ref().is_some_and(|it| !it.body.is_empty() || !it.content_type.is_empty()) {
        plan.note("custom_response: the sender hears what its preset answers, or 200 without a body");
    }
    if listed.forward_headers.as_ref().is_some_and(|all| !all.is_empty()) {
        plan.note("forward_headers: all headers of the provider go on to the endpoints");
    }
    if listed.idempotency_keys.as_ref().is_some_and(|all| !all.is_empty()) {
        plan.note("idempotency_keys: repetitions are known by the provider's event id, or by their bytes");
    }
    let functions = [&listed.body_function, &listed.header_function];
    if functions.into_iter().flatten().any(|function| !function.trim().is_empty()) {
        plan.leave("body_function and header_function: requests are kept as they come, and code is not run");
    }
    plan
}

/// The type and configuration that check as much as the verifier does.
fn check(listed: &Listed) -> Result<(&'static str, Map<String, Value>), String> {
    let none = Verifier::default();
    let verifier = listed.verifier.as_ref().unwrap_or(&none);
    let secret =
        || verifier.hmac.as_ref().map(|hmac| hmac.secret.clone()).filter(|secret| !secret.is_empty());
    match listed.provider.as_deref().unwrap_or_default() {
        "" => {}
        "github" => return known("github", secret()),
        "shopify" => return known("shopify", secret()),
        "twitter" => return known("x", secret()),
        other => return Err(format!("the provider {other:?} is not known here")),
    }
    match verifier.kind.as_str() {
        "noop" | "" => Ok(("generic-webhook", Map::new())),
        "hmac" => hmac(verifier.hmac.as_ref().unwrap_or(&Hmac::default())),
        "basic_auth" => {
            let known = verifier.basic_auth.as_ref();
            let known = known.filter(|it| !it.username.is_empty() && !it.password.is_empty());
            let known = known.ok_or("its verifier has no user name or no password")?;
            let secret = format!("{}:{}", known.username, known.password);
            Ok(("basic", Map::from_iter([("secret".to_owned(), json!(secret))])))
        }
        "api_key" => {
            let known = verifier.api_key.as_ref();
            let known = known.filter(|it| !it.header_name.is_empty() && !it.header_value.is_empty());
            let known = known.ok_or("its verifier has no header or no value for it")?;
            Ok(("token", with_header(&known.header_value, &known.header_name)))
        }
        other => Err(format!("a verifier of type {other:?} is not known here")),
    }
}

fn known(kind: &'static str, secret: Option<String>) -> Result<(&'static str, Map<String, Value>), String> {
    let secret = secret.ok_or("its verifier has no secret")?;
    Ok((kind, Map::from_iter([("secret".to_owned(), json!(secret))])))
}

fn hmac(hmac: &Hmac) -> Result<(&'static str, Map<String, Value>), String> {
    let Hmac { header, hash, secret, encoding } = hmac;
    if header.is_empty() || secret.is_empty() {
        return Err("its verifier has no header or no secret".to_owned());
    }
    let kind = match (&*hash.to_ascii_uppercase(), &*encoding.to_ascii_lowercase()) {
        ("SHA1", "hex" | "") => "hmac-sha1",
        ("SHA256", "hex" | "") => "hmac-sha256",
        ("SHA512", "hex" | "") => "hmac-sha512",
        ("SHA256", "base64") => "hmac-sha256-base64",
        ("SHA512", "base64") => "hmac-sha512-base64",
        _ => return Err(format!("HMAC with {hash} in {encoding} is not checked here")),
    };
    Ok((kind, with_header(secret, header)))
}

fn with_header(secret: &str, header: &str) -> Map<String, Value> {
    let header = header.to_ascii_lowercase();
    Map::from_iter([
        ("secret".to_owned(), json!(secret)),
        ("settings".to_owned(), json!({ "header": header })),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(source: &Value) -> Plan {
        let mut plans = plans(Path::new("x.json"), &source.to_string()).unwrap();
        assert_eq!(plans.len(), 1);
        plans.remove(0)
    }

    #[test]
    fn verifiers_have_their_types_here() {
        let hmac = |hash: &str, encoding: &str| json!({"type": "hmac", "hmac": {"header": "X-Sig", "hash": hash, "secret": "s", "encoding": encoding}});
        let header = json!({"secret": "s", "settings": {"header": "x-sig"}});
        let key = json!({"type": "api_key", "api_key": {"header_name": "X-Sig", "header_value": "s"}});
        let basic = json!({"type": "basic_auth", "basic_auth": {"username": "u", "password": "p"}});
        for (provider, verifier, kind, config) in [
            ("", hmac("SHA256", "hex"), "hmac-sha256", header.clone()),
            ("", hmac("SHA512", "base64"), "hmac-sha512-base64", header.clone()),
            ("", key, "token", header),
            ("", basic, "basic", json!({"secret": "u:p"})),
            ("", json!({"type": "noop"}), "generic-webhook", json!({})),
            ("github", hmac("SHA256", "hex"), "github", json!({"secret": "s"})),
            ("shopify", hmac("SHA256", "base64"), "shopify", json!({"secret": "s"})),
            ("twitter", hmac("SHA256", "base64"), "x", json!({"secret": "s"})),
        ] {
            let source =
                one(&json!({"uid": "01H", "type": "http", "provider": provider, "verifier": verifier}));
            let source = source.source.unwrap_or_else(|| panic!("{provider} {verifier}"));
            assert_eq!(
                (&*source.kind, Value::Object(source.config)),
                (kind, config),
                "{provider} {verifier}"
            );
        }
    }

    #[test]
    fn what_would_be_checked_less_is_refused() {
        for (source, word) in [
            (json!({"type": "pub_sub"}), "pub_sub"),
            (json!({"provider": "stripe"}), "stripe"),
            (json!({"provider": "github", "verifier": {"type": "hmac"}}), "no secret"),
            (
                json!({"verifier": {"type": "hmac", "hmac": {"header": "x", "hash": "MD5", "secret": "s"}}}),
                "MD5",
            ),
            (json!({"verifier": {"type": "hmac"}}), "no header"),
            (json!({"verifier": {"type": "basic_auth"}}), "no user name"),
            (json!({"verifier": {"type": "api_key", "api_key": {"header_name": "x"}}}), "no value"),
            (json!({"verifier": {"type": "mtls"}}), "mtls"),
        ] {
            let mut whole = json!({"uid": "01H", "name": "n"});
            whole.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
            let plan = one(&whole);
            assert!(
                plan.source.is_none() && plan.refused.as_ref().is_some_and(|why| why.contains(word)),
                "{plan:?}"
            );
        }
    }

    #[test]
    fn the_whole_answer_is_read_and_differences_are_told() {
        let source = json!({"uid": "01H", "name": "Shop", "type": "http", "verifier": {"type": "noop"}, "is_disabled": true,
            "custom_response": {"body": "ok", "content_type": "text/plain"}, "forward_headers": ["x"],
            "idempotency_keys": ["req.body.id"], "body_function": "function transform(){}"});
        let answer =
            json!({"status": true, "message": "ok", "data": {"content": [source], "pagination": {}}});
        let plan = one(&answer);
        assert_eq!((plan.name.as_str(), plan.uid.as_str()), ("Shop", "01H"));
        for word in ["custom_response", "forward_headers", "idempotency_keys", "disabled"] {
            assert!(plan.notes.iter().any(|note| note.contains(word)), "{word}: {plan:?}");
        }
        assert!(plan.left.iter().any(|left| left.contains("body_function")) && !plan.is_whole());
        for text in ["", "7", "{\"data\": 7}", "[{\"name\": 1}]", "[{}]"] {
            assert!(plans(Path::new("x.json"), text).is_err(), "{text}");
        }
    }
}
