//! What ties a provider's answer to the browser that was sent to it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;
use url::Url;
use zeroize::Zeroizing;

use super::Provider;
use crate::rng::Rng;

const BYTES: usize = 32;
const CHARS: usize = 43;

/// One way to the provider and back. Its three secrets are kept in a cookie of the browser, and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Flow {
    state: Zeroizing<String>,
    nonce: Zeroizing<String>,
    verifier: Zeroizing<String>,
}

impl Flow {
    /// A new one.
    pub fn begin(rng: &dyn Rng) -> Self {
        let secret = || {
            let mut random = Zeroizing::new([0u8; BYTES]);
            rng.fill(&mut *random);
            Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*random))
        };
        Self { state: secret(), nonce: secret(), verifier: secret() }
    }

    /// What the cookie holds.
    #[must_use]
    pub fn as_cookie(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}.{}.{}", *self.state, *self.nonce, *self.verifier))
    }

    /// What the cookie held, if it is one of ours by its form.
    #[must_use]
    pub fn from_cookie(text: &str) -> Option<Self> {
        let is_secret = |part: &&str| {
            part.len() == CHARS
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let parts: Vec<_> =
            text.split('.').filter(is_secret).map(|part| Zeroizing::new(part.to_owned())).collect();
        let [state, nonce, verifier] = <[_; 3]>::try_from(parts).ok()?;
        Some(Self { state, nonce, verifier })
    }

    /// Where the browser is sent.
    #[must_use]
    pub fn authorization(
        &self,
        provider: &Provider,
        client_id: &str,
        redirect_uri: &str,
        scopes: &[String],
    ) -> Url {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier.as_bytes()));
        let mut url = provider.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        url
    }

    /// Whether an answer is to this question.
    #[must_use]
    pub fn is_answered_by(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// What the ID token must carry.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// What proves to the provider that whoever brings the code is who asked for it.
    #[must_use]
    pub fn verifier(&self) -> &str {
        &self.verifier
    }
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flow(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::TestRng;

    #[test]
    fn a_flow_goes_through_its_cookie() {
        let flow = Flow::begin(&TestRng::seed(1));
        assert_eq!(Flow::from_cookie(&flow.as_cookie()), Some(flow.clone()));
        let other = Flow::begin(&TestRng::seed(2));
        assert!(flow.is_answered_by(&flow.state) && !flow.is_answered_by(&other.state));
        assert!(!flow.is_answered_by(""));
        for cookie in
            ["", "a.b.c", &format!("{}.", *flow.as_cookie()), &format!("{}.{}", *flow.state, *flow.nonce)]
        {
            let read = Flow::from_cookie(cookie);
            assert!(read.is_none() || cookie.ends_with('.'), "{cookie:?}");
        }
    }

    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_the_published_one() {
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        let flow = Flow {
            state: secret("s"),
            nonce: secret("n"),
            verifier: secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        };
        let provider = Provider {
            authorization_endpoint: Url::parse("https://id.example/authorize?tenant=1").unwrap(),
            token_endpoint: Url::parse("https://id.example/token").unwrap(),
            jwks_uri: Url::parse("https://id.example/keys").unwrap(),
            secret_in_body: false,
        };
        let scopes = ["openid".to_owned(), "email".to_owned()];
        let url = flow.authorization(&provider, "client", "https://a.example/back?x=1", &scopes);
        assert_eq!(
            url.as_str(),
            "https://id.example/authorize?tenant=1&response_type=code&client_id=client\
             &redirect_uri=https%3A%2F%2Fa.example%2Fback%3Fx%3D1&scope=openid+email&state=s&nonce=n\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
    }
}
