//! Which part of the face a request is for: the rule of the module's documentation, as code.

use http::Method;

use crate::service::bins::SHARED;

/// Where bins are.
const PLACE: &str = "/bin/";

/// How somebody comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door<'p> {
    /// By the name of a bin.
    Bin(&'p str),
    /// By the token of a shared link.
    Shared(&'p str),
}

/// A path, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'p> {
    pub(super) door: Door<'p>,
    /// What is behind the name or token.
    pub(super) tail: &'p str,
}

/// What is asked for behind the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'p> {
    /// The address itself, to be read.
    Front,
    /// The live view.
    Live,
    /// The script.
    Script,
    /// Something of the page: what is behind `/-/`.
    Own(&'p str),
    /// Nothing of ours.
    Other,
}

impl<'p> Address<'p> {
    pub(super) fn read(path: &'p str) -> Self {
        let (first, tail) = cut(path.strip_prefix(PLACE).unwrap_or_default());
        if first != SHARED {
            return Self { door: Door::Bin(first), tail };
        }
        let (token, tail) = cut(tail.strip_prefix('/').unwrap_or_default());
        Self { door: Door::Shared(token), tail }
    }
}

/// The first part of a path, and the rest with its slash.
fn cut(path: &str) -> (&str, &str) {
    path.split_at(path.find('/').unwrap_or(path.len()))
}

impl<'p> Place<'p> {
    pub(super) fn of(method: &Method, tail: &'p str) -> Self {
        if let Some(own) = tail.strip_prefix("/-/") {
            return Self::Own(own);
        }
        match (tail, method.as_str()) {
            ("", "GET" | "HEAD") => Self::Front,
            ("/live", "GET") => Self::Live,
            ("/script", "GET" | "PUT" | "DELETE") => Self::Script,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_door_and_a_tail() {
        for (path, door, tail) in [
            ("/bin/a", Door::Bin("a"), ""),
            ("/bin/a/", Door::Bin("a"), "/"),
            ("/bin/a/b/c", Door::Bin("a"), "/b/c"),
            ("/bin/", Door::Bin(""), ""),
            ("/bin//a", Door::Bin(""), "/a"),
            ("/bin/shared/t", Door::Shared("t"), ""),
            ("/bin/shared/t/live", Door::Shared("t"), "/live"),
            ("/bin/shared", Door::Shared(""), ""),
        ] {
            assert_eq!(Address::read(path), Address { door, tail }, "{path}");
        }
    }

    #[test]
    fn what_is_not_ours_is_captured() {
        for (method, tail, place) in [
            ("GET", "", Place::Front),
            ("HEAD", "", Place::Front),
            ("POST", "", Place::Other),
            ("OPTIONS", "", Place::Other),
            ("GET", "/", Place::Other),
            ("GET", "/hook", Place::Other),
            ("GET", "/live", Place::Live),
            ("POST", "/live", Place::Other),
            ("PUT", "/script", Place::Script),
            ("POST", "/script", Place::Other),
            ("POST", "/-/replay", Place::Own("replay")),
            ("GET", "/-", Place::Other),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(Place::of(&method, tail), place, "{method} {tail}");
        }
    }
}
