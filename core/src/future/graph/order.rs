//! The order of the nodes, while the program is built.

/// Numbers of nodes so that each comes after those it depends on, and else as written.
///
/// # Panics
///
/// Panics, which stops the build, where nodes depend on each other in a circle, where a name is given twice, or where one is
/// not there. The nodes are named.
#[must_use]
pub const fn order<const NODES: usize>(names: &[&str; NODES], needs: &[&[&str]; NODES]) -> [usize; NODES] {
    check(names, needs);
    let mut order = [0; NODES];
    let mut placed = [false; NODES];
    let mut count = 0;
    while count < NODES {
        let mut node = 0;
        while node < NODES && (placed[node] || !has_all(names, needs[node], &placed)) {
            node += 1;
        }
        if node == NODES {
            circle(names, needs, &placed);
        }
        placed[node] = true;
        order[count] = node;
        count += 1;
    }
    order
}

const fn equal(one: &str, two: &str) -> bool {
    let (one, two) = (one.as_bytes(), two.as_bytes());
    if one.len() != two.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != two[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The number of a node; the number of nodes where there is none of that name.
const fn find(names: &[&str], name: &str) -> usize {
    let mut at = 0;
    while at < names.len() && !equal(names[at], name) {
        at += 1;
    }
    at
}

const fn has_all(names: &[&str], needs: &[&str], placed: &[bool]) -> bool {
    let mut at = 0;
    while at < needs.len() {
        if !placed[find(names, needs[at])] {
            return false;
        }
        at += 1;
    }
    true
}

const fn check(names: &[&str], needs: &[&[&str]]) {
    let mut node = 0;
    while node < names.len() {
        if find(names, names[node]) != node {
            Text::new("two nodes of a task graph are called `").then(names[node]).then("`").panic();
        }
        let mut at = 0;
        while at < needs[node].len() {
            if find(names, needs[node][at]) == names.len() {
                let text = Text::new("node `").then(names[node]).then("` of a task graph depends on `");
                text.then(needs[node][at]).then("`, which is no node of it").panic();
            }
            at += 1;
        }
        node += 1;
    }
}

/// Tells of a circle. There is one: each node that is left waits for another one that is left, so who follows these comes
/// back some time.
const fn circle(names: &[&str], needs: &[&[&str]], placed: &[bool]) -> ! {
    let mut node = 0;
    while placed[node] {
        node += 1;
    }
    // After as many steps as there are nodes, one is on a circle.
    let mut steps = 0;
    while steps < names.len() {
        node = left(names, needs[node], placed);
        steps += 1;
    }
    let first = node;
    let mut text = Text::new("the nodes of a task graph depend on each other in a circle: ").then(names[first]);
    loop {
        node = left(names, needs[node], placed);
        text = text.then(" -> ").then(names[node]);
        if node == first {
            text.panic();
        }
    }
}

/// A node that is needed and left.
const fn left(names: &[&str], needs: &[&str], placed: &[bool]) -> usize {
    let mut at = 0;
    while placed[find(names, needs[at])] {
        at += 1;
    }
    find(names, needs[at])
}

/// A message that is put together while the program is built. What is too long is cut.
struct Text {
    bytes: [u8; 512],
    length: usize,
}

impl Text {
    const fn new(text: &str) -> Self {
        Self { bytes: [b' '; 512], length: 0 }.then(text)
    }

    const fn then(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() && self.length < self.bytes.len() {
            self.bytes[self.length] = text[at];
            self.length += 1;
            at += 1;
        }
        self
    }

    const fn panic(&self) -> ! {
        match core::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("a task graph is wrong"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::order;
    use crate::test_util::panics;

    #[test]
    fn nodes_come_after_what_they_need_and_else_as_written() {
        assert_eq!(order(&["a", "b", "c"], &[&[], &[], &[]]), [0, 1, 2]);
        assert_eq!(order(&["a", "b", "c", "d"], &[&["d"], &[], &["a", "b"], &[]]), [1, 3, 0, 2]);
        assert_eq!(order::<0>(&[], &[]), []);
    }

    /// Every graph of four nodes: either there is an order, or there is a circle.
    #[test]
    fn every_graph_of_four_nodes_is_ordered_or_refused() {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let mut refused = 0;
        for bits in (0_u32..1 << 16).step_by(if cfg!(miri) { 997 } else { 1 }) {
            let needs: [std::vec::Vec<&str>; 4] = core::array::from_fn(|node| {
                (0..4).filter(|to| bits >> (4 * node + to) & 1 == 1).map(|to| NAMES[to]).collect()
            });
            let needs_of = |node: usize| (0..4).filter(move |to| bits >> (4 * node + to) & 1 == 1);
            // Who reaches itself is on a circle.
            let mut reach = [[false; 4]; 4];
            for (node, row) in reach.iter_mut().enumerate() {
                needs_of(node).for_each(|to| row[to] = true);
            }
            for via in 0..4 {
                for from in 0..4 {
                    for to in 0..4 {
                        reach[from][to] |= reach[from][via] && reach[via][to];
                    }
                }
            }
            if (0..4).any(|node| reach[node][node]) {
                refused += 1;
                if bits % 61 == 0 && !cfg!(miri) {
                    assert!(panics(|| drop(order(&NAMES, &needs.each_ref().map(|needs| &needs[..])).to_vec())));
                }
                continue;
            }
            let found = order(&NAMES, &needs.each_ref().map(|needs| &needs[..]));
            for (at, node) in found.into_iter().enumerate() {
                assert!(needs_of(node).all(|need| found[..at].contains(&need)), "{bits:b}: {found:?}");
            }
        }
        assert!(refused > 0);
    }
}
