//! What must not compile, and what it would break. Each is a documentation test that fails to build.

/// A future that is not `Send` does not go to an executor that may run it elsewhere:
///
/// ```compile_fail,E0277
/// fn spawn(place: &dyn zokio_core::task::Spawn) {
///     let local = std::rc::Rc::new(5);
///     let _ = zokio_core::task::try_spawn_at(place, async move { drop(local) });
/// }
/// # fn main() {}
/// ```
///
/// Nor does one whose output is not:
///
/// ```compile_fail,E0277
/// fn spawn(place: &dyn zokio_core::task::Spawn) {
///     let _ = zokio_core::task::try_spawn_at(place, async { std::rc::Rc::new(5) });
/// }
/// # fn main() {}
/// ```
///
/// Nor into an arena, which any thread may be given:
///
/// ```compile_fail,E0277
/// static ARENA: zokio_core::task::Arena<1, 64> = zokio_core::task::Arena::new();
/// fn spawn(place: &dyn zokio_core::task::Spawn) {
///     let local = std::rc::Rc::new(5);
///     let _ = ARENA.try_spawn_at(place, async move { drop(local) });
/// }
/// # fn main() {}
/// ```
pub struct Failure062NotSend;

/// Local tasks outlive whoever spawns them as well:
///
/// ```compile_fail,E0373
/// fn spawn(place: &dyn zokio_core::task::Spawn) {
///     let local = 5;
///     let _ = zokio_core::task::try_spawn_local_at(place, async { assert_eq!(&local, &5) });
/// }
/// # fn main() {}
/// ```
pub struct Failure052Borrowed;

/// The handle of an output that is not `Send` stays on its thread, and so does a set of them:
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// fn leak(handle: zokio_core::task::JoinHandle<std::rc::Rc<u8>>) {
///     send(handle);
/// }
/// # fn main() {}
/// ```
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// fn leak(set: zokio_core::task::JoinSet<std::rc::Rc<u8>>) {
///     send(set);
/// }
/// # fn main() {}
/// ```
///
/// That of one that is goes anywhere:
///
/// ```
/// fn send<T: Send + Sync>(_: T) {}
/// fn fine(handle: zokio_core::task::JoinHandle<u8>, set: zokio_core::task::JoinSet<u8>) {
///     send(handle);
///     send(set);
/// }
/// # fn main() {}
/// ```
pub struct Failure042Handles;

/// An output is given once:
///
/// ```compile_fail,E0382
/// async fn twice(handle: zokio_core::task::JoinHandle<u8>) {
///     let _ = handle.await;
///     let _ = handle.await;
/// }
/// # fn main() {}
/// ```
pub struct JoinedTwice;

/// What waits for a waker of something is alive for ever: a waker of a local flag would outlive it:
///
/// ```compile_fail,E0597
/// # use zokio_core::task::{StaticWake, static_waker};
/// struct Flag(std::sync::atomic::AtomicBool);
/// impl StaticWake for Flag {
///     fn wake(&'static self) {
///         self.0.store(true, std::sync::atomic::Ordering::Release);
///     }
/// }
/// fn main() {
///     let flag = Flag(false.into());
///     let _ = static_waker(&flag);
/// }
/// ```
///
/// and a flag that threads cannot share cannot be woken by them:
///
/// ```compile_fail,E0277
/// struct Flag(std::cell::Cell<bool>);
/// impl zokio_core::task::StaticWake for Flag {
///     fn wake(&'static self) {
///         self.0.set(true);
///     }
/// }
/// # fn main() {}
/// ```
pub struct Failure041Wakers;

/// A scoped future borrows what is outside of the scope:
///
/// ```
/// # async fn example() {
/// let outside = 5;
/// zokio_core::task::scope(async |scope| {
///     drop(scope.spawn(async { assert_eq!(outside, 5) }));
/// })
/// .await;
/// # }
/// ```
///
/// not what is inside, which ends before it:
///
/// ```compile_fail,E0597
/// # async fn example() {
/// zokio_core::task::scope(async |scope| {
///     let inside = 5;
///     let borrowed = &inside;
///     drop(scope.spawn(async move { assert_eq!(*borrowed, 5) }));
/// })
/// .await;
/// # }
/// # fn main() {}
/// ```
///
/// The scope itself does not come out:
///
/// ```compile_fail
/// # async fn example() {
/// let mut kept = None;
/// zokio_core::task::scope(async |scope| kept = Some(scope)).await;
/// # }
/// # fn main() {}
/// ```
///
/// nor a borrow through a handle that is kept for longer than what was borrowed:
///
/// ```compile_fail,E0597
/// # async fn example() {
/// let kept = {
///     let inside = 5;
///     let borrowed = &inside;
///     zokio_core::task::scope(async |scope| scope.spawn(async move { borrowed })).await
/// };
/// assert_eq!(*kept.await, 5);
/// # }
/// # fn main() {}
/// ```
///
/// And it stays in its task:
///
/// ```compile_fail
/// fn send<T: Send>(_: T) {}
/// # fn main() {
/// send(zokio_core::task::scope(async |scope| {
///     drop(scope.spawn(async {}));
///     std::future::pending::<()>().await;
/// }));
/// # }
/// ```
pub struct ScopesHold;

/// A value that a task has for itself lives as long as its key, for ever:
///
/// ```compile_fail
/// zokio_core::task_local! {
///     static TEXT: &'static str
/// }
/// fn bad(text: &str) {
///     TEXT.sync_scope(text, || ());
/// }
/// # fn main() {}
/// ```
///
/// and nobody keeps a borrow of it beyond the call that looks at it:
///
/// ```compile_fail
/// zokio_core::task_local! {
///     static TEXT: String
/// }
/// fn bad() -> &'static str {
///     TEXT.with(|text| text.as_str())
/// }
/// # fn main() {}
/// ```
pub struct LocalsHold;

/// Macros say how many parts they take:
///
/// ```compile_fail
/// # async fn example() {
/// zokio_core::select! {};
/// # }
/// # fn main() {}
/// ```
///
/// ```compile_fail
/// # async fn example() {
/// zokio_core::join!(
///     async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {},
///     async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {},
///     async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {},
///     async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {},
///     async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {},
///     async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {}, async {},
///     async {}, async {}, async {}, async {}, async {},
/// );
/// # }
/// # fn main() {}
/// ```
pub struct Failure104Arity;
