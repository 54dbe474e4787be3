//! Yes, no, or what cannot be decided.

use std::ops::Not;

/// What a rule says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// The request has more than is looked at. Its opposite is as unclear.
    Unclear,
}

impl Answer {
    /// No where one is, else unclear where one is. Stops at the first no.
    pub(super) fn all(answers: impl Iterator<Item = Self>) -> Self {
        let mut whole = Self::Yes;
        for answer in answers {
            match answer {
                Self::Yes => {}
                Self::No => return Self::No,
                Self::Unclear => whole = Self::Unclear,
            }
        }
        whole
    }
}

impl From<bool> for Answer {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

impl Not for Answer {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unclear => Self::Unclear,
        }
    }
}
