//! One command, ready to be filled with what a request says.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::time::Duration;

use postrider_core::exec::{Allow, Template, Unfillable};
use postrider_core::facts::{Fact, Facts, Paths};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config;
use crate::config::exec::{Input, variable};

/// What programs are looked for in by a command that looks for some.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// See the module's documentation.
#[derive(Debug)]
pub struct Command {
    pub(super) program: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) takes_body: bool,
    pub(super) timeout: Duration,
    pub(super) max_output: usize,
    pub(super) limits: Limits,
    pub(super) allow: Vec<Allow>,
    /// What its places ask for.
    pub(super) paths: Paths,
    arguments: Vec<Template>,
    environment: Vec<(String, Template)>,
    places: Semaphore,
}

/// What each of its processes may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) memory: Option<u64>,
    pub(super) cpu_seconds: Option<u32>,
    pub(super) open_files: u32,
}

/// What a command is given for one delivery.
pub(super) struct Filled {
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
}

impl Command {
    /// Over a configuration that was checked: what cannot be read is left out of it.
    pub(super) fn new(config: &config::Command) -> Self {
        let arguments: Vec<Template> =
            config.arguments.0.iter().filter_map(|text| text.parse().ok()).collect();
        let environment: Vec<(String, Template)> =
            config.environment.0.iter().filter_map(|text| variable(text).ok()).collect();
        let mut paths = Paths::default();
        all(&arguments, &environment).for_each(|fact| paths.ask(fact));
        Self {
            program: config.program.clone(),
            directory: config.directory.clone(),
            takes_body: config.input == Input::Body,
            timeout: config.timeout,
            max_output: config.max_output.len(),
            limits: Limits {
                memory: config.memory.map(config::Size::bytes),
                cpu_seconds: config.cpu_seconds,
                open_files: config.open_files,
            },
            allow: config.allow.0.iter().filter_map(|text| text.parse().ok()).collect(),
            paths,
            arguments,
            environment,
            places: Semaphore::new(config.concurrency),
        }
    }

    /// Whether it must know of the request more than the message has.
    pub(super) fn asks_for_the_request(&self) -> bool {
        all(&self.arguments, &self.environment).any(|fact| !fact.is_of_the_body())
    }

    /// Waits until fewer of it run than may.
    pub(super) async fn turn(&self) -> SemaphorePermit<'_> {
        self.places.acquire().await.expect("it is never closed")
    }

    /// Fills its places, and adds what a delivery says of itself.
    pub(super) fn fill(
        &self,
        facts: &Facts<'_>,
        of_delivery: &[(&str, String)],
    ) -> Result<Filled, Unfillable> {
        let fill = |template: &Template| template.fill(facts).map(OsString::from_vec);
        let own = self.environment.iter().map(|(name, value)| Ok((name.into(), fill(value)?)));
        let own: Vec<_> = own.collect::<Result<_, Unfillable>>()?;
        let ours = of_delivery.iter().map(|(name, value)| (name.into(), value.into()));
        Ok(Filled {
            arguments: self.arguments.iter().map(fill).collect::<Result<_, _>>()?,
            environment: [("PATH".into(), PATH.into())].into_iter().chain(own).chain(ours).collect(),
        })
    }
}

fn all<'a>(
    arguments: &'a [Template],
    environment: &'a [(String, Template)],
) -> impl Iterator<Item = &'a Fact> {
    arguments.iter().chain(environment.iter().map(|(_, value)| value)).flat_map(Template::facts)
}
