//! What is asked of the server.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use postrider_core::query::Query;
use postrider_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{Arguments, Sign};

/// What a part of a path may have as it is: ids and uids have nothing else.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// How deliveries stand, in the order of their numbers in the API.
const STATUSES: [&str; 5] = ["success", "pending", "fail", "sending", "canceled"];

/// Requests, each a POST.
#[derive(Debug, PartialEq)]
pub(super) enum Ask {
    /// One for each message, with the same body.
    Each { paths: Vec<String>, body: Value },
    /// For a count.
    Count { path: String, body: Value },
    /// For what a replay of a search would come to.
    Foresee { path: String, body: Value },
    /// What begins a task.
    Begin { path: String, body: Value },
}

fn name(text: &str) -> String {
    utf8_percent_encode(text, NAME).to_string()
}

fn time(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| time.to_string().into())
}

impl Ask {
    /// What the arguments ask for, with the body of `--body`. The error is a sentence.
    pub(super) fn of(arguments: &Arguments, body: Option<Vec<u8>>) -> Result<Self, String> {
        check(arguments, body.is_some())?;
        if let Some(query) = &arguments.query {
            return of_search(arguments, query);
        }
        match (&arguments.app, &arguments.endpoint) {
            (Some(app), Some(endpoint)) => return of_endpoint(arguments, app, endpoint),
            (Some(app), None) => return Ok(of_application(arguments, app, body)),
            (None, _) => {}
        }
        let source =
            format!("/ingest/api/v1/source/{}", name(arguments.source.as_deref().unwrap_or_default()));
        let sign = match arguments.sign {
            Sign::AsItCame => "asItCame",
            Sign::Provider => "provider",
            Sign::Postrider => "postrider",
        };
        let to = json!({"endpointIds": arguments.to_endpoint, "listener": arguments.listener, "sign": sign});
        let Value::Object(mut asked) = to else { unreachable!("it is an object") };
        if !arguments.message.is_empty() {
            asked.insert("edits".to_owned(), edits(arguments, body));
            let path = |id: &String| format!("{source}/reception/{}/replay", name(id));
            let paths = arguments.message.iter().map(path).collect();
            return Ok(Self::Each { paths, body: asked.into() });
        }
        let range = json!({
            "since": time(arguments.since),
            "until": time(arguments.until),
            "eventTypes": arguments.types,
            "verdicts": arguments.status,
            "includeDuplicates": arguments.duplicates,
            "dryRun": arguments.dry_run,
        });
        asked.extend(range.as_object().cloned().unwrap_or_default());
        let (path, body) = (format!("{source}/replay"), Value::from(asked));
        Ok(if arguments.dry_run { Self::Count { path, body } } else { Self::Begin { path, body } })
    }
}

/// Refuses what does not belong together. The parser does not ask for what conflicts with something that is there.
fn check(arguments: &Arguments, has_body: bool) -> Result<(), String> {
    let edits = has_body || !arguments.set.is_empty() || !arguments.header.is_empty();
    let has_target = !arguments.to_endpoint.is_empty();
    let of_source = arguments.listener.is_some() || arguments.duplicates || arguments.sign != Sign::default();
    let of_endpoint = arguments.missing || arguments.channel.is_some() || arguments.tag.is_some();
    if edits && arguments.message.is_empty() {
        return Err("--set, --header and --body change single messages: give their ids".to_owned());
    }
    if of_source && arguments.source.is_none() {
        return Err("--listener, --sign and --duplicates are for a --source".to_owned());
    }
    if arguments.dry_run && arguments.app.is_some() {
        return Err("--dry-run is for a --source or a --query".to_owned());
    }
    if has_target && arguments.query.is_some() {
        return Err("what a --query finds goes where it went: leave --to-endpoint out".to_owned());
    }
    if of_endpoint && arguments.endpoint.is_none() {
        return Err("--missing, --channel and --tag are for an --endpoint of an --app".to_owned());
    }
    let is_single = !arguments.message.is_empty();
    match (&arguments.app, &arguments.endpoint) {
        (Some(_), None) if !is_single => {
            return Err("an --app needs an --endpoint, or messages by their ids and --to-endpoint".to_owned());
        }
        (Some(_), None) if !has_target => {
            return Err("messages of an --app need --to-endpoint: say who gets them".to_owned());
        }
        (Some(_), Some(_)) if is_single || has_target => {
            return Err("messages by their ids go --to-endpoint; --endpoint is for a range".to_owned());
        }
        _ => {}
    }
    Ok(())
}

/// The query is read here too: what is wrong with it is told before any server is asked.
fn of_search(arguments: &Arguments, query: &str) -> Result<Ask, String> {
    if let Err(error) = query.parse::<Query>() {
        let near =
            error.suggestion.as_ref().map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
        return Err(format!("--query at {}: {error}{near}", error.span.start));
    }
    let path = "/api/v1/delivery/replay".to_owned();
    let body = json!({"q": query, "dryRun": arguments.dry_run});
    Ok(if arguments.dry_run { Ask::Foresee { path, body } } else { Ask::Begin { path, body } })
}

/// Single messages of an application.
fn of_application(arguments: &Arguments, app: &str, body: Option<Vec<u8>>) -> Ask {
    let asked = json!({"endpointIds": arguments.to_endpoint, "edits": edits(arguments, body)});
    let path = |id: &String| format!("/api/v1/app/{}/msg/{}/replay", name(app), name(id));
    Ask::Each { paths: arguments.message.iter().map(path).collect(), body: asked }
}

/// What went to an endpoint of an application, or did not.
fn of_endpoint(arguments: &Arguments, app: &str, endpoint: &str) -> Result<Ask, String> {
    let endpoint = format!("/api/v1/app/{}/endpoint/{}", name(app), name(endpoint));
    let mut body = json!({"since": time(arguments.since), "until": time(arguments.until)});
    if arguments.missing {
        return Ok(Ask::Begin { path: format!("{endpoint}/replay-missing"), body });
    }
    let status = match &arguments.status[..] {
        [] => Value::Null,
        [one] => {
            let number = STATUSES.iter().position(|status| status == one);
            number.ok_or_else(|| format!("--status is one of {}", STATUSES.join(", ")))?.into()
        }
        _ => return Err("--status can be given once for an application".to_owned()),
    };
    let types = if arguments.types.is_empty() { Value::Null } else { json!(arguments.types) };
    body["eventTypes"] = types;
    body["channel"] = json!(arguments.channel);
    body["tag"] = json!(arguments.tag);
    body["status"] = status;
    Ok(Ask::Begin { path: format!("{endpoint}/bulk-replay"), body })
}

fn edits(arguments: &Arguments, body: Option<Vec<u8>>) -> Value {
    let headers: BTreeMap<&str, Option<&str>> = arguments
        .header
        .iter()
        .map(|header| (header.name.as_str(), Some(header.value.as_str()).filter(|value| !value.is_empty())))
        .collect();
    // What reads as JSON is that, anything else is a text.
    let value = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
    let set: Map<String, Value> =
        arguments.set.iter().map(|(path, text)| (path.clone(), value(text))).collect();
    let mut edits = json!({"headers": headers, "set": set});
    if let Some(body) = body {
        edits["bodyBase64"] = STANDARD.encode(body).into();
    }
    edits
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn read(line: &[&str]) -> Result<Ask, String> {
        let all = ["replay"].iter().chain(line);
        let command = Command::try_parse_from(all).map_err(|error| error.to_string())?;
        Ask::of(&command.arguments, None)
    }

    #[test]
    fn messages_of_a_source_are_asked_for_one_by_one() {
        let line = ["--source", "a/b", "msg_1", "msg_2", "--to-endpoint", "x", "--sign", "provider"];
        let more = ["--set", "a.b=5", "--set", "c=text", "-H", "X-A: 1", "-H", "x-b:"];
        let Ask::Each { paths, body } = read(&[&line[..], &more].concat()).unwrap() else {
            panic!("one by one")
        };
        assert_eq!(paths[1], "/ingest/api/v1/source/a%2Fb/reception/msg_2/replay");
        assert_eq!(
            body,
            json!({"endpointIds": ["x"], "listener": null, "sign": "provider",
                "edits": {"headers": {"X-A": "1", "x-b": null}, "set": {"a.b": 5, "c": "text"}}})
        );
    }

    #[test]
    fn messages_of_an_application_are_asked_for_one_by_one() {
        let line = ["--app", "customer 42", "msg_1", "--to-endpoint", "main", "--set", "data.amount=500"];
        let Ask::Each { paths, body } = read(&line).unwrap() else { panic!("one by one") };
        assert_eq!(paths, ["/api/v1/app/customer%2042/msg/msg_1/replay"]);
        let edits = json!({"headers": {}, "set": {"data.amount": 500}});
        assert_eq!(body, json!({"endpointIds": ["main"], "edits": edits}));
    }

    #[test]
    fn a_range_is_a_task_or_a_count() {
        let line =
            ["--source", "s", "--since", "2026-01-01T00:00:00Z", "--type", "push", "--status", "failed"];
        let Ask::Begin { path, body } = read(&line).unwrap() else { panic!("a task") };
        assert_eq!(path, "/ingest/api/v1/source/s/replay");
        assert_eq!(
            (&body["since"], &body["verdicts"]),
            (&json!("2026-01-01T00:00:00.000000Z"), &json!(["failed"]))
        );
        assert!(matches!(read(&[&line[..], &["--dry-run"]].concat()), Ok(Ask::Count { .. })));

        let line = ["--app", "a", "--endpoint", "e", "--since", "2h"];
        let Ask::Begin { path, body } = read(&[&line[..], &["--status", "fail"]].concat()).unwrap() else {
            panic!("a task")
        };
        assert_eq!((path.as_str(), &body["status"]), ("/api/v1/app/a/endpoint/e/bulk-replay", &json!(2)));
        let Ask::Begin { path, .. } = read(&[&line[..], &["--missing"]].concat()).unwrap() else {
            panic!("a task")
        };
        assert_eq!(path, "/api/v1/app/a/endpoint/e/replay-missing");
    }

    #[test]
    fn a_query_is_a_task_or_what_it_would_come_to() {
        let query = "status:failed since:2h";
        let path = "/api/v1/delivery/replay".to_owned();
        let asked = |dry_run: bool| json!({"q": query, "dryRun": dry_run});
        let begin = Ask::Begin { path: path.clone(), body: asked(false) };
        assert_eq!(read(&["--query", query]), Ok(begin));
        let foresee = Ask::Foresee { path, body: asked(true) };
        assert_eq!(read(&["--query", query, "--dry-run"]), Ok(foresee));
    }

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        for line in [
            &["--source", "s"][..],
            &["msg_1"],
            &["--source", "s", "msg_1", "--since", "2h"],
            &["--source", "s", "--since", "2h", "--set", "a=1"],
            &["--source", "s", "msg_1", "--set", "a..b=1"],
            &["--app", "a", "--since", "2h"],
            &["--app", "a", "msg_1"],
            &["--app", "a", "msg_1", "--to-endpoint", "x", "--since", "2h"],
            &["--app", "a", "msg_1", "--to-endpoint", "x", "--sign", "provider"],
            &["--app", "a", "msg_1", "--to-endpoint", "x", "--endpoint", "e"],
            &["--app", "a", "msg_1", "--to-endpoint", "x", "--missing"],
            &["--app", "a", "--endpoint", "e", "--source", "s", "--since", "2h"],
            &["--app", "a", "--endpoint", "e", "--since", "2h", "--status", "verified"],
            &["--app", "a", "--endpoint", "e", "--since", "2h", "--missing", "--type", "x"],
            &["--app", "a", "--endpoint", "e", "--since", "2h", "--dry-run"],
            &["--app", "a", "--endpoint", "e", "--since", "2h", "--to-endpoint", "x"],
            &["--source", "s", "--since", "2h", "--tag", "x"],
            &["--source", "s", "--since", "soon"],
            &["--query", "status:failed", "--source", "s"],
            &["--query", "status:failed", "--app", "a", "--endpoint", "e"],
            &["--query", "status:failed", "--since", "2h"],
            &["--query", "status:failed", "--status", "fail"],
            &["--query", "status:failed", "--type", "x"],
            &["--query", "status:failed", "--to-endpoint", "x"],
            &["--query", "status:failed", "--sign", "provider"],
            &["--query", "status:failed", "msg_1"],
            &["--query", "staus:failed"],
        ] {
            assert!(read(line).is_err(), "{line:?}");
        }
    }
}
