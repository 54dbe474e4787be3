//! Trigger rules: what of them is a signature, which the source checks, and what is a filter.
//!
//! A signature must be checked for every request that triggers the hook, or the hook is refused: one beside another
//! condition (`or`), or the absence of one (`not`), cannot be said of a source, and to leave it out would let in what the
//! hook kept out.
//!
//! In hooks, a value that is absent makes the whole rule fail, `not` included, but for `or`. Here nothing holds of an
//! absent value, so that its opposite does; therefore what stands in a `not` is also asked to exist.

use serde_json::{Value, json};

use super::hook::{Match, Rule};
use super::value::{Given, given};

/// A signature that requests must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    /// The preset that checks it.
    pub(super) preset: &'static str,
    /// The header, where the preset does not know it.
    pub(super) header: Option<String>,
    pub(super) secret: String,
    /// What is different here.
    pub(super) note: Option<&'static str>,
}

/// A rule, taken apart.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// One of these must be there; empty for none. They differ by their secrets alone.
    pub(super) signatures: Vec<Signature>,
    /// What else must hold.
    pub(super) filter: Option<Value>,
}

const BESIDE: &str = "a signature stands in `or` beside something else: a source checks it always or never";

/// Takes a rule apart. The error says why it cannot be carried over.
pub(super) fn split(rule: &Rule) -> Result<Split, String> {
    if let Some(name) = rule.other.keys().next() {
        return Err(format!("the rule {name:?} is not known here"));
    }
    // The first of them counts, in this order, as in the tool.
    match rule {
        Rule { and: Some(rules), .. } => all(rules),
        Rule { or: Some(rules), .. } => any(rules),
        Rule { not: Some(rule), .. } => not(rule),
        Rule { one: Some(one), .. } => condition(one),
        _ => Err("its rule is empty, so that it never triggers".to_owned()),
    }
}

fn all(rules: &[Rule]) -> Result<Split, String> {
    let mut whole = Split::default();
    let mut filters = Vec::new();
    for rule in rules {
        let Split { signatures, filter } = split(rule)?;
        filters.extend(filter);
        if whole.signatures.is_empty() {
            whole.signatures = signatures;
        } else if !signatures.is_empty() && signatures != whole.signatures {
            return Err("it asks for two signatures at once, and a source checks one".to_owned());
        }
    }
    whole.filter = match filters.len() {
        0 | 1 => filters.pop(),
        _ => Some(json!({ "all": filters })),
    };
    if whole.filter.is_none() && whole.signatures.is_empty() {
        return Err("its rule has an empty `and`".to_owned());
    }
    Ok(whole)
}

fn any(rules: &[Rule]) -> Result<Split, String> {
    let parts = rules.iter().map(split).collect::<Result<Vec<_>, _>>()?;
    if parts.is_empty() {
        return Err("its rule has an empty `or`, so that it never triggers".to_owned());
    }
    if parts.iter().all(|part| part.signatures.is_empty()) {
        let filters: Vec<_> = parts.into_iter().filter_map(|part| part.filter).collect();
        return Ok(Split { signatures: Vec::new(), filter: Some(json!({ "any": filters })) });
    }
    if parts.iter().any(|part| part.filter.is_some() || part.signatures.is_empty()) {
        return Err(BESIDE.to_owned());
    }
    let signatures: Vec<_> = parts.into_iter().flat_map(|part| part.signatures).collect();
    let same =
        |other: &Signature| (other.preset, &other.header) == (signatures[0].preset, &signatures[0].header);
    if !signatures.iter().all(same) {
        return Err("it takes signatures of several kinds or headers, and a source checks one".to_owned());
    }
    Ok(Split { signatures, filter: None })
}

fn not(rule: &Rule) -> Result<Split, String> {
    let Split { signatures, filter } = split(rule)?;
    let Some(filter) = filter.filter(|_| signatures.is_empty()) else {
        return Err("a signature stands in `not`".to_owned());
    };
    let mut needed = Vec::new();
    values(rule, &mut needed);
    let exist = needed.into_iter().map(|value| json!({"value": value, "exists": true}));
    let mut all: Vec<Value> = exist.collect();
    all.push(json!({ "not": filter }));
    let filter = if all.len() == 1 { all.pop() } else { Some(json!({ "all": all })) };
    Ok(Split { signatures: Vec::new(), filter })
}

/// The values whose absence makes a rule fail.
fn values(rule: &Rule, needed: &mut Vec<String>) {
    match rule {
        Rule { and: Some(rules), .. } => rules.iter().for_each(|rule| values(rule, needed)),
        Rule { or: Some(_), .. } => {}
        Rule { not: Some(rule), .. } => values(rule, needed),
        Rule { one: Some(one), .. } => {
            if let Ok(Given::Fact(fact)) = given(&one.parameter) {
                let name = fact.to_string();
                if !needed.contains(&name) {
                    needed.push(name);
                }
            }
        }
        _ => {}
    }
}

fn condition(one: &Match) -> Result<Split, String> {
    if let Some(name) = one.other.keys().next() {
        return Err(format!("`{name}` of a rule is not known here"));
    }
    let filter = match one.kind.as_str() {
        "value" => json!({"value": fact(one)?, "equals": text(&one.value)?}),
        "regex" if one.regex.is_empty() => json!({"value": fact(one)?, "exists": true}),
        "regex" => json!({"value": fact(one)?, "matches": one.regex}),
        "ip-whitelist" => {
            let networks: Vec<_> = one.ip_range.split_whitespace().collect();
            json!({"value": "remote", "inNetworks": networks})
        }
        "payload-hmac-sha1" | "payload-hash-sha1" => return signature(one, "hmac-sha1"),
        "payload-hmac-sha256" | "payload-hash-sha256" => return signature(one, "hmac-sha256"),
        "payload-hmac-sha512" | "payload-hash-sha512" => return signature(one, "hmac-sha512"),
        "scalr-signature" => return scalr(one),
        other => return Err(format!("a rule of type {other:?} is not known here")),
    };
    Ok(Split { signatures: Vec::new(), filter: Some(filter) })
}

fn fact(one: &Match) -> Result<String, String> {
    match given(&one.parameter)? {
        Given::Fact(fact) => Ok(fact.to_string()),
        Given::Text(_) => Err("a rule compares one fixed text with another".to_owned()),
    }
}

/// Text, or what YAML makes of text without quotes.
fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is) => Ok(is.to_string()),
        Value::Null => Ok(String::new()),
        Value::Array(_) | Value::Object(_) => Err("the value of a rule is no text".to_owned()),
    }
}

fn signature(one: &Match, preset: &'static str) -> Result<Split, String> {
    let parameter = &one.parameter;
    if parameter.source != "header" {
        return Err(format!(
            "its signature is in {:?}, and a source reads it from a header",
            parameter.source
        ));
    }
    if parameter.other.contains_key("headers-to-add-to-signature-payload") {
        return Err("its signature is over headers as well, which no preset here checks".to_owned());
    }
    let Given::Fact(fact) = given(parameter)? else {
        return Err("its signature is in no header".to_owned());
    };
    let header = fact.name().to_owned();
    let is_githubs = preset == "hmac-sha256" && header == "x-hub-signature-256";
    let note = (preset == "hmac-sha1").then_some(
        "SHA-1: where the sender is GitHub, its type `github` checks the newer signature with the same secret",
    );
    one_signature(if is_githubs {
        Signature { preset: "github", header: None, secret: one.secret.clone(), note }
    } else {
        Signature { preset, header: Some(header), secret: one.secret.clone(), note }
    })
}

fn scalr(one: &Match) -> Result<Split, String> {
    let note =
        Some("scalr-signature: the age of a request is not checked here; what comes twice is delivered once");
    one_signature(Signature { preset: "scalr", header: None, secret: one.secret.clone(), note })
}

fn one_signature(signature: Signature) -> Result<Split, String> {
    if signature.secret.is_empty() {
        return Err("its signature has no secret".to_owned());
    }
    Ok(Split { signatures: vec![signature], filter: None })
}
