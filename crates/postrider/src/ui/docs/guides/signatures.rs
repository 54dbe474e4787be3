//! How to verify a signature, in eight languages. Tests run what they can of the code against our own signer.

use maud::{Markup, html};
use postrider_core::environment::SignatureHeaders;

use crate::ui::catalog::{SECRET, Sample, curl, header_names};
use crate::ui::docs::Asked;
use crate::ui::docs::frame::copied;
use crate::ui::text::visible;

/// Code in one language: by the language's own means, and by a library.
struct Language {
    name: &'static str,
    needs: &'static str,
    plain: &'static str,
    library: &'static str,
}

const LANGUAGES: [Language; 8] = [
    Language {
        name: "JavaScript",
        needs: "Node.js; in TypeScript it is the same",
        plain: include_str!("code/javascript.mjs"),
        library: include_str!("code/javascript-library.mjs"),
    },
    Language {
        name: "Python",
        needs: "Python 3.9",
        plain: include_str!("code/python.py"),
        library: include_str!("code/python-library.py"),
    },
    Language {
        name: "Go",
        needs: "Go 1.18",
        plain: include_str!("code/go.go"),
        library: include_str!("code/go-library.go"),
    },
    Language {
        name: "Ruby",
        needs: "Ruby 2.7 with openssl 3",
        plain: include_str!("code/ruby.rb"),
        library: include_str!("code/ruby-library.rb"),
    },
    Language {
        name: "PHP",
        needs: "PHP 7.4",
        plain: include_str!("code/php.php"),
        library: include_str!("code/php-library.php"),
    },
    Language {
        name: "Java",
        needs: "Java 11",
        plain: include_str!("code/Java.java"),
        library: include_str!("code/JavaLibrary.java"),
    },
    Language {
        name: "C#",
        needs: ".NET 6",
        plain: include_str!("code/csharp.cs"),
        library: include_str!("code/csharp-library.cs"),
    },
    Language {
        name: "Rust",
        needs: "two crates, since the standard library has no HMAC",
        plain: include_str!("code/rust.rs"),
        library: include_str!("code/rust-library.rs"),
    },
];

/// What is sent as the body of the sample.
const BODY: &str = r#"{"id":"in_1","amount":4200}"#;

pub(super) fn content(asked: &Asked<'_>) -> Markup {
    let names = asked.published.environment.settings.signature_headers;
    let is_svix = names == SignatureHeaders::Svix;
    let [id, timestamp, signature] = header_names(names).first().copied().unwrap_or_default();
    let own = |code: &str| if is_svix { code.replace("webhook-", "svix-") } else { code.to_owned() };
    html! {
        p { "Anybody can send a request to your endpoint. The signature shows that it is ours and that nobody has changed it. "
            "It is made as " a href="https://www.standardwebhooks.com/" rel="noreferrer" { "Standard Webhooks" } " says, and has three headers:" }
        ul {
            li { code { (id) } " names the event. It is the same whenever this event is sent." }
            li { code { (timestamp) } " is the time of the attempt in seconds since 1970. Refuse what is more than five minutes off, so that nobody can send an old request again." }
            li { code { (signature) } " has one or more signatures with blanks between them. One that matches is enough: there are two while a secret is being replaced." }
        }
        p { "What is signed are id, time and body with dots between them: " code { (id) "." (timestamp) ".body" } ". The signature is "
            code { "v1," } " and the Base64 of HMAC-SHA256 with your endpoint's secret, which is Base64 itself behind " code { "whsec_" } ". "
            "Take the body as it came, byte for byte: JSON that was read and written again is other bytes." }
        h2 #code { "The code" }
        @if is_svix { p.hint { "The headers have their older names here, which the libraries below do not look for: take the library " code { "svix" } " of your language, whose "
            code { "Webhook" } " is used in the same way." } }
        code-tabs {
            @for language in &LANGUAGES {
                section aria-label=(language.name) {
                    h3 { (language.name) }
                    p.hint { "By its own means: " (language.needs) "." }
                    (copied(&html! { (visible(&own(language.plain), true)) }))
                    @if !is_svix {
                        p.hint { "With the library of Standard Webhooks:" }
                        (copied(&html! { (visible(language.library, true)) }))
                    }
                }
            }
        }
        h2 #try { "Try it" }
        p { "This request is signed with the secret " code { (SECRET) } ". Set the check of the time aside for it, since its time is long past." }
        (copied(&html! { (visible(&curl(&Sample::of(BODY, names)), true)) }))
        p { "Endpoints with a key that begins with " code { "whsk_" } " have signatures that begin with " code { "v1a," }
            " instead: Ed25519 over the same bytes, to be verified with the public key " code { "whpk_" } "." }
    }
}
