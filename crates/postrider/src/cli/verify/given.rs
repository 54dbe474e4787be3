//! A request as it is given on the command line: for `verify` and `explain`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use http::{HeaderName, HeaderValue};
use postrider_core::inbound::{Request, Secret};
use postrider_core::time::Timestamp;

use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, OrExit as _};
use crate::config;

/// Bytes of a body. Providers stop at 25 MB.
const BODY_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of a file with a secret: more than any has, so that a wrong file is noticed and not read.
const SECRET_BYTES: u64 = 64 * 1024;
/// The last second of the year 9999, beyond which nobody writes times.
const LAST_SECOND: i64 = 253_402_300_799;

/// The request.
#[derive(Debug, Args)]
pub(in crate::cli) struct Given {
    /// A header as it came; repeat it for every header
    #[arg(long = "header", short = 'H', value_name = "'NAME: VALUE'", value_parser = header)]
    headers: Vec<Header>,
    /// The public URL that the provider called, with its query; some providers sign it
    #[arg(long, default_value = "")]
    url: String,
    /// The method of the request
    #[arg(long, default_value = "POST")]
    method: String,
    /// The body, byte for byte as it came: a file, or - for stdin
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Header {
    pub(in crate::cli) name: String,
    pub(in crate::cli) value: String,
}

/// A request whose body has been read.
pub(in crate::cli) struct Received {
    method: String,
    url: String,
    headers: Vec<Header>,
    body: Vec<u8>,
}

/// Reads `NAME: VALUE`, the value with or without the blank, and possibly empty.
pub(in crate::cli) fn header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("is not `NAME: VALUE`")?;
    let (name, value) = (name.trim(), value.trim());
    let checked = HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok();
    if checked {
        Ok(Header { name: name.to_owned(), value: value.to_owned() })
    } else {
        Err("has characters that no header may have".to_owned())
    }
}

/// Reads seconds since 1970, or RFC 3339.
pub(in crate::cli) fn moment(text: &str) -> Result<Timestamp, String> {
    let bad = || "is neither seconds since 1970 nor a time such as 2026-01-31T12:00:00Z".to_owned();
    match text.parse() {
        Ok(seconds) if (0..=LAST_SECOND).contains(&seconds) => Ok(Timestamp::from_seconds(seconds)),
        Ok(_) => Err(bad()),
        Err(_) => text.parse().map_err(|_| bad()),
    }
}

impl Given {
    /// Reads the body.
    pub(in crate::cli) fn read(self) -> Result<Received, Failure> {
        let body = if self.body == Path::new("-") {
            bounded(io::stdin().lock(), BODY_BYTES)
        } else {
            File::open(&self.body).and_then(|file| bounded(file, BODY_BYTES))
        };
        let body = body.with_context(|| format!("read the body from {}", self.body.display()));
        let method = self.method.to_ascii_uppercase();
        let body = body.or_failed_to(Exit::Usage)?;
        Ok(Received { method, url: self.url, headers: self.headers, body })
    }
}

impl Received {
    /// What the rules ask for, while `self` is there.
    pub(in crate::cli) fn with<T>(&self, act: impl FnOnce(&Request<'_>) -> T) -> T {
        let bytes =
            |header: &'_ Header| (header.name.clone().into_bytes(), header.value.clone().into_bytes());
        let owned: Vec<_> = self.headers.iter().map(bytes).collect();
        let headers: Vec<(&[u8], &[u8])> =
            owned.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
        act(&Request { method: &self.method, url: &self.url, headers: &headers, body: &self.body })
    }
}

/// The secrets. They are read here and shown nowhere.
#[derive(Debug, Args)]
pub(in crate::cli) struct Secrets {
    /// The secret that the provider shows; repeat it where there are several
    // Checked below and not by clap, which repeats in its message what it refuses.
    #[arg(long, value_name = "SECRET", allow_hyphen_values = true)]
    secret: Vec<config::Secret>,
    /// A file with the secret, which the shell's history does not keep
    #[arg(long, value_name = "FILE")]
    secret_file: Vec<PathBuf>,
}

impl Secrets {
    /// Those given as they are, and then those in files.
    pub(in crate::cli) fn read(self) -> Result<Vec<Secret>, Failure> {
        let given = self.secret.iter().map(|secret| Secret::new(secret.expose()));
        let mut secrets = given.collect::<Result<Vec<_>, _>>().or_exit(Exit::Usage)?;
        for path in self.secret_file {
            let read = File::open(&path)
                .and_then(|file| bounded(file, SECRET_BYTES))
                .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
                .and_then(|text| Secret::new(&text).map_err(io::Error::other))
                .with_context(|| format!("read the secret from {}", path.display()));
            secrets.push(read.or_failed_to(Exit::Usage)?);
        }
        Ok(secrets)
    }
}

/// All of `from`, unless that is more than `limit` bytes.
pub(in crate::cli) fn bounded(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_are_written() {
        for (text, name, value) in [
            ("X-A: b", "X-A", "b"),
            ("x-a:b", "x-a", "b"),
            ("X-A:  t=1,v1=a:b ", "X-A", "t=1,v1=a:b"),
            ("X-A:", "X-A", ""),
        ] {
            assert_eq!(header(text).unwrap(), Header { name: name.into(), value: value.into() });
        }
        for text in ["X-A", "", ": b", "X A: b", "X-A: b\nc"] {
            assert!(header(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_moment_is_seconds_or_rfc_3339() {
        for text in ["1767225600", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"] {
            assert_eq!(moment(text).unwrap(), Timestamp::from_seconds(1_767_225_600), "{text}");
        }
        for text in ["", "now", "-1", "1767225600000", "2026-01-01"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_read_has_a_ceiling() {
        assert_eq!(bounded(&b"abc"[..], 3).unwrap(), b"abc");
        assert!(bounded(&b"abcd"[..], 3).is_err());
    }
}
