//! Messages and deliveries put together, as far as they themselves are meant.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use postrider_core::delivery::{Delivery, State};
use postrider_core::query::{AppHead, Stage};

use super::Walk;
use super::found::{Found, FoundSent, Whose};
use crate::Error;
use crate::search::rows::{DeliveryRow, MessageRow, Rows};

impl<R: Rows> Walk<'_, R> {
    /// The rows of those of the messages that are within the scope, and those of them that the query means, in their order.
    pub(super) async fn meant(&mut self, messages: Vec<MessageRow>) -> Result<(Vec<i64>, Vec<Whose>), Error> {
        let own = self.scope.app().map(|app| app.row());
        let mut unknown: Vec<i64> = messages.iter().map(|row| row.app_row).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|row| own.is_none_or(|own| own == *row) && !self.apps.contains_key(row));
        if !unknown.is_empty() {
            let heads = self.rows.apps(&unknown).await?;
            self.apps.extend(unknown.into_iter().map(|row| (row, None)));
            let is_own = |head: &AppHead| self.scope.app().is_none_or(|app| app == head.id);
            let heads = heads.into_iter().filter(|(_, head)| is_own(head));
            self.apps.extend(heads.map(|(row, head)| (row, Some(Arc::new(head)))));
        }
        let mut within = Vec::with_capacity(messages.len());
        let mut meant = Vec::new();
        for MessageRow { app_row, mut message, has_payload } in messages {
            let Some(Some(app)) = self.apps.get(&app_row) else { continue };
            within.push(message.id.row());
            message.app = app.id;
            let key = (app_row, message.id.row());
            let found =
                Found::alone(Whose { key, app: Arc::clone(app), message: Arc::new(message), has_payload });
            if self.admits(Stage::Message, &found, None) {
                let Found { key, app, message, .. } = found;
                meant.push(Whose { key, app, message, has_payload });
            }
        }
        Ok((within, meant))
    }

    /// Deliveries with their messages and endpoints, as far as they are meant and not behind the walk.
    pub(super) async fn join(
        &mut self,
        mut deliveries: Vec<DeliveryRow>,
        messages: Vec<Whose>,
    ) -> Result<Vec<Found>, Error> {
        let messages: HashMap<i64, Whose> = messages.into_iter().map(|one| (one.key.1, one)).collect();
        deliveries.retain(|row| {
            messages.contains_key(&row.message_row)
                && self.span.has(row.place())
                && self.search.query.admits_standing(row.state, row.attempts)
        });
        let mut unknown: Vec<i64> = deliveries.iter().map(|row| row.endpoint_row).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|row| !self.endpoints.contains_key(row));
        if !unknown.is_empty() {
            let heads = self.rows.endpoints(&unknown).await?;
            self.endpoints.extend(unknown.into_iter().map(|row| (row, None)));
            self.endpoints.extend(heads.into_iter().map(|(row, head)| (row, Some(Arc::new(head)))));
        }
        let mut all = Vec::with_capacity(deliveries.len());
        for row in deliveries {
            let (Some(Whose { key, app, message, has_payload }), Some(Some(endpoint))) =
                (messages.get(&row.message_row), self.endpoints.get(&row.endpoint_row))
            else {
                continue;
            };
            let delivery = Delivery {
                message: message.id,
                endpoint: endpoint.id,
                state: row.state,
                attempts: row.attempts,
                due: row.due.filter(|_| matches!(row.state, State::Waiting | State::Held)),
            };
            let endpoint = Arc::clone(endpoint);
            let sent = FoundSent { delivery, endpoint, last: None, headers: Bytes::new() };
            let (app, message) = (Arc::clone(app), Arc::clone(message));
            let found = Found { key: *key, app, message, has_payload: *has_payload, sent: Some(sent) };
            if self.admits(Stage::Delivery, &found, None) {
                all.push(found);
            }
        }
        Ok(all)
    }
}
