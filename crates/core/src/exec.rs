//! Commands as destinations: an endpoint whose URL is `exec:NAME` runs the command that the configuration has under that
//! name.
//!
//! What is here are the rules: what a name may be, how values of a request fill an argument ([`Template`]), and who may
//! use a command ([`Allow`]). A value fills its place within one argument and is never split, interpreted or joined to
//! another, whatever characters it has; there is no shell.
//!
//! Deliberately absent: running anything.

mod allow;
mod template;

use crate::names::Invalid;

pub use allow::{Allow, InvalidAllow, Owner};
pub use template::{ARGUMENT_BYTES, InvalidTemplate, Template, Unfillable};

/// What the URL of such an endpoint begins with.
pub const SCHEME: &str = "exec:";
/// Characters of a command's name.
pub const NAME_CHARS: usize = 64;

/// The name in the URL of an endpoint; `None` for a URL that is no command's.
#[must_use]
pub fn name_of(url: &str) -> Option<&str> {
    let (scheme, name) = url.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(name)
}

/// What the name of a command may be.
pub fn check_name(name: &str) -> Result<(), Invalid> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if (1..=NAME_CHARS).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Invalid::pattern("must have 1 to 64 of a-z, 0-9, - and _"))
    }
}

#[cfg(test)]
mod tests;
