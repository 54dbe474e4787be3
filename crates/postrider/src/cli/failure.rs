//! Why a command failed, told to a person and to a script.

use std::error::Error;
use std::fmt;

use super::exit::Exit;

/// See the module's documentation.
#[derive(Debug)]
pub struct Failure {
    /// For scripts.
    pub exit: Exit,
    /// For people.
    pub error: anyhow::Error,
    /// What a person can do about it.
    pub hint: Option<&'static str>,
}

impl Failure {
    /// A failure that is fully told by a sentence.
    pub fn new(exit: Exit, sentence: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        Self { exit, error: anyhow::Error::msg(sentence), hint: None }
    }

    /// A failure of one of our parts, whose errors say what was to be done: they read well after "failed to".
    pub fn failed_to(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: FailedTo(error.into()).into(), hint: None }
    }

    /// The same failure, and what a person can do about it.
    #[must_use]
    pub fn with_hint(self, hint: Option<&'static str>) -> Self {
        Self { hint, ..self }
    }
}

/// Everything in one or more lines, without the name of the program.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&causes(&self.error))?;
        self.hint.map_or(Ok(()), |hint| write!(f, "\n  {hint}"))
    }
}

/// An error with all its causes in one sentence. Some errors repeat their cause at their end: it is told once.
fn causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        let cause = cause.trim_end();
        if text.is_empty() {
            text.push_str(cause);
        } else if !text.ends_with(cause) {
            text.push_str(": ");
            text.push_str(cause);
        }
    }
    text
}

/// An error that says what was to be done, as a sentence of its own.
#[derive(Debug)]
struct FailedTo(anyhow::Error);

impl fmt::Display for FailedTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {}", self.0)
    }
}

impl Error for FailedTo {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit: Exit::Failure, error: error.into(), hint: None }
    }
}

/// Says with which code a failure ends the command.
pub trait OrExit<T> {
    /// Ends with `exit` on failure, of which the error says all.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;

    /// Ends with `exit` on failure of what the error names. See [`Failure::failed_to`].
    fn or_failed_to(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, ..Failure::from(error) })
    }

    fn or_failed_to(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure::failed_to(exit, error))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn causes_are_told_once_each_and_the_hint_comes_last() {
        #[derive(Debug, thiserror::Error)]
        enum Part {
            #[error("listen on port 1")]
            Silent(#[source] io::Error),
            #[error("use the database: {0}")]
            Repeats(#[source] io::Error),
        }
        let cause = || io::Error::other("it is in use\n");
        let told = |part: Part| Failure::failed_to(Exit::Failure, part).to_string();
        assert_eq!(told(Part::Silent(cause())), "failed to listen on port 1: it is in use");
        assert_eq!(told(Part::Repeats(io::Error::other("no"))), "failed to use the database: no");
        let hinted = Failure::new(Exit::Usage, "this is no port").with_hint(Some("choose another"));
        assert_eq!(hinted.to_string(), "this is no port\n  choose another");
    }
}
