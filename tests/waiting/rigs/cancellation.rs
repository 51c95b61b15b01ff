//! Cancellation, of those that are waited for themselves.

use std::future::pending;
use std::pin::Pin;

use zokio::sync::{CancellationScope, CancellationSource, CancellationToken};

use super::{Rig, keep, rig};

pub(super) fn rigs() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let token = keep(CancellationToken::new());
    rigs.push(rig("CancellationToken::cancelled", || token.cancelled(), || token.cancel()));
    let token = keep(CancellationToken::new());
    rigs.push(rig("CancellationToken::cancelled_owned", || token.clone().cancelled_owned(), || token.cancel()));
    let token = keep(CancellationToken::new());
    rigs.push(rig(
        "CancellationToken::run_until_cancelled",
        || token.run_until_cancelled(pending::<()>()),
        || token.cancel(),
    ));
    let token = keep(CancellationToken::new());
    rigs.push(rig(
        "CancellationToken::run_until_cancelled_owned",
        || token.clone().run_until_cancelled_owned(pending::<()>()),
        || token.cancel(),
    ));
    let source = keep(CancellationSource::new());
    rigs.push(rig("CancellationSource::cancelled", || source.cancelled(), || source.cancel()));
    let source = keep(CancellationSource::new());
    rigs.push(rig(
        "CancellationSource::run_until_cancelled",
        || source.run_until_cancelled(pending::<()>()),
        || source.cancel(),
    ));
    // Cancelled from above.
    let source = keep(CancellationSource::new());
    let scope = pinned(source.child());
    rigs.push(rig("CancellationScope::cancelled", move || scope.cancelled(), || source.cancel()));
    let source = keep(CancellationSource::new());
    let scope = pinned(source.child());
    rigs.push(rig(
        "CancellationScope::run_until_cancelled",
        move || async move { scope.as_ref().run_until_cancelled(pending::<()>()).await },
        || source.cancel(),
    ));
    rigs
}

fn pinned(scope: CancellationScope<'static>) -> Pin<&'static CancellationScope<'static>> {
    Pin::static_ref(keep(scope))
}
