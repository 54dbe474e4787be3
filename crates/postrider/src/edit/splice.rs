//! Puts a value in the place of another, and leaves all other bytes as they are: what is signed anew should differ from
//! what came by nothing but what was asked for.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::value::RawValue;
use url::form_urlencoded;

use super::assign::{Assignment, NoSuchPath, Step, nearest};
use super::node::Node;

impl Assignment {
    /// Changes the value in a JSON text. The value is put there as it is written if it is JSON, and as a string otherwise.
    pub(crate) fn splice(&self, json: &[u8]) -> Result<Vec<u8>, NoSuchPath> {
        let found = std::str::from_utf8(json).ok().and_then(|text| find(text, &self.path));
        let Some(place) = found else {
            let body: Option<Node> = serde_json::from_slice(json).ok();
            return Err(self.missing(|path| nearest(&body?, path)));
        };
        let value = match serde_json::from_str::<&RawValue>(&self.value) {
            Ok(raw) => raw.get().to_owned(),
            Err(_) => serde_json::Value::from(self.value.as_str()).to_string(),
        };
        Ok([&json[..place.start], value.as_bytes(), &json[place.end..]].concat())
    }

    /// Changes the value of a field of a form, which is written anew. A value that is a JSON string is its text.
    pub(crate) fn splice_form(&self, form: &[u8]) -> Result<Vec<u8>, NoSuchPath> {
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(form).into_owned().collect();
        let wanted = match &self.path[..] {
            [Step::Name(name)] => pairs.iter_mut().find(|(own, _)| own == name),
            _ => None,
        };
        let Some((_, value)) = wanted else {
            let named = |name: &String| strsim::damerau_levenshtein(name, &self.to_string());
            let near = pairs.iter().map(|(name, _)| name).min_by_key(|name| named(name)).cloned();
            return Err(self.missing(|_| near));
        };
        *value = serde_json::from_str::<String>(&self.value).unwrap_or_else(|_| self.value.clone());
        Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes())
    }
}

/// Where in `json` the value at `path` stands. Of a name that an object has twice the last counts, as with most parsers.
fn find(json: &str, path: &[Step]) -> Option<Range<usize>> {
    let whole: &RawValue = serde_json::from_str(json).ok()?;
    let found = path.iter().try_fold(whole, |at, step| match step {
        Step::Name(name) => {
            let mut fields: HashMap<String, &RawValue> = serde_json::from_str(at.get()).ok()?;
            fields.remove(name)
        }
        Step::Index(index) => {
            let items: Vec<&RawValue> = serde_json::from_str(at.get()).ok()?;
            items.get(*index).copied()
        }
    })?;
    // The value is a slice of the text, so the distance of the two is its place.
    let start = found.get().as_ptr().addr() - json.as_ptr().addr();
    Some(start..start + found.get().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        "{ \"data\" : {\"amount\": 1.0e2,\n \"items\":[ {\"id\":\"a\"} , 2 ] } , \"z\":\"\\u00e9\" }\n";

    fn spliced(path: &str, value: &str) -> Result<String, String> {
        let body = Assignment::new(path, value)?.splice(BODY.as_bytes());
        body.map(|body| String::from_utf8(body).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_value_changes() {
        for (path, value, old, new) in [
            ("data.amount", "500", "1.0e2", "500"),
            ("data.amount", "1e400", "1.0e2", "1e400"),
            ("data.amount", "five", "1.0e2", "\"five\""),
            ("data.items[0].id", "\"7\"", "\"a\"", "\"7\""),
            ("data.items[1]", " {\"n\": [1, 2]} ", ", 2 ]", ", {\"n\": [1, 2]} ]"),
            ("data.items", "[]", "[ {\"id\":\"a\"} , 2 ]", "[]"),
            ("z", "null", "\"\\u00e9\"", "null"),
        ] {
            assert_eq!(spliced(path, value).unwrap(), BODY.replace(old, new), "{path}={value}");
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_changes_nothing_and_says_so() {
        for (path, near) in
            [("data.amuont", "data.amount"), ("data.items[2]", "data.items[0]"), ("amount", "data.amount")]
        {
            let told = spliced(path, "1").unwrap_err();
            assert!(told.contains(&format!("no `{path}`")) && told.contains(near), "{told}");
        }
        let path = Assignment::new("a", "1").unwrap();
        for body in [&b"not json"[..], b"", b"\xff", b"[1]", b"7"] {
            assert!(path.splice(body).is_err());
        }
        let twice = Assignment::new("a", "3").unwrap().splice(b"{\"a\":1,\"a\":2}").unwrap();
        assert_eq!(twice, b"{\"a\":1,\"a\":3}");
    }

    #[test]
    fn fields_of_forms_are_texts() {
        let form = b"a=1&b=x+y";
        for (path, value, expected) in [
            ("a", "\"2\"", &b"a=2&b=x+y"[..]),
            ("a", "2", b"a=2&b=x+y"),
            ("b", "\u{e9}&", b"a=1&b=%C3%A9%26"),
        ] {
            assert_eq!(Assignment::new(path, value).unwrap().splice_form(form).unwrap(), expected, "{path}");
        }
        let told = Assignment::new("aa", "1").unwrap().splice_form(form).unwrap_err().to_string();
        assert!(told.ends_with("did you mean `a`?"), "{told}");
    }
}
