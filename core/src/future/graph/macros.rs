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
/// # Cancel safety
///
/// The futures are dropped where they stand, and so are the outputs: *data* is lost with them.
///
/// # Cost
///
/// For each node its future, its output and two words. Every wake-up polls all unfinished nodes.
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
#[macro_export]
macro_rules! task_graph {
    () => {
        ()
    };
    ($($nodes:tt)+) => {
        $crate::__named! { __graph [graph] $($nodes)+ }
    };
}

/// [`task_graph!`]: `[unused names] [nodes taken] nodes to take`.
#[doc(hidden)]
#[macro_export]
macro_rules! __graph {
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*]
        $name:ident $(($($need:ident),* $(,)?))? $(: $type:ty)? = $f:expr; $($more:tt)*) => {
        $crate::__graph! { [$how] [$($unused)*]
            [$($taken)* ($n $i $name [$($($need)*)?] [$($type)?] ($f))] $($more)* }
    };
    ([$how:ident] [] $taken:tt $($more:tt)+) => {
        ::core::compile_error!("`task_graph!` takes at most 64 nodes")
    };
    ([$how:ident] $unused:tt
        [$(($n:ident $i:tt $name:ident [$($need:ident)*] [$($type:ty)?] ($f:expr)))+]) => {{
        const NAMES: &[&str] = &[$(::core::stringify!($name)),+];
        const ORDER: [usize; NAMES.len()] = $crate::future::__private::graph::order::<{ NAMES.len() }>(
            &[$(::core::stringify!($name)),+],
            &[$(&[$(::core::stringify!($need)),*]),+],
        );
        $(let $name = $crate::future::__private::graph::Slot::$(<$type>::)?new();)+
        {
            $(
                let mut $n = ::core::pin::pin!($crate::future::__private::MaybeDone::new(async {
                    let __slot = &$name;
                    $(let $need = $crate::future::__private::graph::wait(&$need).await;)*
                    __slot.set(::core::future::IntoFuture::into_future($f).await);
                }));
            )+
            ::core::future::poll_fn(|cx| {
                let mut done = true;
                for node in ORDER {
                    match node {
                        $($i => done &= $n.as_mut().poll(cx),)+
                        _ => {}
                    }
                }
                if done { ::core::task::Poll::Ready(()) } else { ::core::task::Poll::Pending }
            })
            .await;
        }
        ($($name.take(),)+)
    }};
}
