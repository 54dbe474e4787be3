use proptest::prelude::*;

use super::*;
use crate::reception::Octets;

fn received(query: Option<&str>, headers: &[(&str, &str)]) -> Received {
    let header = |(name, value): &(&str, &str)| {
        ((*name).to_owned(), Octets(bytes::Bytes::copy_from_slice(value.as_bytes())))
    };
    Received {
        method: "POST".into(),
        tail: String::new(),
        query: query.map(str::to_owned),
        headers: headers.iter().map(header).collect(),
        remote: "::ffff:192.0.2.7".parse().ok(),
    }
}

fn fact(text: &str) -> Fact {
    text.parse().unwrap_or_else(|invalid| panic!("{text}: {invalid}"))
}

/// All values of each of `names`, asked for together.
fn all(received: &Received, body: &str, names: &[&str]) -> Vec<Vec<String>> {
    let mut paths = Paths::default();
    for name in names {
        paths.ask(&fact(name));
    }
    let facts = Facts::new(received, body.as_bytes(), &paths);
    let text = |value: &Bytes<'_>| String::from_utf8(value.to_vec()).unwrap();
    names.iter().map(|name| facts.values(&fact(name)).unwrap().iter().map(text).collect()).collect()
}

#[test]
fn names_are_read_and_written() {
    for text in [
        "payload.a.b[0].c",
        "payload.[0].a",
        "form.a.b",
        "header.x-a",
        "query.a b",
        "method",
        "remote",
        "body",
        "headers",
        "query",
    ] {
        assert_eq!(fact(text).to_string(), text);
    }
    assert_eq!(fact("header.X-A"), fact("header.x-a"));
    for text in
        ["", "payload", "payload.", "payload.a..b", "header", "header.a b", "cookie.a", "Method", "form."]
    {
        assert_eq!(text.parse::<Fact>(), Err(InvalidFact), "{text}");
    }
    assert!(format!("form.{}", "a".repeat(257)).parse::<Fact>().is_err());
}

#[test]
fn each_kind_of_value_is_found() {
    let json = r#"{"a":{"b":[1,"zwei",null,true],"c":{"d":1.50}},"n":12345678901234567890123,"q":"\"x\"\n"}"#;
    let came = received(Some("a=1&b=%2F&a=2"), &[("x-a", " one "), ("x-a", "two")]);
    for (name, expected) in [
        ("payload.a.b[1]", &["zwei"][..]),
        ("payload.a.b[]", &["1", "zwei", "true"]),
        ("payload.a.b[2]", &[]),
        ("payload.a.c", &[r#"{"d":1.50}"#]),
        ("payload.a.c.d", &["1.50"]),
        ("payload.n", &["12345678901234567890123"]),
        ("payload.q", &["\"x\"\n"]),
        ("payload.q.r", &[]),
        ("payload.absent", &[]),
        ("query.a", &["1", "2"]),
        ("query.b", &["/"]),
        ("header.x-a", &["one", "two"]),
        ("form.a", &[]),
        ("method", &["POST"]),
        ("remote", &["192.0.2.7"]),
        ("body", &[json]),
        ("query", &[r#"{"a":"1","b":"/"}"#]),
        ("headers", &[r#"{"x-a":" one "}"#]),
    ] {
        assert_eq!(all(&came, json, &[name]), [expected], "{name}");
    }
}

#[test]
fn a_form_has_its_fields_under_both_names() {
    let form = received(None, &[("content-type", "Application/X-WWW-Form-Urlencoded; charset=utf-8")]);
    let found = all(&form, "a.b=1&c=x+y", &["payload.a.b", "form.a.b", "payload.c", "form.d"]);
    assert_eq!(found, [vec!["1"], vec!["1"], vec!["x y"], vec![]]);
    let other = received(None, &[("content-type", "text/plain")]);
    assert_eq!(all(&other, "a.b=1", &["payload.a.b", "form.a.b"]), [Vec::<String>::new(), Vec::new()]);
}

#[test]
fn many_paths_share_one_pass_and_do_not_disturb_each_other() {
    let json = r#"{"a":[{"b":1,"c":2},{"b":3}],"a2":5,"a":[{"b":7},{"b":8}]}"#;
    let names =
        ["payload.a[].b", "payload.a[0]", "payload.a[0].b", "payload.a[0].c", "payload.a[1].b", "payload.a2"];
    let found = all(&received(None, &[]), json, &names);
    assert_eq!(
        found,
        [vec!["7", "8"], vec![r#"{"b":7}"#], vec!["7"], vec![], vec!["8"], vec!["5"]],
        "of a name that stands twice the last counts"
    );
}

#[test]
fn what_is_too_much_or_broken_is_unclear_and_not_absent() {
    let (many, came) = (format!("[{}1]", "1,".repeat(ceiling::ITEMS)), received(None, &[]));
    let mut paths = Paths::default();
    paths.ask(&fact("payload.[]"));
    for (body, expected) in
        [(many.as_str(), Err(Unclear)), ("{\"a\":", Err(Unclear)), ("no JSON", Ok(0)), ("", Ok(0))]
    {
        let facts = Facts::new(&came, body.as_bytes(), &paths);
        assert_eq!(facts.values(&fact("payload.[]")).map(|all| all.len()), expected, "{body:.10}");
    }
    let crowded = received(Some(&"a&".repeat(ceiling::PAIRS + 1)), &[]);
    assert_eq!(Facts::new(&crowded, b"", &paths).values(&fact("query.a")), Err(Unclear));
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(all(&received(None, &[]), &deep, &["payload.b"]), [["2"]]);
}

proptest! {
    #[test]
    fn together_they_find_what_each_finds_alone(
        json in r#"\{("[ab]":(1|"x"|null|\[(2|\{"a":3\}),\{"b":4\}\]|\{"a":5,"b":\[6\]\}),){0,4}"c":0\}"#,
        names in proptest::collection::vec(r"(a|b)(\.(a|b)|\[[01]?\]){0,2}", 1..5),
    ) {
        let names: Vec<_> = names.iter().map(|name| format!("payload.{name}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let came = received(None, &[]);
        let alone: Vec<_> = names.iter().flat_map(|name| {
            let Fact::Payload(Path(path)) = fact(name) else { unreachable!("they are paths") };
            let text = |raw| paths::value(raw).map(|value| String::from_utf8(value.to_vec()).unwrap());
            [path.all(json.as_bytes()).into_iter().filter_map(text).collect::<Vec<_>>()]
        }).collect();
        prop_assert_eq!(all(&came, &json, &names), alone, "{} {:?}", json, names);
    }
}
