// cargo add standardwebhooks http
use standardwebhooks::{Webhook, WebhookError};

pub fn verify(secret: &str, headers: &http::HeaderMap, body: &[u8]) -> Result<(), WebhookError> {
    Webhook::new(secret)?.verify(body, headers)
}
