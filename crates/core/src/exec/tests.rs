use super::*;
use crate::facts::{Facts, Paths};
use crate::reception::{Octets, Received};

fn received(event: &[u8]) -> Received {
    Received {
        method: "POST".into(),
        tail: String::new(),
        query: Some("q=%00".into()),
        headers: vec![("x-event".into(), Octets(bytes::Bytes::copy_from_slice(event)))],
        remote: None,
    }
}

fn filled(template: &str, body: &str) -> Result<Vec<u8>, Unfillable> {
    let template: Template = template.parse().unwrap_or_else(|invalid| panic!("{template}: {invalid}"));
    let mut paths = Paths::default();
    template.facts().for_each(|fact| paths.ask(fact));
    template.fill(&Facts::new(&received(b"push\xff"), body.as_bytes(), &paths))
}

#[test]
fn only_urls_of_the_scheme_name_commands() {
    for (url, expected) in [
        ("exec:deploy", Some("deploy")),
        ("EXEC:deploy", Some("deploy")),
        ("exec:", Some("")),
        ("exec", None),
        ("executor:x", None),
        ("https://example.com/exec:x", None),
        ("éxec:", None),
    ] {
        assert_eq!(name_of(url), expected, "{url}");
    }
    for (name, is_good) in
        [("deploy-2_b", true), ("", false), ("Deploy", false), ("a.b", false), ("a/b", false), ("//x", false)]
    {
        assert_eq!(check_name(name).is_ok(), is_good, "{name}");
    }
    assert!(check_name(&"a".repeat(65)).is_err());
}

#[test]
fn values_fill_their_places_as_they_are() {
    let hostile = r#"{"a":"$(touch x); rm -rf / `id` {header.x-event} \n--flag 'q' \"","b":{"c":[1]}}"#;
    let expected = "$(touch x); rm -rf / `id` {header.x-event} \n--flag 'q' \"";
    for (template, expected) in [
        ("{payload.a}", expected.as_bytes()),
        ("--ref={payload.b.c[0]}/{payload.b}", br#"--ref=1/{"c":[1]}"#),
        ("{{payload.a}} {method}", b"{payload.a} POST"),
        ("{header.x-event}", b"push\xff"),
        ("{payload.absent}", b""),
        ("plain", b"plain"),
        ("", b""),
        ("{body}", hostile.as_bytes()),
        ("{{{method}}}", b"{POST}"),
    ] {
        assert_eq!(filled(template, hostile).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn what_no_argument_can_have_is_refused() {
    assert_eq!(filled("{query.q}", ""), Err(Unfillable::Nul));
    assert_eq!(filled("{payload.a}", r#"{"a":"x\u0000y"}"#), Err(Unfillable::Nul));
    let body = "x".repeat(ARGUMENT_BYTES);
    assert_eq!(filled("{body}", &body).map(|filled| filled.len()), Ok(ARGUMENT_BYTES));
    assert_eq!(filled("-{body}", &body), Err(Unfillable::TooLong));
    assert_eq!(filled("{body}-", &body), Err(Unfillable::TooLong));
    assert!(matches!(filled("{payload.a}", "{broken"), Err(Unfillable::Unclear(_))));
}

#[test]
fn templates_are_read_and_written() {
    for text in ["{payload.a.b[0]}-{{x}}", "", "a{body}b{query.q}"] {
        assert_eq!(text.parse::<Template>().unwrap().to_string(), text);
    }
    assert_eq!(Template::literal("{x}").to_string(), "{{x}}");
    for text in ["{", "}", "{method", "method}", "{nothing}", "{{{", "{}", "a\0"] {
        assert!(text.parse::<Template>().is_err(), "{text:?}");
    }
}

#[test]
fn a_command_is_for_those_that_it_names() {
    let owner = |is_source, names: &[&str]| Owner {
        is_source,
        names: names.iter().copied().map(str::to_owned).collect(),
        environment: vec!["env_1".into(), "production".into()],
    };
    let (github, app) = (owner(true, &["src_1", "github"]), owner(false, &["app_1", "github"]));
    for (text, source, application) in [
        ("source:*", true, false),
        ("source:github", true, false),
        ("source:src_1", true, false),
        ("source:gitlab", false, false),
        ("app:github", false, true),
        ("app:app_1@production", false, true),
        ("source:*@env_1", true, false),
        ("source:github@staging", false, false),
    ] {
        let allow: Allow = text.parse().unwrap();
        assert_eq!((allow.allows(&github), allow.allows(&app)), (source, application), "{text}");
        assert_eq!(allow.to_string(), text);
    }
    for text in ["", "source", "source:", "app:*", "app:", "endpoint:x", "source:x@", "*"] {
        assert_eq!(text.parse::<Allow>(), Err(InvalidAllow), "{text}");
    }
    assert!(Allow::sources().allows(&github) && !Allow::sources().allows(&app));
}
