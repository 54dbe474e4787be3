//! What a provider publishes of itself, at `{issuer}/.well-known/openid-configuration`.

use serde::Deserialize;
use url::Url;

/// Bytes of an address in a provider's description.
const URL_BYTES: usize = 2_048;

/// A provider's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Where browsers are sent.
    pub authorization_endpoint: Url,
    /// Where a code is exchanged for tokens.
    pub token_endpoint: Url,
    /// Where its keys are.
    pub jwks_uri: Url,
    /// Whether it takes a client's secret only as a part of the form, and not in the header that all should take.
    pub secret_in_body: bool,
}

/// A description that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProvider {
    /// It is no such description at all.
    #[error("the provider's description is not the JSON of OpenID Connect Discovery")]
    Malformed,
    /// It is that of another: who answers for one issuer could speak for all of them.
    #[error("the provider's description is of another issuer")]
    OtherIssuer,
    /// An address in it cannot be used.
    #[error("the provider's `{0}` is not an address that can be used")]
    Address(&'static str),
}

#[derive(Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Provider {
    /// Where the description of `issuer` is.
    #[must_use]
    pub fn description_of(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }

    /// Reads the description that was found for `issuer`. Its addresses are `https`, or `http` where the issuer's own is.
    pub fn read(json: &[u8], issuer: &str) -> Result<Self, InvalidProvider> {
        let description: Description =
            serde_json::from_slice(json).map_err(|_| InvalidProvider::Malformed)?;
        if description.issuer != issuer {
            return Err(InvalidProvider::OtherIssuer);
        }
        let is_plain = issuer.starts_with("http://");
        let address = |name, text: &str| {
            let url = Url::parse(text).ok().filter(|_| text.len() <= URL_BYTES);
            let url = url.filter(|url| url.scheme() == "https" || (is_plain && url.scheme() == "http"));
            url.filter(|url| {
                url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
            })
            .ok_or(InvalidProvider::Address(name))
        };
        let methods = &description.token_endpoint_auth_methods_supported;
        let takes = |wanted| methods.iter().any(|method| method == wanted);
        Ok(Self {
            secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
            authorization_endpoint: address("authorization_endpoint", &description.authorization_endpoint)?,
            token_endpoint: address("token_endpoint", &description.token_endpoint)?,
            jwks_uri: address("jwks_uri", &description.jwks_uri)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(issuer: &str, token_endpoint: &str) -> Vec<u8> {
        let json = serde_json::json!({
            "issuer": issuer,
            "authorization_endpoint": "https://id.example/authorize?tenant=1",
            "token_endpoint": token_endpoint,
            "jwks_uri": "https://id.example/keys",
            "response_types_supported": ["code"],
        });
        json.to_string().into_bytes()
    }

    #[test]
    fn a_description_is_of_its_issuer_and_has_safe_addresses() {
        let (own, token) = ("https://id.example", "https://id.example/token");
        let read = Provider::read(&description(own, token), own).unwrap();
        assert_eq!(read.token_endpoint.as_str(), token);
        for (issuer, token, expected) in [
            ("https://id.example/", token, InvalidProvider::OtherIssuer),
            (own, "http://id.example/token", InvalidProvider::Address("token_endpoint")),
            (own, "https://a:b@id.example/token", InvalidProvider::Address("token_endpoint")),
            (own, "file:///etc/passwd", InvalidProvider::Address("token_endpoint")),
            (own, "token", InvalidProvider::Address("token_endpoint")),
        ] {
            assert_eq!(Provider::read(&description(issuer, token), own), Err(expected), "{token}");
        }
        assert_eq!(Provider::read(b"<html>", own), Err(InvalidProvider::Malformed));
        let plain = "http://127.0.0.1:9";
        assert!(Provider::read(&description(plain, "http://127.0.0.1:9/token"), plain).is_ok());
        assert_eq!(
            Provider::description_of("https://id.example/"),
            "https://id.example/.well-known/openid-configuration"
        );
    }
}
