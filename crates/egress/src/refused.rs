//! Why a URL may not be sent to.

/// A refusal by the policy, before or after names were resolved.
///
/// The sentences are for the owner of the endpoint: they say what to change, and never which address a name
/// led to or what answered there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Whitespace or control characters, which URL parsers drop silently and people overlook.
    #[error("the URL contains spaces or control characters: remove them, or percent-encode them")]
    Whitespace,
    /// More than 2,048 bytes.
    #[error("the URL is longer than 2048 bytes: use a shorter one")]
    TooLong,
    /// Neither `http` nor `https`.
    #[error("the URL must start with https:// or http://")]
    Scheme,
    /// Plain `http` under a policy that wants `https`.
    #[error("the URL must start with https://: plain http is not allowed here")]
    HttpsRequired,
    /// `user:password@` in front of the host.
    #[error("the URL contains a user name or password: remove it, and send credentials as a header")]
    Userinfo,
    /// Not a URL by the WHATWG rules.
    #[error("the URL cannot be read: use the form https://host/path")]
    Malformed(#[from] url::ParseError),
    /// The path or query has no form that can be sent in a request line.
    #[error("the path or query of the URL cannot be sent: percent-encode its special characters")]
    Path,
    /// The host is not a name that DNS can carry.
    #[error("the host of the URL is not a valid host name")]
    Host,
    /// A name that only means something inside a network.
    #[error("the host name is reserved for internal use: use a public host name")]
    Name,
    /// A port of a service that is not a web server.
    #[error("the port {0} is not allowed: use 443, 80, or an ordinary web port above 1023")]
    Port(u16),
    /// The host is, or leads to, an address that is not open.
    #[error("the host does not lead to a public address: use one that can be reached from the internet")]
    Address,
}
