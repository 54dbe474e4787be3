//! The request that a message came in.

use postrider_core::reception::{Detail, Received};
use postrider_core::scope::AppScope;
use postrider_store::Error;

use crate::context::Context;

/// The request of a message of which this is known. That of a batch is kept with its first message only, and read there;
/// `None` for what came in no request, and where that first message is gone.
pub async fn request(
    context: &Context,
    scope: AppScope,
    detail: Option<&Detail>,
) -> Result<Option<Received>, Error> {
    let Some(detail) = detail else { return Ok(None) };
    match (&detail.request, detail.batch) {
        (Some(request), _) => Ok(Some(request.clone())),
        (None, Some(first)) => {
            let mut first = context.store.receptions(scope, vec![first]).await?;
            Ok(first.pop().flatten().and_then(|first| first.detail.request))
        }
        (None, None) => Ok(None),
    }
}
