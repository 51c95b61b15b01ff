//! An allocator that counts the bytes that are in use.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Bytes allocated and not freed, by all of the process.
pub fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

// SAFETY: all is done by the system's allocator; the count is beside it. `realloc` and `alloc_zeroed` are the provided ones,
// which come here.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: by this function's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: by this function's contract: it came from `alloc`, that is, from the system's.
        unsafe { System.dealloc(memory, layout) }
    }
}
