//! What other nodes do: their notices, passed on to whom they concern.
//!
//! A change that was made at another node must take effect here as if it had been made here: what is kept in memory is
//! forgotten, and the lanes are told. What the store says of whose lanes are whose, and of work that others have put
//! there, goes to dispatch. It goes there in the order of the notices, but for changes, which come first: a lane that is
//! gained must not be driven with settings that are known to be old.
//!
//! Deliberately absent: doing anything about changes that were made here. Whoever makes one sees to that before it is
//! answered; that the notice comes back to us costs a reading and nothing else.

use std::collections::HashSet;

use futures_util::FutureExt as _;
use postrider_core::id::{AppId, EnvironmentId};
use postrider_store::cluster::{Changed, Due, Notice, Notices};
use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// Notices taken in one go. Many changes of one application are one.
const BATCH: usize = 256;

/// Passes on the notices of a shared store until stopped. A process that is alone has none.
pub fn start(context: &Context, stop: CancellationToken) {
    if let Some(notices) = context.store.cluster().notices() {
        let context = Context::clone(context);
        tokio::spawn(async move { stop.run_until_cancelled(run(&context, notices)).await });
    }
}

async fn run(context: &Context, mut notices: Notices) {
    while let Some(first) = notices.recv().await {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Some(Some(more)) = notices.recv().now_or_never()
        {
            batch.push(more);
        }
        let mut changes = Changes::default();
        for notice in &batch {
            if let Notice::Changed(changed) = notice {
                changes.note(changed.clone());
            }
        }
        changes.take_effect(context);
        for notice in batch {
            pass_on(context, notice);
        }
    }
}

fn pass_on(context: &Context, notice: Notice) {
    let lanes = &context.lanes;
    match notice {
        Notice::Gained(partitions) => {
            tracing::info!(partitions = partitions.len(), "took over endpoints");
            lanes.gained(partitions);
            lanes.look();
        }
        Notice::Leaving(partitions) => {
            tracing::info!(partitions = partitions.len(), "leaving endpoints to another node");
            lanes.leaving(partitions);
        }
        Notice::Lost(partitions) => {
            tracing::warn!(partitions = partitions.len(), "lost endpoints: this node may be taken for dead");
            lanes.lost(partitions);
        }
        Notice::Waiting(waiting) => {
            let now = context.now();
            for Due { app, endpoint, manual } in waiting {
                if manual {
                    lanes.asked(app, endpoint, now);
                } else {
                    lanes.waiting(app, endpoint, now);
                }
            }
        }
        Notice::Look => lanes.look(),
        // Has taken effect.
        Notice::Changed(_) => {}
    }
}

/// What was changed elsewhere.
#[derive(Debug, Default)]
struct Changes {
    apps: HashSet<AppId>,
    event_types: HashSet<(EnvironmentId, String)>,
    environments: HashSet<EnvironmentId>,
    keys: bool,
    everything: bool,
}

impl Changes {
    fn note(&mut self, changed: Changed) {
        match changed {
            Changed::App(app) => drop(self.apps.insert(app)),
            Changed::EventType(environment, name) => drop(self.event_types.insert((environment, name))),
            Changed::Environment(environment) => drop(self.environments.insert(environment)),
            Changed::Keys => self.keys = true,
            Changed::Everything => self.everything = true,
        }
    }

    fn take_effect(self, context: &Context) {
        let Self { apps, event_types, environments, keys, everything } = self;
        let directory = &context.directory;
        if keys || everything {
            context.keyring.forget();
        }
        if everything {
            directory.forget_all();
            context.inlets.forget_all();
            return context.lanes.all_changed();
        }
        for (environment, name) in event_types {
            directory.forget_event_type(environment, &name);
        }
        for app in &apps {
            directory.forget(*app);
            context.inlets.forget(*app);
        }
        for environment in &environments {
            directory.forget_environment(*environment);
        }
        if !environments.is_empty() {
            context.lanes.all_changed();
        } else if !apps.is_empty() {
            context.lanes.apps_changed(apps);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use postrider_core::event_type::EventType;
    use postrider_core::id::EventTypeId;
    use postrider_core::scope::SystemScope;

    use super::*;
    use crate::context::fixture::Fixture;

    /// What others have changed is read anew, and what they have not is kept.
    #[tokio::test]
    async fn changes_of_others_are_read_anew() {
        let fixture = Fixture::new().await;
        let (context, app) = (&fixture.context, fixture.endpoint.app);
        let route = context.directory.route(app).await.unwrap().unwrap();
        let environment = route.app.environment;
        let (other_app, other) = (AppId::from_bytes([9; 20]), EnvironmentId::from_bytes([9; 20]));
        for (changed, is_forgotten) in [
            (Changed::App(app), true),
            (Changed::App(other_app), false),
            (Changed::Environment(environment), true),
            (Changed::Environment(other), false),
            (Changed::EventType(environment, "a".to_owned()), false),
            (Changed::Keys, false),
            (Changed::Everything, true),
        ] {
            let before = context.directory.route(app).await.unwrap().unwrap();
            let mut changes = Changes::default();
            changes.note(changed.clone());
            changes.take_effect(context);
            let after = context.directory.route(app).await.unwrap().unwrap();
            assert_eq!(!Arc::ptr_eq(&before, &after), is_forgotten, "{changed:?}");
        }
    }

    #[tokio::test]
    async fn an_event_type_that_others_make_is_found() {
        let fixture = Fixture::new().await;
        let (context, app) = (&fixture.context, fixture.endpoint.app);
        let route = context.directory.route(app).await.unwrap().unwrap();
        let scope = SystemScope::assume().environment(route.app.environment);
        let event_type = EventType {
            id: EventTypeId::make(&context.ids, &*context.clock, &*context.rng),
            name: "order.paid".to_owned(),
            description: String::new(),
            archived: false,
            deprecated: false,
            schemas: None,
            group_name: None,
            feature_flags: Vec::new(),
            retry_schedule: None,
            created_at: context.now(),
            updated_at: context.now(),
        };
        let find = async || context.directory.event_type(scope.lookup(), "order.paid").await.unwrap();
        for changed in [Changed::EventType(scope.environment(), "order.paid".to_owned()), Changed::Everything]
        {
            assert!(find().await.is_none());
            context.store.create_event_type(scope, event_type.clone(), None).await.unwrap();
            assert!(find().await.is_none(), "that it is missing is remembered");
            let mut changes = Changes::default();
            changes.note(changed);
            changes.take_effect(context);
            assert!(find().await.is_some());
            context.store.delete_event_type(scope, "order.paid").await.unwrap();
            context.directory.forget_all();
        }
    }
}
