//! Checks shared tokens, user names and passwords. They prove who sends, and nothing about the body.

use std::borrow::Cow;

use subtle::ConstantTimeEq as _;

use super::ceiling;
use super::encoding;
use super::place::View;
use super::scheme::Token;
use super::secret::Secret;
use super::verdict::{Proof, Reason};

/// How a value becomes the text that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is, behind the prefix.
    Plain,
    /// Base64 of `user:password`. It is compared whole, so a password may hold colons.
    Basic,
}

impl Token {
    /// The proof that the request, or each item of its batch, brings one of `secrets`.
    pub(super) fn check(
        &self,
        form: Form,
        view: &View<'_>,
        secrets: &[(usize, &Secret)],
    ) -> Result<Proof, Reason> {
        let Some(each) = &self.each else { return self.check_one(form, view, secrets) };
        let items = each.all(view.request.body);
        if items.is_empty() {
            return Err(Reason::EmptyBatch);
        }
        if items.len() > ceiling::SIGNED_ITEMS {
            return Err(Reason::Malformed { place: "batch".to_owned(), what: "has too many items" });
        }
        let mut proof = Proof::default();
        for (index, item) in items.into_iter().enumerate() {
            let view = View { document: item.as_bytes(), ..*view };
            proof = self
                .check_one(form, &view, secrets)
                .map_err(|reason| Reason::Item { index, reason: Box::new(reason) })?;
        }
        Ok(proof)
    }

    fn check_one(&self, form: Form, view: &View<'_>, secrets: &[(usize, &Secret)]) -> Result<Proof, Reason> {
        let mut refused = None;
        for place in &self.from {
            for value in place.all(view)?.into_iter().take(ceiling::SIGNATURES) {
                let Some(token) = self.read(form, &value) else {
                    let what = "does not begin as this provider's tokens do";
                    refused = Some(Reason::Malformed { place: place.to_string(), what });
                    continue;
                };
                let same = |secret: &Secret| bool::from(secret.expose().as_bytes().ct_eq(&token));
                if let Some((number, _)) = secrets.iter().find(|(_, secret)| same(secret)) {
                    return Ok(Proof { secret: Some(*number), timestamp: None });
                }
                refused = Some(Reason::WrongToken { place: place.to_string() });
            }
        }
        Err(refused.unwrap_or_else(|| Reason::Missing { place: self.from[0].to_string() }))
    }

    fn read<'v>(&self, form: Form, value: &'v [u8]) -> Option<Cow<'v, [u8]>> {
        match form {
            Form::Plain => value.strip_prefix(self.prefix.as_bytes()).map(Cow::Borrowed),
            Form::Basic => {
                let (scheme, rest) = value.split_at_checked(6)?;
                let basic = scheme.eq_ignore_ascii_case(b"basic ");
                if basic { encoding::base64(rest.trim_ascii()).map(Cow::Owned) } else { None }
            }
        }
    }
}
