//! No boxing and no hidden copies: what a combinator is made of is what it costs.

use core::mem::{size_of, size_of_val};

use super::*;

const WORD: usize = size_of::<usize>();

#[test]
fn a_select_is_as_large_as_its_parts() {
    assert_eq!(size_of_val(&select(Block([0; 64]), Block([0; 32]))), 96);
    assert_eq!(size_of_val(&select3(Block([0; 64]), Block([0; 32]), Block([0; 8]))), 104);
    assert_eq!(size_of_val(&race(Block([0; 64]), Block([0; 32]))), 96);
    assert_eq!(size_of_val(&select_array([const { Block([0; 32]) }; 4])), 128);
    assert_eq!(size_of::<SelectSlice<'_, Block<64>>>(), 2 * WORD);
    assert_eq!(size_of_val(&poll_once(Block([0; 64]))), 64);
    assert_eq!(size_of::<YieldNow>(), 1);
}

#[test]
fn a_join_is_the_larger_of_future_and_output_and_a_word_for_each() {
    assert!(size_of_val(&join(Block([0; 64]), Block([0; 32]))) <= 96 + 2 * WORD);
    assert!(size_of_val(&join_array([const { Block([0; 64]) }; 4])) <= 4 * (64 + WORD));
    // A large output shares the place of its future.
    async fn large() -> [u8; 256] {
        yield_now().await;
        [1; 256]
    }
    let one = size_of_val(&large()).max(256);
    assert!(size_of_val(&join(large(), large())) <= 2 * (one + WORD));
}

// Mutant: core/src/future/macros.rs :: into_future($n);)+ => into_future($n); let $n = ::core::pin::pin!($n);)+
#[test]
fn the_macros_hold_each_future_once_and_no_pointer_to_it() {
    let biased = size_of_val(&async {
        select! { biased; () = Block([0; 512]) => 1, () = Block([0; 256]) => 2 }
    });
    let fair = size_of_val(&async {
        select! { () = Block([0; 512]) => 1, () = Block([0; 256]) => 2 }
    });
    let both = size_of_val(&async { join!(Block([0; 512]), Block([0; 256])) });
    let tried = size_of_val(&async {
        try_join!(async {
            Block([0; 512]).await;
            Ok::<_, ()>(())
        })
    });
    let graph = size_of_val(&async {
        crate::task_graph! {
            one = Block([0; 512]);
            two = Block([0; 256]);
        }
    });
    let chain = size_of_val(&async {
        crate::task_graph! {
            one = Block([0; 512]);
            two(one) = { let () = *one; Block([0; 256]) };
            three(one, two) = { let ((), ()) = (*one, *two); Block([0; 0]) };
        }
    });
    for (size, nodes, needs) in [(graph, 2, 0), (chain, 3, 3)] {
        assert!((768..=768 + (8 * nodes + needs + 6) * WORD).contains(&size), "{size}");
    }
    // A byte for each branch, and that of the block.
    assert_eq!([biased, fair], [768 + 3; 2]);
    // Whose turn it is, and whether a part is done.
    assert!((768..=768 + 3 * WORD).contains(&both), "{both}");
    assert!((512..=512 + 3 * WORD).contains(&tried), "{tried}");
}
