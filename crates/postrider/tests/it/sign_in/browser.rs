//! As much of a browser as signing in takes: cookies, and forms from a page of the server itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use http::Method;
use url::form_urlencoded::Serializer;

use crate::support::{Client, Reply, Server};

/// A browser with its cookies.
pub(crate) struct Browser {
    client: Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What it shows, or was told to do.
pub(crate) struct Shown(Reply);

impl std::ops::Deref for Shown {
    type Target = Reply;

    fn deref(&self) -> &Reply {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.0, self.0.headers)
    }
}

impl Shown {
    /// Where it is sent.
    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// The token of the page's forms.
    pub(crate) fn csrf(&self) -> String {
        self.field("csrf").unwrap_or_else(|| panic!("the page has a form: {self}"))
    }

    /// The value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let text = self.text();
        let (_, rest) = text.split_once(&format!(" name=\"{name}\""))?;
        let (_, rest) = rest.split_once('>')?.0.split_once("value=\"")?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    /// The link that it shows once.
    pub(crate) fn link(&self) -> String {
        let text = self.text();
        let at = text.find("/sign-in/link#key=").unwrap_or_else(|| panic!("there is a link: {self}"));
        let end = text[at..].find(['<', '"']).unwrap();
        text[at..at + end].to_owned()
    }

    /// What the attributes of this name say, each once.
    pub(crate) fn all(&self, before: &str) -> Vec<String> {
        let text = self.text();
        let mut found: Vec<String> = text
            .split(before)
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('"')?.0.replace("&amp;", "&")))
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

impl Browser {
    /// One that has never been here.
    pub(crate) fn new(server: &Server) -> Self {
        Self { client: Client::of(server.address), cookies: Mutex::default() }
    }

    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Shown {
        self.ask(Method::GET, path, &[], &[("sec-fetch-site", "none")]).await
    }

    /// Sends a form as a page of the server does.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.ask(Method::POST, path, fields, &[("sec-fetch-site", "same-origin")]).await
    }

    /// Sends a form with the token of the page that it is on.
    pub(crate) async fn act(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let csrf = self.open(page).await.csrf();
        self.send(path, &[&[("csrf", csrf.as_str())], fields].concat()).await
    }

    /// Sends anything.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Shown {
        let mut asking = self.client.ask(method.clone(), path).header("user-agent", "Firefox/140.0 (Linux)");
        let cookies = self.cookies();
        if !cookies.is_empty() {
            asking = asking.header("cookie", &cookies);
        }
        for (name, value) in headers {
            asking = asking.header(name, value);
        }
        if method != Method::GET {
            let form = Serializer::new(String::new()).extend_pairs(fields).finish();
            asking = asking.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let reply = asking.send().await;
        self.keep(&reply);
        Shown(reply)
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Puts a cookie into the browser.
    pub(crate) fn put_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    fn cookies(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, reply: &Reply) {
        let mut cookies = self.cookies.lock().unwrap();
        for cookie in reply.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
