//! The macro.

/// Runs futures that depend on each other's outputs, and gives all outputs as a tuple, in the order written.
///
/// ```text
/// task_graph! {
///     <node> [(<node it needs>, ...)] [: <type of its output>] = <future>;
///     ...
/// }
/// ```
///
/// A future is made when all nodes that its node needs have completed; their outputs are in scope by their names, as
/// references. Nodes that do not need each other run concurrently, in the task around, as the parts of
/// [`join!`](crate::join) do. The order is found while the program is built; that nodes need each other in a circle stops
/// the build with an error that names them. There may be 64 nodes. Nothing is allocated.
///
/// Nodes may be written in any order. Where the output of one that is written further down is used by a method, its type
/// must be written, since the compiler infers types from above.
///
/// # Order
///
/// Every unfinished node whose needs are met is polled once at every poll: in the order found at the first, and beginning one
/// further in a circle at each later one, so that a node which uses up the budget at every poll starves none. A node whose
/// needs are met in a poll is begun in the same poll.
///
/// # Cancel safety
///
/// The futures are dropped where they stand, and so are the outputs: *data* is lost with them.
///
/// # Cost
///
/// For each node its future, its output, eight words, and one for each node that it needs; three words more. Every wake-up
/// polls all unfinished nodes whose needs are met.
///
/// # Examples
///
/// ```
/// use zokio_core::task_graph;
///
/// async fn length(text: &str) -> usize {
///     text.len()
/// }
///
/// # async fn example() {
/// let (text, number, sum) = task_graph! {
///     text = async { "three" };
///     number = async { 4 };
///     sum(text, number) = async { length(text).await + *number };
/// };
/// assert_eq!((text, number, sum), ("three", 4, 9));
/// # }
/// ```
///
/// A circle:
///
/// ```compile_fail,E0080
/// # use zokio_core::task_graph;
/// # async fn example() {
/// // the nodes of a task graph depend on each other in a circle: hen -> egg -> hen
/// task_graph! {
///     hen(egg): u8 = async { *egg };
///     egg(hen): u8 = async { *hen };
/// };
/// # }
/// # fn main() {}
/// ```
///
/// A node has an output, so there is no `return` in it:
///
/// ```compile_fail,E0308
/// # use zokio_core::task_graph;
/// # async fn example(early: bool) {
/// task_graph! {
///     seven = { if early { return } async { 7 } };
/// };
/// # }
/// ```
#[macro_export]
macro_rules! task_graph {
    () => {
        ()
    };
    ($($nodes:tt)+) => {
        $crate::__named! { __graph [graph] $($nodes)+ }
    };
}

/// [`task_graph!`]: `[how] [unused names] [nodes taken] [their names, last first] nodes to take`.
#[doc(hidden)]
#[macro_export]
macro_rules! __graph {
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*]
        $name:ident $(($($need:ident),* $(,)?))? $(: $type:ty)? = $f:expr; $($more:tt)*) => {
        $crate::__graph! { [$how] [$($unused)*]
            [$($taken)* ($n $i $name [$($($need)*)?] [$($type)?] ($f))] [$n $($last)*] $($more)* }
    };
    ([$how:ident] [] $taken:tt $last:tt $($more:tt)+) => {
        ::core::compile_error!("`task_graph!` takes at most 64 nodes")
    };
    ([$how:ident] $unused:tt
        [$(($n:ident $i:tt $name:ident [$($need:ident)*] [$($type:ty)?] ($f:expr)))+] [$($last:ident)+]) => {{
        $(let $name = $crate::future::__private::graph::Slot::$(<$type>::)?new();)+
        {
            $(
                let $n = $crate::future::__private::MaybeDone::new(async {
                    let __slot = &$name;
                    $(let $need = $need.output();)*
                    // What the block gives, so that a `return` of the user's, which would leave no output, has not its type.
                    __slot.set(::core::future::IntoFuture::into_future($f).await)
                });
            )+
            let parts = ();
            $(let parts = $crate::future::__private::Parts::new($last, parts);)+
            $crate::future::__private::SideBySide::new(parts, {
                $(
                    #[allow(unused_variables)] // that nobody needs
                    let $name = &$name;
                )+
                let mut rotation = $crate::future::__private::Rotation::new();
                let mut left = $(1_u64 << $i)|+;
                move |parts, cx| {
                    $crate::__select! { @split parts $($n)+ }
                    // None of the user's expressions is in its scope, but the names of nodes are.
                    const __ZOKIO_ORDER: [usize; <[()]>::len(&[$($crate::__graph!(@unit $i)),+])] =
                        $crate::future::__private::graph::order(
                            &[$(::core::stringify!($name)),+],
                            &[$(&[$(::core::stringify!($need)),*]),+],
                        );
                    // Who is polled once is not polled again: the second round begins those whose needs were met in the first.
                    let mut due = left;
                    for at in rotation.round(__ZOKIO_ORDER.len()).chain(0..__ZOKIO_ORDER.len()) {
                        match __ZOKIO_ORDER[at] {
                            $(
                                $i => if due & (1 << $i) != 0 $(&& $need.get().is_some())* {
                                    due &= !(1 << $i);
                                    if $n.as_mut().poll(cx) {
                                        left &= !(1 << $i);
                                    }
                                },
                            )+
                            _ => {}
                        }
                    }
                    if left == 0 { ::core::task::Poll::Ready(()) } else { ::core::task::Poll::Pending }
                }
            })
            .await;
        }
        ($($name.take(),)+)
    }};
    (@unit $i:tt) => {
        ()
    };
}
