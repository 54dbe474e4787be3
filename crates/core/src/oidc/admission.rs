//! Who is let in by their provider's word, and as what.

use super::Claims;
use crate::person::Email;
use crate::role::Role;

/// The operator's rules. With none of them, only people who were invited are let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admission {
    /// The claim that has groups or roles; see [`Claims::texts`].
    pub roles_claim: String,
    /// Its values, and what they make of a person. Of several, the strongest counts.
    pub roles: Vec<(String, Role)>,
    /// Domains whose people are let in; all of them where it is empty. Only addresses that the provider vouches for count.
    pub domains: Vec<String>,
    /// What people of these domains are when no value of the claim says more.
    pub domain_role: Option<Role>,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Their address is of none of the domains, or the provider does not vouch for it.
    #[error("people of this domain are not let in")]
    Domain,
    /// Nothing makes them anything here.
    #[error("nothing gives this person a role here")]
    NoRole,
}

impl Admission {
    /// Whether a person of these claims may come in at all, whoever invited them.
    pub fn check_domain(&self, claims: &Claims) -> Result<(), Refused> {
        if self.domains.is_empty() {
            return Ok(());
        }
        let domain = claims.email.as_ref().map(Email::domain);
        let is_one = |allowed: &String| domain.is_some_and(|domain| allowed.eq_ignore_ascii_case(domain));
        if self.domains.iter().any(is_one) { Ok(()) } else { Err(Refused::Domain) }
    }

    /// What the provider's groups make of a person; `None` where they say nothing.
    #[must_use]
    pub fn role_by_claim(&self, claims: &Claims) -> Option<Role> {
        let values = claims.texts(&self.roles_claim);
        let named = self.roles.iter().filter(|(value, _)| values.contains(&value.as_str()));
        named.map(|(_, role)| *role).max()
    }

    /// Whether groups decide what people are: then they do so each time that somebody comes.
    #[must_use]
    pub fn is_by_claim(&self) -> bool {
        !self.roles.is_empty()
    }

    /// The role of a person whom nobody has invited.
    pub fn admit(&self, claims: &Claims) -> Result<Role, Refused> {
        self.check_domain(claims)?;
        let by_domain = self.domain_role.filter(|_| !self.domains.is_empty());
        self.role_by_claim(claims).or(by_domain).ok_or(Refused::NoRole)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(email: &str, groups: &[&str]) -> Claims {
        Claims::for_test(json!({ "sub": "1", "email": email, "email_verified": true, "groups": groups }))
    }

    fn admission(roles: &[(&str, Role)], domains: &[&str], domain_role: Option<Role>) -> Admission {
        Admission {
            roles_claim: "groups".to_owned(),
            roles: roles.iter().map(|(value, role)| ((*value).to_owned(), *role)).collect(),
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            domain_role,
        }
    }

    #[test]
    fn domains_and_groups_decide_together() {
        let mapped = [("ops", Role::Operator), ("root", Role::Admin)];
        let viewer = Some(Role::Viewer);
        for (admission, email, groups, expected) in [
            (admission(&[], &[], None), "a@example.com", &["ops"][..], Err(Refused::NoRole)),
            (admission(&[], &[], viewer), "a@example.com", &[], Err(Refused::NoRole)),
            (admission(&[], &["example.com"], viewer), "a@Example.com", &[], Ok(Role::Viewer)),
            (admission(&[], &["Example.com"], None), "a@example.com", &[], Err(Refused::NoRole)),
            (admission(&[], &["example.com"], viewer), "a@sub.example.com", &[], Err(Refused::Domain)),
            (admission(&[], &["example.com"], viewer), "a@notexample.com", &[], Err(Refused::Domain)),
            (admission(&mapped, &[], None), "a@example.com", &["ops"], Ok(Role::Operator)),
            (admission(&mapped, &[], None), "a@example.com", &["root", "ops"], Ok(Role::Admin)),
            (admission(&mapped, &[], None), "a@example.com", &["OPS", "opsx"], Err(Refused::NoRole)),
            (admission(&mapped, &["example.com"], None), "a@other.com", &["root"], Err(Refused::Domain)),
            (admission(&mapped, &["example.com"], viewer), "a@example.com", &["x"], Ok(Role::Viewer)),
            (admission(&mapped, &["example.com"], viewer), "a@example.com", &["ops"], Ok(Role::Operator)),
        ] {
            assert_eq!(admission.admit(&claims(email, groups)), expected, "{admission:?} {email} {groups:?}");
        }
    }

    #[test]
    fn an_address_that_nobody_vouches_for_is_of_no_domain() {
        let admission = admission(&[("ops", Role::Admin)], &["example.com"], Some(Role::Viewer));
        let unverified = json!({ "sub": "1", "email": "a@example.com", "groups": ["ops"] });
        assert_eq!(admission.admit(&Claims::for_test(unverified)), Err(Refused::Domain));
    }
}
