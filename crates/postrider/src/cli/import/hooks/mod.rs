//! Hooks of adnanh/webhook, out of hooks.json or hooks.yaml.
//!
//! Read as the tool reads them: where it is lenient and we are not, or where something works differently, the plan says
//! so.

mod command;
mod hook;
mod rule;
mod value;

#[cfg(test)]
mod tests;

use std::path::Path;

use postrider_core::filter::Filter;
use postrider_core::limits::SOURCE_SECRETS;
use serde_json::{Map, Value, json};

use self::hook::Hook;
use self::rule::{Signature, Split};
use super::plan::{Plan, Source};

/// The plans of a file. The error says what is wrong with it, and where.
pub(super) fn plans(path: &Path, text: &str) -> Result<Vec<Plan>, String> {
    if let Some(line) = text.lines().position(|line| line.contains("{{")) {
        let what = "is a Go template, which is not run here: write the value in its place";
        return Err(format!("line {}: `{{{{` {what}", line + 1));
    }
    let is_yaml = path.extension().is_some_and(|extension| extension != "json");
    let file: Value = if is_yaml && text.trim().is_empty() {
        Value::Null
    } else if is_yaml {
        serde_saphyr::from_str(text).map_err(|error| format!("is no YAML: {error}"))?
    } else {
        serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?
    };
    let hooks = match file {
        Value::Array(hooks) => hooks,
        Value::Null => Vec::new(),
        _ => return Err("must be a list of hooks".to_owned()),
    };
    hooks.into_iter().enumerate().map(|(index, hook)| read(index, hook)).collect()
}

fn read(index: usize, hook: Value) -> Result<Plan, String> {
    let hook: Hook = serde_path_to_error::deserialize(hook)
        .map_err(|error| format!("hook {}: {}: {}", index + 1, error.path(), error.inner()))?;
    if hook.id.is_empty() {
        return Err(format!("hook {}: has no id", index + 1));
    }
    Ok(plan(&hook))
}

fn plan(hook: &Hook) -> Plan {
    let mut plan = Plan::new(&hook.id);
    let split = match hook.trigger_rule.as_ref().map(rule::split).transpose() {
        Ok(split) => split.unwrap_or_default(),
        Err(why) => return plan.refuse(why),
    };
    let Split { signatures, filter } = split;
    if signatures.len() > SOURCE_SECRETS {
        return plan.refuse(format!("a source has at most {SOURCE_SECRETS} secrets"));
    }
    let filter = all_of([methods(hook, &mut plan), filter]);
    if let Some(Err(refused)) = filter.as_ref().map(Filter::parse) {
        return plan.refuse(format!("its rules are no filter here: {refused}"));
    }
    plan.source = Some(source(&signatures, &mut plan));
    match command::of(hook, &plan.uid) {
        Ok(Some(found)) => {
            plan.notes.extend(found.notes);
            plan.left.extend(found.left);
            plan.command = Some(found.command);
            plan.filter = filter;
        }
        Ok(None) => {
            plan.note("it has no command, so the source has no endpoint");
            if filter.is_some() {
                plan.leave("its rules filter endpoints, and it has none: set them where you add one");
            }
        }
        Err(why) => return plan.refuse(why),
    }
    differences(hook, &mut plan);
    plan
}

/// The source that checks these signatures, which are all of one kind.
fn source(signatures: &[Signature], plan: &mut Plan) -> Source {
    let mut config = Map::new();
    let Some(first) = signatures.first() else {
        plan.note("nothing is checked: whoever knows the address can send");
        return Source { kind: "generic-webhook".to_owned(), config };
    };
    config.insert("secret".to_owned(), json!(first.secret));
    if signatures.len() > 1 {
        let others: Vec<_> = signatures[1..].iter().map(|other| &other.secret).collect();
        config.insert("secrets".to_owned(), json!(others));
    }
    if let Some(header) = &first.header {
        config.insert("settings".to_owned(), json!({ "header": header }));
    }
    plan.notes.extend(first.note.map(str::to_owned));
    Source { kind: first.preset.to_owned(), config }
}

/// The filter for the methods of a hook.
fn methods(hook: &Hook, plan: &mut Plan) -> Option<Value> {
    let all: Vec<String> =
        hook.http_methods.iter().map(|method| method.trim().to_ascii_uppercase()).collect();
    if all.iter().any(|method| method == "GET" || method == "HEAD") {
        plan.leave("GET and HEAD are no events here: have the sender use POST");
    }
    let taken: Vec<_> = all.iter().filter(|method| !matches!(&***method, "GET" | "HEAD")).collect();
    (!taken.is_empty()).then(|| json!({"value": "method", "in": taken}))
}

/// One filter of those that there are.
fn all_of(filters: [Option<Value>; 2]) -> Option<Value> {
    let mut all: Vec<Value> = filters.into_iter().flatten().collect();
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(json!({ "all": all })),
    }
}

/// What works differently here.
fn differences(hook: &Hook, plan: &mut Plan) {
    let answers = [
        (hook.response_message.is_some(), "response-message"),
        (hook.response_headers.is_some(), "response-headers"),
        (hook.success_http_response_code.is_some(), "success-http-response-code"),
    ];
    let named: Vec<_> = answers.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
    if !named.is_empty() {
        plan.note(format!(
            "{}: the sender hears 200 without a body, once the request is kept",
            named.join(", ")
        ));
    }
    if hook.trigger_rule_mismatch_http_response_code.is_some() {
        plan.note(
            "trigger-rule-mismatch-http-response-code: a wrong signature is answered with 401, and what a filter \
             leaves out is kept and answered with 200",
        );
    }
    if hook.include_command_output_in_response == Some(true)
        || hook.include_command_output_in_response_on_error == Some(true)
    {
        plan.note(
            "include-command-output-in-response: the output is with the attempt, and not in the answer",
        );
    }
    if let Some(kind) = &hook.incoming_payload_content_type {
        plan.note(format!("incoming-payload-content-type ({kind}): a form must say that it is one"));
    }
    if hook.trigger_signature_soft_failures == Some(true) {
        plan.note("trigger-signature-soft-failures: every secret is tried anyway");
    }
    if hook.parse_parameters_as_json.as_ref().is_some_and(|all| !all.is_empty()) {
        plan.leave(
            "parse-parameters-as-json: JSON inside a parameter is passed on as text; parse it in the command",
        );
    }
    for name in hook.other.keys() {
        plan.leave(format!("{name}: is not known here"));
    }
}
