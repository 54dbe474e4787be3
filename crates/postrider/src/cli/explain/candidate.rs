//! One guess: why, which secret it takes, and what is missing beside that.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use postrider_core::inbound::{
    Check, Fetched, Guess, Preset, Reason, Request, Secret, Settings, Verdict, Verifier,
};
use postrider_core::time::Timestamp;
use serde::Serialize;

/// Stand-ins for a secret, of which presets can decode one: 32 bytes in hexadecimal, which are base64 too, and the same
/// as a key of Standard Webhooks.
const NOBODYS: [&str; 2] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
];
/// Stands in for a setting.
const ANYTHING: &str = "anything";

/// See the module's documentation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate {
    preset: String,
    title: String,
    why: String,
    /// Which secret it takes, and where the provider shows it.
    secret: String,
    /// What the preset needs beside the secret.
    settings: Vec<Setting>,
    /// What is wrong or missing whatever the secret is; nothing where only the secret is missing.
    lacks: Option<String>,
    event_type: Option<String>,
    event_id: Option<String>,
    command: String,
}

#[derive(Debug, Serialize)]
struct Setting {
    name: String,
    about: String,
}

/// What a check without the secret says.
#[derive(Debug, Default)]
struct Outlook {
    lacks: Option<String>,
    /// What the command has to say besides.
    arguments: String,
}

impl Candidate {
    /// What is to be said of one guess about a request that came at `now`.
    pub(super) fn new(guess: &Guess<'_>, request: &Request<'_>, now: Timestamp) -> Self {
        let preset = guess.preset;
        let needed = preset.settings.iter().filter(|setting| setting.required && setting.default.is_none());
        let settings: Vec<_> = needed
            .map(|setting| Setting { name: setting.name.clone(), about: setting.about.clone() })
            .collect();
        let outlook = outlook(preset, &settings, request, now);
        let mut command = format!("postrider verify --preset {} --secret-file FILE", preset.name);
        for setting in &settings {
            let _ = write!(command, " --setting {}=VALUE", setting.name);
        }
        command.push_str(&outlook.arguments);
        Self {
            preset: preset.name.clone(),
            title: preset.title.clone(),
            why: guess.why.clone(),
            secret: preset.secret.clone(),
            settings,
            lacks: outlook.lacks,
            event_type: preset.event_type(request),
            event_id: preset.event_id(request),
            command,
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let lacks = self.lacks.as_deref().unwrap_or("nothing but the secret");
        let settings = self.settings.iter().map(|setting| format!("{}: {}", setting.name, setting.about));
        let settings: Vec<_> = settings.collect();
        let lines = [
            ("because", Some(self.why.as_str())),
            ("event", self.event_type.as_deref()),
            ("id", self.event_id.as_deref()),
            ("secret", Some(self.secret.as_str())),
            ("setting", Some(settings.join("; ")).as_deref().filter(|text| !text.is_empty())),
            ("lacks", Some(lacks)),
            ("then", Some(self.command.as_str())),
        ]
        .into_iter()
        .filter_map(|(label, text)| Some([label.to_owned(), text?.to_owned()]))
        .collect::<Vec<_>>();
        crate::cli::output::table([self.preset.as_str(), self.title.as_str()], &lines)
    }
}

/// Checks with a secret that nobody has, at whatever time the request was signed.
fn outlook(preset: &Arc<Preset>, needed: &[Setting], request: &Request<'_>, now: Timestamp) -> Outlook {
    let settings: Settings =
        needed.iter().map(|setting| (setting.name.clone(), ANYTHING.to_owned())).collect();
    let verifier = NOBODYS.iter().find_map(|text| {
        let secret = Secret::new(text).expect("it is not empty");
        Verifier::new(Arc::clone(preset), vec![secret], settings.clone()).ok()
    });
    // Keys that only the provider's own could stand in for: nothing can be said without one.
    let Some(verifier) = verifier else { return Outlook::default() };
    match verifier.check(request, now, &Fetched::default()) {
        Check::NeedsKey(key) => Outlook {
            lacks: Some(format!("the provider's key, which is at {}", key.url)),
            arguments: " --key FILE".to_owned(),
        },
        Check::Done(Verdict::Failed(Reason::TooOld { seconds, .. })) => {
            signed_at(now.before(Duration::from_secs(seconds)), verifier, request, now)
        }
        Check::Done(Verdict::Failed(Reason::InFuture { seconds, .. })) => {
            signed_at(now.after(Duration::from_secs(seconds)), verifier, request, now)
        }
        Check::Done(verdict) => Outlook { lacks: lacks(&verdict), arguments: String::new() },
    }
}

/// A request from another time is looked at as of then.
fn signed_at(then: Timestamp, verifier: Verifier, request: &Request<'_>, now: Timestamp) -> Outlook {
    let any_time = verifier.tolerance(Duration::ZERO);
    let lacks = match any_time.check(request, now, &Fetched::default()) {
        Check::Done(verdict) => lacks(&verdict),
        Check::NeedsKey(_) => None,
    };
    Outlook { lacks, arguments: format!(" --at {}", then.as_seconds()) }
}

/// What a verdict complains of, unless that is the secret.
fn lacks(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Failed(Reason::NoMatch { .. } | Reason::WrongToken { .. })
        | Verdict::Verified(_)
        | Verdict::Authenticated(_) => None,
        Verdict::Failed(reason) => Some(reason.to_string()),
        Verdict::Unverified => Some("a signature: this provider does not sign".to_owned()),
    }
}
