//! The intrusive list of two lanes against two ordinary queues.

use std::collections::VecDeque;
use std::ptr::NonNull;

use zokio_core::list::{Linked, Links, List};

use crate::{Input, planted};

struct Node {
    links: Links<Node>,
    name: usize,
}

// SAFETY: one field, projected without a reference.
unsafe impl Linked for Node {
    unsafe fn links(node: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the caller's node is alive.
        NonNull::new(unsafe { &raw mut (*node.as_ptr()).links }).expect("a field is somewhere")
    }
}

const NODES: usize = 8;

/// The target.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let nodes: Vec<NonNull<Node>> =
        (0..NODES).map(|name| NonNull::from(Box::leak(Box::new(Node { links: Links::new(), name })))).collect();
    let mut list = List::<Node, 2>::new();
    let mut model: [VecDeque<usize>; 2] = Default::default();
    let name = |node: NonNull<Node>| {
        // SAFETY: freed at the end only.
        unsafe { node.as_ref() }.name
    };
    while let Some(operation) = input.operation() {
        let (node, lane) = (input.below(NODES), usize::from(operation >> 7));
        let linked = model.iter().any(|lane| lane.contains(&node));
        match operation % 8 {
            0..3 if !linked => {
                // SAFETY: in no list; freed after the list.
                unsafe { list.push_back(lane, nodes[node]) };
                model[lane].push_back(node);
            }
            3..5 if linked => {
                // SAFETY: in this list.
                unsafe { list.remove(nodes[node]) };
                model.iter_mut().for_each(|lane| lane.retain(|&there| there != node));
            }
            5 | 6 => assert_eq!(list.pop_front(lane).map(name), model[lane].pop_front()),
            7 => {
                if !(planted() && model[1 - lane].len() > 2) {
                    list.append(lane, 1 - lane);
                }
                let moved = std::mem::take(&mut model[lane]);
                model[1 - lane].extend(moved);
            }
            _ => {}
        }
        for (lane, model) in model.iter().enumerate() {
            assert_eq!(list.front(lane).map(name), model.front().copied());
            assert_eq!(list.is_empty(lane), model.is_empty());
        }
    }
    for (lane, model) in model.iter_mut().enumerate() {
        while let Some(node) = list.pop_front(lane) {
            assert_eq!(Some(name(node)), model.pop_front());
        }
        assert!(model.is_empty());
    }
    for node in nodes {
        // SAFETY: it came from a box, and is in no list.
        drop(unsafe { Box::from_raw(node.as_ptr()) });
    }
}
