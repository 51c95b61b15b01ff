//! Trees of tokens.

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::vec::Vec;

use crate::sync::CancellationToken;
use crate::test_util::{Event, Polled, Random, TestWaker, send_sync};

#[test]
fn clones_are_one_token_and_children_are_their_own() {
    let token = CancellationToken::default();
    let (clone, child) = (token.clone(), token.child_token());
    let sibling = token.child_token();
    child.cancel();
    assert!(child.is_cancelled() && !token.is_cancelled() && !sibling.is_cancelled());
    clone.cancel();
    assert!(token.is_cancelled() && sibling.is_cancelled());
    assert!(token.child_token().is_cancelled());
    assert!(child.child_token().child_token().is_cancelled());
    assert_eq!(std::format!("{token:?}"), "CancellationToken { is_cancelled: true }");
    send_sync(&token);
    send_sync(&token.cancelled());
    send_sync(&token.clone().cancelled_owned());
}

// Mutant: core/src/sync/cancel/tree.rs :: row.append(LIVE, LEAVING); => let _ = &row;
#[test]
fn children_of_a_token_that_is_gone_hang_below_its_parent() {
    let root = CancellationToken::new();
    let middle = root.child_token();
    let (first, second) = (middle.child_token(), middle.child_token());
    drop(middle);
    first.cancel();
    assert!(!second.is_cancelled());
    root.cancel();
    assert!(second.is_cancelled());
    // The root's handles may go first.
    let root = CancellationToken::new();
    let child = root.child_token();
    drop(root);
    let leaf = child.child_token();
    child.cancel();
    assert!(leaf.is_cancelled());
}

#[test]
fn guards_cancel_unless_disarmed() {
    let token = CancellationToken::new();
    let guard = token.clone().drop_guard();
    let again = guard.disarm();
    assert!(!again.is_cancelled());
    drop(again.drop_guard());
    assert!(token.is_cancelled());
    let token = CancellationToken::new();
    assert!(!token.drop_guard_ref().disarm().is_cancelled());
    drop(token.drop_guard_ref());
    assert!(token.is_cancelled());
    let token = CancellationToken::new();
    // Forgotten, as far as the tree can tell.
    let guard = core::mem::ManuallyDrop::new(token.clone().drop_guard());
    assert!(!token.is_cancelled());
    drop(core::mem::ManuallyDrop::into_inner(guard).disarm());
}

#[test]
fn owned_futures_keep_their_token() {
    let root = CancellationToken::new();
    let mut wait = Polled::waiting(root.child_token().cancelled_owned());
    let mut run = Polled::waiting(root.child_token().run_until_cancelled_owned(pending::<()>()));
    root.cancel();
    assert_eq!((wait.wakes(), run.wakes()), (1, 1));
    wait.ready();
    wait.ready();
    assert_eq!(run.ready(), None);
    let token = CancellationToken::new();
    assert_eq!(Polled::new(token.run_until_cancelled(ready(3))).ready(), Some(3));
    assert_eq!(Polled::new(token.clone().run_until_cancelled_owned(ready(4))).ready(), Some(4));
    token.cancel();
    assert_eq!(Polled::new(token.run_until_cancelled(ready(3))).ready(), None);
}

/// Deeper than any stack, in each order: a token keeps its tree, not its parent, and a tree is a row.
#[test]
fn row_140_a_deep_tree_is_dropped_and_cancelled_without_recursion() {
    const DEPTH: usize = if cfg!(miri) { 300 } else { 1_000_000 };
    let chain = |depth| {
        let mut chain = Vec::with_capacity(depth);
        chain.push(CancellationToken::new());
        for n in 1..depth {
            let child = chain[n - 1].child_token();
            chain.push(child);
        }
        chain
    };
    // From the leaf, from the root, and by a cancel of the root.
    let mut from_the_leaf = chain(DEPTH / 10);
    while from_the_leaf.pop().is_some() {}
    let mut from_the_root = chain(DEPTH / 10);
    let leaf = from_the_root.pop().unwrap();
    from_the_root.drain(1..).for_each(drop);
    from_the_root[0].cancel();
    assert!(leaf.is_cancelled());
    let chain = chain(DEPTH);
    let mut wait = Polled::waiting(chain[DEPTH - 1].cancelled());
    chain[0].cancel();
    wait.ready();
    assert!(chain.iter().all(CancellationToken::is_cancelled));
}

/// A token made of the one before it, which is then dropped, as a long loop does: nothing piles up.
#[test]
fn tokens_that_replace_their_parents_leave_nothing_behind() {
    let root = CancellationToken::new();
    let mut token = root.child_token();
    for _ in 0..1_000 {
        token = token.child_token();
    }
    root.cancel();
    assert!(token.is_cancelled());
}

/// Random trees against parents in a table.
// Mutant: core/src/sync/cancel/tree.rs :: row.insert_before(NonNull::from(&parent.close), mark) => row.insert_before(NonNull::from(&parent.open), mark)
// Mutant: core/src/sync/cancel/tree.rs :: row.move_between(open, close, LEAVING) => row.move_between(open, close, LIVE)
#[test]
fn agrees_with_a_table_of_parents() {
    struct Known {
        parent: Option<usize>,
        cancelled: bool,
        token: Option<CancellationToken>,
        waits: Vec<Polled<crate::sync::WaitForCancellationFutureOwned>>,
    }
    for seed in 0..if cfg!(miri) { 6 } else { 400 } {
        let mut random = Random::new(seed);
        let mut known: Vec<Known> = Vec::new();
        let new = |parent, cancelled, token| Known { parent, cancelled, token: Some(token), waits: Vec::new() };
        known.push(new(None, false, CancellationToken::new()));
        for _ in 0..120 {
            let at = random.below(known.len());
            let Some(token) = known[at].token.clone() else { continue };
            match random.below(10) {
                0..=4 => known.push(new(Some(at), known[at].cancelled, token.child_token())),
                5 if random.below(3) == 0 => {
                    token.cancel();
                    known[at].cancelled = true;
                    // Parents stand before their children in the table.
                    for n in 0..known.len() {
                        known[n].cancelled |= known[n].parent.is_some_and(|parent| known[parent].cancelled);
                    }
                }
                6 => {
                    let mut wait = Polled::new(token.cancelled_owned());
                    assert_eq!(wait.poll().is_ready(), known[at].cancelled, "seed {seed}");
                    if !known[at].cancelled {
                        known[at].waits.push(wait);
                    }
                }
                7 if known[at].waits.is_empty() && at > 0 => {
                    drop(token);
                    // What is below is now below its parent; a token that is gone is cancelled by nobody.
                    let (parent, cancelled) = (known[at].parent, known[at].cancelled);
                    known[at].token = None;
                    if !cancelled {
                        for other in known.iter_mut().filter(|other| other.parent == Some(at)) {
                            other.parent = parent;
                        }
                    }
                }
                8 => drop(known[at].waits.pop()),
                _ => {}
            }
            for known in &known {
                if let Some(token) = &known.token {
                    assert_eq!(token.is_cancelled(), known.cancelled, "seed {seed}");
                }
                assert!(known.waits.iter().all(|wait| wait.wakes() == usize::from(known.cancelled)), "seed {seed}");
            }
        }
    }
}

/// Who waits for a token is woken when all below it are cancelled.
// Mutant: core/src/sync/cancel/tree.rs :: self.leave_all(|_| {});\n => self.root.ring();\n
#[test]
fn children_are_cancelled_before_who_waits_for_their_parent_is_woken() {
    let parent = CancellationToken::new();
    let children: Arc<Vec<_>> = Arc::new((0..50).map(|_| parent.child_token()).collect());
    let cancelled = Arc::new(AtomicUsize::new(0));
    let mut wait = Polled::new(parent.clone().cancelled_owned());
    wait.waker = TestWaker::hooked({
        let (children, cancelled) = (children.clone(), cancelled.clone());
        move |event| {
            if event == Event::Wake {
                cancelled.store(children.iter().filter(|child| child.is_cancelled()).count(), Ordering::Relaxed);
            }
        }
    });
    assert!(wait.poll().is_pending());
    parent.cancel();
    assert_eq!((wait.wakes(), cancelled.load(Ordering::Relaxed)), (1, 50));
    wait.ready();
}

/// A waker that cancels what is cancelled already has nobody woken within it.
// Mutant: core/src/sync/cancel/tree.rs :: .is_rung() { => .is_rung() && false {
#[test]
fn a_cancel_within_a_wake_wakes_nobody_within_it() {
    let token = CancellationToken::new().child_token();
    let (depth, deepest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut waits: Vec<_> = (0..50).map(|_| Polled::new(token.child_token().cancelled_owned())).collect();
    for wait in &mut waits {
        let (token, depth, deepest) = (token.clone(), depth.clone(), deepest.clone());
        wait.waker = TestWaker::hooked(move |event| {
            if event == Event::Wake {
                deepest.fetch_max(depth.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                token.cancel();
                depth.fetch_sub(1, Ordering::Relaxed);
            }
        });
        assert!(wait.poll().is_pending());
    }
    token.cancel();
    assert_eq!(deepest.load(Ordering::Relaxed), 1);
    waits.iter_mut().for_each(Polled::ready);
}
