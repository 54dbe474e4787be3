//! `--set path=value`: changes one value of a body, and refuses a path that leads nowhere.
//!
//! A path that misses would send the unchanged body, and a test that proves nothing; so only what is there can be
//! changed. New fields come in with their object: `--set 'metadata={"key":1}'`.

use std::fmt;

use serde_json::Value;

use super::node::Node;

/// What to change, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(super) path: Vec<Step>,
    pub(super) value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    Index(usize),
}

/// A path that the body does not have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body has no `{path}`{}", nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub(crate) struct NoSuchPath {
    path: String,
    nearest: Option<String>,
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let bad = || format!("`{path}` is not a path, such as data.items[0].id");
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, indices) = part.find('[').map_or((part, ""), |at| part.split_at(at));
        if !name.is_empty() {
            steps.push(Step::Name(name.to_owned()));
        } else if indices.is_empty() || !steps.is_empty() {
            return Err(bad());
        }
        let mut rest = indices;
        while !rest.is_empty() {
            let inner = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let (index, after) = inner.ok_or_else(bad)?;
            steps.push(Step::Index(index.parse().map_err(|_| bad())?));
            rest = after;
        }
    }
    Ok(steps)
}

impl Assignment {
    /// From a path such as `data.items[0].id`, and a value.
    pub(crate) fn new(path: &str, value: &str) -> Result<Self, String> {
        Ok(Self { path: steps(path)?, value: value.to_owned() })
    }

    /// Changes the value in a JSON body. What reads as JSON is that, anything else is a string.
    pub(crate) fn apply(&self, body: &mut Node) -> Result<(), NoSuchPath> {
        let value =
            serde_json::from_str(&self.value).unwrap_or_else(|_| Node::Plain(self.value.clone().into()));
        self.put(body, value)
    }

    /// Changes the value of a form, where everything is text.
    pub(crate) fn apply_text(&self, body: &mut Node) -> Result<(), NoSuchPath> {
        self.put(body, Node::Plain(Value::String(self.value.clone())))
    }

    fn put(&self, body: &mut Node, value: Node) -> Result<(), NoSuchPath> {
        let Some(place) = find(body, &self.path) else {
            return Err(self.missing(|path| nearest(body, path)));
        };
        *place = value;
        Ok(())
    }

    /// What to say where there is no such path.
    pub(super) fn missing(&self, nearest: impl FnOnce(&str) -> Option<String>) -> NoSuchPath {
        let path = self.to_string();
        NoSuchPath { nearest: nearest(&path), path }
    }
}

/// Its path.
impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Path(&self.path).fmt(f)
    }
}

fn find<'n>(body: &'n mut Node, path: &[Step]) -> Option<&'n mut Node> {
    path.iter().try_fold(body, |node, step| match (node, step) {
        (Node::Map(fields), Step::Name(name)) => {
            fields.iter_mut().find(|(own, _)| own == name).map(|(_, value)| value)
        }
        (Node::List(items), Step::Index(index)) => items.get_mut(*index),
        _ => None,
    })
}

/// The path in `body` that is most like `wanted`. One that ends in the same name goes before all that do not.
pub(super) fn nearest(body: &Node, wanted: &str) -> Option<String> {
    let mut all = Vec::new();
    collect(body, &mut Vec::new(), &mut all);
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let name = last(wanted);
    all.into_iter().min_by_key(|path| (last(path) != name, strsim::damerau_levenshtein(path, wanted)))
}

fn collect(node: &Node, at: &mut Vec<Step>, all: &mut Vec<String>) {
    if !at.is_empty() {
        all.push(Path(at).to_string());
    }
    let children: Vec<(Step, &Node)> = match node {
        Node::Plain(_) => return,
        Node::List(items) => {
            items.iter().enumerate().map(|(index, item)| (Step::Index(index), item)).collect()
        }
        Node::Map(fields) => fields.iter().map(|(name, value)| (Step::Name(name.clone()), value)).collect(),
    };
    for (step, child) in children {
        at.push(step);
        collect(child, at, all);
        at.pop();
    }
}

/// Shows a path as it is typed.
struct Path<'a>(&'a [Step]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) if place == 0 => f.write_str(name)?,
                Step::Name(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"data":{"object":{"customer":"cus_1","amount":1}},"items":[{"id":1},[2,3]]}"#;

    fn set(assignment: &str) -> Result<String, String> {
        let mut body: Node = serde_json::from_str(BODY).unwrap();
        let (path, value) = assignment.split_once('=').unwrap();
        Assignment::new(path, value)?.apply(&mut body).map_err(|error| error.to_string())?;
        Ok(serde_json::to_string(&body).unwrap())
    }

    #[test]
    fn values_are_json_where_they_read_so_and_text_elsewhere() {
        for (assignment, old, new) in [
            ("data.object.customer=cus_2", "\"cus_1\"", "\"cus_2\""),
            ("data.object.customer=a=b", "\"cus_1\"", "\"a=b\""),
            ("data.object.customer=", "\"cus_1\"", "\"\""),
            ("data.object.customer=\"7\"", "\"cus_1\"", "\"7\""),
            ("data.object.amount=500", ":1}},", ":500}},"),
            ("data.object={\"z\":1,\"a\":2}", "{\"customer\":\"cus_1\",\"amount\":1}", "{\"z\":1,\"a\":2}"),
            ("items[0].id=null", "{\"id\":1}", "{\"id\":null}"),
            ("items[1][0]=true", "[2,3]", "[true,3]"),
        ] {
            assert_eq!(set(assignment).unwrap(), BODY.replace(old, new), "{assignment}");
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused_with_the_nearest_that_does() {
        for (assignment, near) in [
            ("data.object.custommer=x", "data.object.customer"),
            ("data.objct.customer=x", "data.object.customer"),
            ("items[2].id=x", "items[0].id"),
            ("items.id=x", "items[0].id"),
            ("amount=1", "data.object.amount"),
            ("data.object.metadata.key=1", "data.object.customer"),
        ] {
            let said = set(assignment).unwrap_err();
            let path = assignment.split('=').next().unwrap();
            assert_eq!(said, format!("the body has no `{path}`; did you mean `{near}`?"));
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", "a..b", ".a", "a.", "a[x]", "a[0", "a[0]b", "a.[0]", "a[-1]"] {
            assert!(Assignment::new(path, "1").is_err(), "{path}");
        }
        assert!(Assignment::new("[0].a", "1").is_ok(), "a body may be an array");
    }
}
