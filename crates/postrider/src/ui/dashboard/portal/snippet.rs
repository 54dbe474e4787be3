//! Text to copy: how a server asks for a link to the portal, and how a page shows it.
//!
//! Whatever is typed stands in these texts as their language writes it, so that what is copied means what was typed.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::ui::portal::Look;

/// What stands in a path as it is, and means nothing to a shell.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// What sessions of the examples may do.
const CAPABILITIES: &str = r#""ViewBase", "CreateAttempts", "ManageEndpoint""#;

/// A text with its name, and an id that is unique on the page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// How a server asks for a link.
pub(super) fn backend(base: &str, app: &str) -> [Snippet; 3] {
    let app = if app.is_empty() { "customer-42" } else { app };
    let url = format!("{base}/api/v1/auth/app-portal-access/{}", utf8_percent_encode(app, PART));
    let curl = format!(
        "curl {url} \\\n  -H \"Authorization: Bearer $POSTRIDER_KEY\" -H 'Content-Type: application/json' \\\n  \
         -d '{{\"capabilities\": [{CAPABILITIES}]}}'"
    );
    let javascript = format!(
        "const answer = await fetch(\"{url}\", {{\n  method: \"POST\",\n  headers: {{\n    \
         authorization: `Bearer ${{process.env.POSTRIDER_KEY}}`,\n    \"content-type\": \"application/json\",\n  }},\n  \
         body: JSON.stringify({{ capabilities: [{CAPABILITIES}] }}),\n}});\nconst {{ url }} = await answer.json();"
    );
    let python = format!(
        "import json, os, urllib.request\n\nrequest = urllib.request.Request(\n    \"{url}\",\n    \
         data=json.dumps({{\"capabilities\": [{CAPABILITIES}]}}).encode(),\n    headers={{\n        \
         \"authorization\": f\"Bearer {{os.environ['POSTRIDER_KEY']}}\",\n        \
         \"content-type\": \"application/json\",\n    }},\n)\nurl = json.load(urllib.request.urlopen(request))[\"url\"]"
    );
    [
        Snippet { id: "backend-curl", name: "curl", text: curl },
        Snippet { id: "backend-javascript", name: "JavaScript", text: javascript },
        Snippet { id: "backend-python", name: "Python", text: python },
    ]
}

/// How a page shows it, in this look.
pub(super) fn embedding(base: &str, look: &Look) -> [Snippet; 2] {
    let written = look.written();
    let mut options = String::new();
    for (name, value) in url::form_urlencoded::parse(written.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = writeln!(options, "    {name}: {},", quoted(&value));
    }
    let script = format!(
        "<div id=\"webhooks\"></div>\n<script src=\"{base}/portal.js\"></script>\n<script>\n  \
         const link = async () => (await fetch(\"/my-own-backend/portal-link\")).text();\n  \
         link().then((url) => Postrider.mount(document.getElementById(\"webhooks\"), {{\n    url,\n    \
         onSessionExpired: link,\n{options}  }}));\n</script>"
    );
    let query =
        if written.is_empty() { String::new() } else { format!("?{}", written.replace('&', "&amp;")) };
    let frame = format!(
        "<iframe src=\"{base}/portal{query}#key=…\" title=\"Webhooks\"\n  allow=\"clipboard-write\" width=\"100%\" \
         height=\"640\"></iframe>"
    );
    [
        Snippet { id: "embed-script", name: "With portal.js", text: script },
        Snippet { id: "embed-frame", name: "As a frame of your own", text: frame },
    ]
}

/// A text as a script in a page has it: nothing in it ends the script.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_means_the_same_where_it_is_copied_to() {
        let [curl, javascript, python] = backend("https://h.example", "a'b\"`$(c)/../d\\");
        for snippet in [&curl, &javascript, &python] {
            let expected =
                "https://h.example/api/v1/auth/app-portal-access/a%27b%22%60%24%28c%29%2F..%2Fd%5C";
            assert!(snippet.text.contains(expected), "{}", snippet.text);
            assert_eq!(snippet.text.matches("a%27b").count(), 1, "{}", snippet.text);
        }
        let look = Look::read(
            "primaryColorLight=28bb93&darkMode=true&icon=https%3A%2F%2Fa.example%2F%3C%2Fscript%3E%22.png",
        );
        let [script, frame] = embedding("https://h.example", &look);
        assert!(script.text.contains("    primaryColorLight: \"28bb93\",\n"), "{}", script.text);
        assert_eq!(script.text.matches("</script>").count(), 2, "{}", script.text);
        assert!(
            script.text.contains(r#"icon: "https://a.example/\u003c/script>\".png","#),
            "{}",
            script.text
        );
        assert!(
            frame.text.contains("/portal?darkMode=true&amp;primaryColorLight=28bb93&amp;icon="),
            "{}",
            frame.text
        );
        assert_eq!(frame.text.matches('"').count(), 10, "{}", frame.text);
        let [_, plain] = embedding("https://h.example", &Look::default());
        assert!(plain.text.contains("/portal#key=…"), "{}", plain.text);
    }
}
