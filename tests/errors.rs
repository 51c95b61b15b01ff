//! Every error and every panic that users meet, made as they meet it, beside `errors.txt`: a text changes where somebody
//! reads both.
#![cfg(feature = "std")]

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use zokio::net::{TcpListener, TcpStream};
use zokio::runtime::{Builder, Handle, Runtime};
use zokio::sync::{Mutex, OnceCell, Pipe, RwLock, Semaphore, SetOnce, WaitQueue, broadcast, mpsc, oneshot, watch};
use zokio::task::Arena;
use zokio::time::{self, sleep, timeout};

/// The lines, and of which types they are.
#[derive(Default)]
struct Table {
    text: String,
    types: BTreeSet<String>,
}

impl Table {
    /// An error of the type `name`, and when it comes.
    fn error(&mut self, name: &str, when: &str, error: &dyn Error) {
        self.line(name, when, &error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            self.line(name, "  because", &cause.to_string());
            source = cause.source();
        }
    }

    fn line(&mut self, name: &str, when: &str, text: &str) {
        // Ids of tasks are others in each run.
        let words = text.split(' ').map(|word| if word.len() > 8 && word.parse::<u64>().is_ok() { "N" } else { word });
        let text = words.collect::<Vec<_>>().join(" ");
        assert!(!text.is_empty() && !text.ends_with('.') && !text.contains('\n'), "{name}: {text:?}");
        self.types.insert(name.to_owned());
        writeln!(self.text, "{name} | {when} | {text}").unwrap();
    }

    /// A panic, and what is done for it.
    fn panic(&mut self, when: &str, f: impl FnOnce()) {
        let payload = catch_unwind(AssertUnwindSafe(f)).expect_err(when);
        let text =
            payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
        self.line("panic", when, text.expect("a text"));
    }
}

fn once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// What a future that is ready at once gives as an error.
fn failed<T, E>(future: impl Future<Output = Result<T, E>>) -> E {
    match once(future) {
        Poll::Ready(Err(error)) => error,
        Poll::Ready(Ok(_)) => panic!("it went well"),
        Poll::Pending => panic!("it waits"),
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn channels(table: &mut Table) {
    let (tx, mut rx) = mpsc::channel::<u8>(1);
    table.error("TryRecvError", "mpsc: nothing is there yet", &rx.try_recv().unwrap_err());
    tx.try_send(1).unwrap();
    table.error("TrySendError", "mpsc: the channel is full", &tx.try_send(2).unwrap_err());
    let late = runtime().block_on(tx.send_timeout(3, Duration::ZERO)).unwrap_err();
    table.error("SendTimeoutError", "mpsc: the channel stays full", &late);
    rx.close();
    table.error("TrySendError", "mpsc: the receiver has closed", &tx.try_send(2).unwrap_err());
    table.error("SendError", "mpsc: the receiver has closed", &failed(tx.send(2)));
    let closed = runtime().block_on(tx.send_timeout(3, Duration::ZERO)).unwrap_err();
    table.error("SendTimeoutError", "mpsc: the receiver has closed", &closed);
    rx.try_recv().unwrap();
    table.error("TryRecvError", "mpsc: all is received and it is closed", &rx.try_recv().unwrap_err());

    let (tx, mut rx) = oneshot::channel::<u8>();
    table.error("TryRecvError", "oneshot: nothing is there yet", &rx.try_recv().unwrap_err());
    drop(tx);
    table.error("TryRecvError", "oneshot: the sender is gone", &rx.try_recv().unwrap_err());
    let (tx, rx) = oneshot::channel::<u8>();
    drop(tx);
    table.error("RecvError", "oneshot: the sender is gone", &failed(rx));

    let (tx, mut rx) = broadcast::channel::<u8>(1);
    table.error("TryRecvError", "broadcast: nothing is there yet", &rx.try_recv().unwrap_err());
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    table.error("TryRecvError", "broadcast: one was missed", &rx.try_recv().unwrap_err());
    tx.send(3).unwrap();
    table.error("RecvError", "broadcast: one more was missed", &failed(rx.recv()));
    rx.try_recv().unwrap();
    drop(tx);
    table.error("TryRecvError", "broadcast: all senders are gone", &rx.try_recv().unwrap_err());
    table.error("RecvError", "broadcast: all senders are gone", &failed(rx.recv()));
    let (tx, rx) = broadcast::channel::<u8>(1);
    drop(rx);
    table.error("SendError", "broadcast: nobody is subscribed", &tx.send(1).unwrap_err());

    let (tx, mut rx) = watch::channel(1);
    drop(tx);
    table.error("RecvError", "watch: the sender is gone", &failed(rx.changed()));
    let (tx, rx) = watch::channel(1);
    drop(rx);
    table.error("SendError", "watch: nobody is subscribed", &tx.send(2).unwrap_err());
    let value = watch::Watch::<u8>::new(0);
    value.close();
    table.error("TrySendError", "watch in place: it is closed", &value.try_send(1).unwrap_err());
}

fn locks(table: &mut Table) {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    table.error("TryLockError", "Mutex: it is locked", &mutex.try_lock().unwrap_err());
    drop(guard);
    let lock = RwLock::new(());
    let guard = lock.try_read().unwrap();
    table.error("TryLockError", "RwLock: it is read", &lock.try_write().unwrap_err());
    drop(guard);

    let semaphore = Semaphore::new(0);
    table.error("TryAcquireError", "there is no permit", &semaphore.try_acquire().unwrap_err());
    semaphore.close();
    table.error("TryAcquireError", "it is closed", &semaphore.try_acquire().unwrap_err());
    table.error("AcquireError", "it is closed", &failed(semaphore.acquire()));

    let cell = OnceCell::new();
    let mut making = Box::pin(cell.get_or_init(pending::<u8>));
    assert!(making.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    table.error("SetError", "somebody makes the value", &cell.set(1).unwrap_err());
    drop(making);
    cell.set(1).unwrap();
    table.error("SetError", "it has a value", &cell.set(1).unwrap_err());
    let cell = SetOnce::new();
    cell.set(1).unwrap();
    table.error("SetOnceError", "it has a value", &cell.set(2).unwrap_err());

    let queue: WaitQueue = WaitQueue::new();
    queue.close();
    table.error("Closed", "a wait queue is closed", &failed(queue.wait()));

    let pipe = Pipe::<2>::new();
    table.error("PipeEmpty", "nothing was written", &pipe.try_read(&mut [0]).unwrap_err());
    pipe.try_write(&[1, 2]).unwrap();
    table.error("TryWriteError", "there is no room", &pipe.try_write(&[3]).unwrap_err());
    pipe.close();
    table.error("TryWriteError", "it is closed", &pipe.try_write(&[3]).unwrap_err());
    table.error("PipeClosed", "it is closed", &failed(pipe.write(&[3])));
}

fn tasks(table: &mut Table) {
    static ARENA: Arena<1, 64> = Arena::new();
    let runtime = runtime();
    runtime.block_on(async {
        let aborted = zokio::spawn(pending::<()>());
        aborted.abort();
        table.error("JoinError", "the task was aborted", &aborted.await.unwrap_err());
        let panicked = zokio::spawn(async { panic!("the reason") });
        table.error("JoinError", "the task has panicked", &panicked.await.unwrap_err());
        let elapsed = timeout(Duration::ZERO, pending::<()>()).await.unwrap_err();
        table.error("Elapsed", "the time is over", &elapsed);
        table.error("Error", "of a timeout", &zokio::error::Error::from(elapsed));
        let spawn = zokio::error::Error::from(ARENA.try_spawn(ready(())).unwrap_err());
        table.error("Error", "of a static task on a runtime of the heap", &spawn);
        table.error("SpawnError", "a static task on a runtime of the heap", &ARENA.try_spawn(ready(())).unwrap_err());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (read, _) = TcpStream::connect(address).await.unwrap().into_split();
        let (_, write) = TcpStream::connect(address).await.unwrap().into_split();
        table.error("ReuniteError", "halves of two streams", &read.reunite(write).unwrap_err());
        let io = std::io::Error::other("the reason");
        table.error("Error", "of the operating system", &zokio::error::Error::from(io));
    });
    table.error("SpawnError", "outside of a runtime", &zokio::task::try_spawn(ready(())).unwrap_err());
    table.error("TryCurrentError", "outside of a runtime", &Handle::try_current().unwrap_err());
    let spawner = runtime.handle().clone();
    drop(runtime);
    let after = futures_now(spawner.spawn(ready(())));
    table.error("JoinError", "spawned after the runtime was shut down", &after.unwrap_err());

    zokio::task_local! { static LOCAL: u8; }
    table.error("AccessError", "a task-local value outside of its scope", &LOCAL.try_with(|_| ()).unwrap_err());
    for (failure, when) in [
        (zokio::error::SpawnFailure::Full, "every slot is taken"),
        (zokio::error::SpawnFailure::TooLarge, "the slots are too small"),
        (zokio::error::SpawnFailure::Closed, "the executor has shut down"),
        (zokio::error::SpawnFailure::NoExecutor, "there is no executor"),
        (zokio::error::SpawnFailure::NoPool, "there is no pool"),
    ] {
        table.error("SpawnFailure", when, &failure);
    }
}

/// The output of a future that waits for nothing but itself.
fn futures_now<F: Future>(future: F) -> F::Output {
    match once(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn panics(table: &mut Table) {
    table.panic("sleep outside of a runtime", || drop(sleep(Duration::ZERO)));
    table.panic("sleep in a runtime without time", || {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { sleep(Duration::ZERO).await });
    });
    table.panic("spawn outside of a runtime", || zokio::spawn(ready(())).detach());
    table.panic("Handle::current outside of a runtime", || drop(Handle::current()));
    table.panic("block_on inside of block_on", || runtime().block_on(async { runtime().block_on(ready(())) }));
    table.panic("a runtime is dropped inside of another", || {
        let inner = runtime();
        runtime().block_on(async move { drop(inner) });
    });
    table.panic("worker_threads(0)", || _ = Builder::new_multi_thread().worker_threads(0));
    table.panic("max_blocking_threads(0)", || _ = Builder::new_multi_thread().max_blocking_threads(0));
    table.panic("name(\" \")", || _ = Builder::new_multi_thread().name(" "));
    table.panic("event_interval(0)", || _ = Builder::new_multi_thread().event_interval(0));
    table.panic("global_queue_interval(0)", || _ = Builder::new_multi_thread().global_queue_interval(0));
    table.panic("pause on many threads", || {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(async { time::pause() });
    });
    table.panic("resume of time that runs", || runtime().block_on(async { time::resume() }));
    table.panic("interval of no length", || runtime().block_on(async { drop(time::interval(Duration::ZERO)) }));
    table.panic("mpsc::channel(0)", || drop(mpsc::channel::<()>(0)));
    table.panic("broadcast::channel(0)", || drop(broadcast::channel::<()>(0)));
    table.panic("Semaphore::new(MAX_PERMITS + 1)", || drop(Semaphore::new(Semaphore::MAX_PERMITS + 1)));
    table.panic("a join handle is polled after its output", || {
        runtime().block_on(async {
            let mut handle = zokio::spawn(ready(()));
            (&mut handle).await.unwrap();
            _ = (&mut handle).await;
        });
    });
    table.panic("blocking_send inside of a runtime", || {
        let (tx, _rx) = mpsc::channel(1);
        runtime().block_on(async { _ = tx.blocking_send(1) });
    });
    table.panic("a sleep of a runtime that is gone", || {
        let late = {
            let runtime = runtime();
            let _inside = runtime.enter();
            Box::pin(sleep(Duration::from_secs(1)))
        };
        _ = once(late);
    });
}

#[test]
fn every_text_is_the_one_that_was_read_before() {
    let mut table = Table::default();
    channels(&mut table);
    locks(&mut table);
    tasks(&mut table);
    panics(&mut table);
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors.txt");
    if std::env::var_os("ZOKIO_WRITE_ERRORS").is_some() {
        fs::write(&place, &table.text).unwrap();
    }
    let known = fs::read_to_string(&place).unwrap_or_default();
    for (line, known) in table.text.lines().zip(known.lines()) {
        assert_eq!(line, known, "run it once with ZOKIO_WRITE_ERRORS=1, and read what `git diff` says");
    }
    assert_eq!(table.text.lines().count(), known.lines().count(), "errors.txt has another number of lines");
    let missing: Vec<String> = types().into_iter().filter(|name| !table.types.contains(name)).collect();
    assert!(missing.is_empty(), "no error of these types was made: {missing:?}");
}

/// Not met here as errors: of a host of WASI and of the pool of threads (`hal`), of a fixed delay queue (`core`), whose texts tests
/// there hold; and the two that come as a panic, above.
const ELSEWHERE: [&str; 6] = ["Errno", "WaitError", "Full", "ControlError", "NestedBlockOn", "Reason"];

/// The names of all types of this repository that are errors.
fn types() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders =
        ["src", "core/src", "executor-local/src", "executor-mt/src", "hal/src"].map(|path| root.join(path)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.extend(fs::read_to_string(path).unwrap().lines().filter_map(error_type));
            }
        }
    }
    assert!(names.len() > 20, "{names:?}");
    names.retain(|name| !ELSEWHERE.contains(&name.as_str()));
    names
}

/// The type of `impl Error for Type`.
fn error_type(line: &str) -> Option<String> {
    let (head, name) = line.split_once("error::Error for ")?;
    let end = name.find(|letter: char| !letter.is_alphanumeric())?;
    head.starts_with("impl").then(|| name[..end].to_owned())
}
