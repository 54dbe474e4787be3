//! Signing in with an identity provider.

use ipnet::IpNet;
use postrider_core::oidc::Admission;
use postrider_core::role::Role;

use super::section::section;
use super::value::Secret;

section! {
    /// Signing in to the dashboard with an identity provider that speaks OpenID Connect. The provider sends people back to
    /// `{public_url}/sign-in/oidc/callback`, which it must know.
    Oidc at "sign_in.oidc" {
        /// The provider, as it names itself, such as `https://id.example.com/realms/main`. Without it, people sign in
        /// with passwords alone.
        issuer: Option<String> = None,
        /// What this installation is called at the provider.
        client_id: Option<String> = None,
        /// The secret that it has there.
        client_secret: Option<Secret> = None,
        /// What is asked for. `openid` must be among it.
        scopes: Vec<String> = ["openid", "profile", "email"].map(str::to_owned).to_vec(),
        /// What the provider is called on the page for signing in.
        name: String = "your identity provider".to_owned(),
        /// The claim that has a person's groups or roles; a path with dots leads into objects.
        roles_claim: String = "groups".to_owned(),
        /// Values of that claim that make an admin. Where any value is named here or below, the claim decides what people
        /// are each time that they sign in.
        admins: Vec<String> = Vec::new(),
        /// Values that make an operator.
        operators: Vec<String> = Vec::new(),
        /// Values that make a viewer.
        viewers: Vec<String> = Vec::new(),
        /// Domains of e-mail addresses whose people may come in; any, if it is empty. Only addresses that the provider
        /// has verified count.
        allowed_domains: Vec<String> = Vec::new(),
        /// What people of these domains are when the claim does not say more: `viewer`, `operator`, `admin`, or `none`,
        /// with which only who has a role by the claim, or an invitation, is let in.
        domain_role: String = "viewer".to_owned(),
        /// Networks that the provider may be in although they are not public. What `egress.allow` has is allowed too.
        allow: Vec<IpNet> = Vec::new(),
    }
}

impl Oidc {
    /// Whom the provider's word lets in.
    #[must_use]
    pub fn admission(&self) -> Admission {
        let values = |values: &[String], role| {
            values.iter().map(move |value| (value.clone(), role)).collect::<Vec<_>>()
        };
        Admission {
            roles_claim: self.roles_claim.clone(),
            roles: [
                values(&self.admins, Role::Admin),
                values(&self.operators, Role::Operator),
                values(&self.viewers, Role::Viewer),
            ]
            .concat(),
            domains: self.allowed_domains.clone(),
            domain_role: Role::named(&self.domain_role),
        }
    }
}
