//! Each asynchronous method of the primitives, in a state in which it waits.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use zokio::sync::*;

/// A waiting call; what it gives is kept by who polled it.
pub type Call = Pin<Box<dyn Future<Output = Box<dyn Any>>>>;

/// A method that waits.
pub struct Rig {
    pub name: &'static str,
    /// Calls it.
    pub start: Box<dyn Fn() -> Call>,
    /// Lets one call go on: whichever is due.
    pub grant: Box<dyn Fn()>,
    /// Whether one call at a time is all there can be (`&mut self`).
    pub single: bool,
    /// Where the call carries a value: how many values have arrived.
    pub arrived: Option<Box<dyn Fn() -> usize>>,
}

/// Something for ever, so that calls can borrow it.
fn keep<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn call<T: 'static>(future: impl Future<Output = T> + 'static) -> Call {
    Box::pin(async move { Box::new(future.await) as Box<dyn Any> })
}

fn rig<T: 'static, F: Future<Output = T> + 'static>(
    name: &'static str,
    start: impl Fn() -> F + 'static,
    grant: impl Fn() + 'static,
) -> Rig {
    Rig { name, start: Box::new(move || call(start())), grant: Box::new(grant), single: false, arrived: None }
}

/// Something that is lent to one call, and comes back when that is dropped.
struct Lent<R> {
    thing: Option<R>,
    home: Rc<RefCell<Option<R>>>,
}

impl<R> Drop for Lent<R> {
    fn drop(&mut self) {
        *self.home.borrow_mut() = self.thing.take();
    }
}

fn single<R: 'static>(
    name: &'static str,
    thing: R,
    method: impl for<'a> Fn(&'a mut R) -> Pin<Box<dyn Future<Output = ()> + 'a>> + Clone + 'static,
    grant: impl Fn() + 'static,
) -> Rig {
    let home = Rc::new(RefCell::new(Some(thing)));
    let start = move || {
        let mut lent = Lent { thing: home.borrow_mut().take(), home: home.clone() };
        let method = method.clone();
        async move { method(lent.thing.as_mut().expect("one call at a time")).await }
    };
    Rig { single: true, ..rig(name, start, grant) }
}

/// Gives back what is held: once.
fn release<T: 'static>(held: T) -> impl Fn() + 'static {
    let held = RefCell::new(Some(held));
    move || {
        // Not in the borrow: a hostile waker may come back here.
        let held = held.borrow_mut().take();
        drop(held);
    }
}

/// Takes a message, where nobody is at it: a hostile waker may come back here.
fn take_from(receiver: &RefCell<mpsc::Receiver<u32>>) -> Option<u32> {
    receiver.try_borrow_mut().ok()?.try_recv().ok()
}

/// All rigs, each fresh.
pub fn all() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let notify = keep(Notify::new());
    rigs.push(rig("Notify::notified", || notify.notified(), || notify.notify_one()));
    let queue = keep(WaitQueue::new());
    rigs.push(rig(
        "WaitQueue::wait",
        || queue.wait(),
        || {
            let _ = queue.wake_one();
        },
    ));
    let mutex = keep(Mutex::new(()));
    rigs.push(rig("Mutex::lock", || mutex.lock(), release(mutex.try_lock().expect("free"))));
    let mutex = Arc::new(Mutex::new(()));
    let held = mutex.clone().try_lock_owned().expect("free");
    rigs.push(rig("Mutex::lock_owned", move || mutex.clone().lock_owned(), release(held)));
    let lock = keep(RwLock::new(()));
    rigs.push(rig("RwLock::read", || lock.read(), release(lock.try_write().expect("free"))));
    let lock = keep(RwLock::new(()));
    rigs.push(rig("RwLock::write", || lock.write(), release(lock.try_read().expect("free"))));
    let lock = Arc::new(RwLock::new(()));
    let held = lock.clone().try_write_owned().expect("free");
    rigs.push(rig("RwLock::read_owned", move || lock.clone().read_owned(), release(held)));
    let lock = Arc::new(RwLock::new(()));
    let held = lock.clone().try_read_owned().expect("free");
    rigs.push(rig("RwLock::write_owned", move || lock.clone().write_owned(), release(held)));
    let semaphore = keep(Semaphore::new(0));
    rigs.push(rig("Semaphore::acquire", || semaphore.acquire(), || semaphore.add_permits(1)));
    let semaphore = keep(Semaphore::new(0));
    rigs.push(rig("Semaphore::acquire_many", || semaphore.acquire_many(2), || semaphore.add_permits(2)));
    let semaphore = Arc::new(Semaphore::new(0));
    let more = semaphore.clone();
    rigs.push(rig("Semaphore::acquire_owned", move || semaphore.clone().acquire_owned(), move || more.add_permits(1)));
    let semaphore = Arc::new(Semaphore::new(0));
    let more = semaphore.clone();
    rigs.push(rig(
        "Semaphore::acquire_many_owned",
        move || semaphore.clone().acquire_many_owned(2),
        move || more.add_permits(2),
    ));
    let signal = keep(Signal::<u8>::new());
    rigs.push(rig(
        "Signal::wait",
        || signal.wait(),
        || {
            signal.signal(1);
        },
    ));
    let token = CancellationToken::new();
    let cancel = token.clone();
    rigs.push(rig(
        "CancellationToken::cancelled_owned",
        move || token.clone().cancelled_owned(),
        move || cancel.cancel(),
    ));
    rigs.extend(channels());
    rigs
}

fn channels() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let full = || {
        let channel = keep(Channel::<u32, 1>::new());
        channel.try_send(0).expect("room");
        channel
    };
    let received = keep(AtomicUsize::new(0));
    let channel = full();
    let take = move || {
        if channel.try_recv().is_ok_and(|message| message > 0) {
            received.fetch_add(1, Ordering::Relaxed);
        }
    };
    let send = rig("Channel::send", || channel.send(1), take);
    let arrived = move || {
        take();
        received.load(Ordering::Relaxed)
    };
    rigs.push(Rig { arrived: Some(Box::new(arrived)), ..send });
    let channel = full();
    rigs.push(rig(
        "Channel::reserve",
        || channel.reserve(),
        || {
            let _ = channel.try_recv();
        },
    ));
    let channel = keep(Channel::<u32, 1>::new());
    rigs.push(rig(
        "Channel::recv",
        || channel.recv(),
        || {
            let _ = channel.try_send(1);
        },
    ));

    let full = || {
        let (sender, receiver) = mpsc::channel::<u32>(1);
        sender.try_send(0).expect("room");
        (keep(sender), Rc::new(RefCell::new(receiver)))
    };
    let (sender, receiver) = full();
    let count = Rc::new(RefCell::new(0));
    let (again, counted) = (receiver.clone(), count.clone());
    let take = move || {
        if take_from(&again).is_some_and(|message| message > 0) {
            *counted.borrow_mut() += 1;
        }
    };
    let send = rig("mpsc::Sender::send", || sender.send(1), take.clone());
    let arrived = move || {
        take();
        *count.borrow()
    };
    rigs.push(Rig { arrived: Some(Box::new(arrived)), ..send });
    let (sender, receiver) = full();
    rigs.push(rig(
        "mpsc::Sender::reserve",
        || sender.reserve(),
        move || {
            let _ = take_from(&receiver);
        },
    ));
    let (sender, receiver) = full();
    rigs.push(rig(
        "mpsc::Sender::reserve_many",
        || sender.reserve_many(1),
        move || {
            let _ = take_from(&receiver);
        },
    ));
    let (sender, receiver) = full();
    rigs.push(rig(
        "mpsc::Sender::reserve_owned",
        || sender.clone().reserve_owned(),
        move || {
            let _ = take_from(&receiver);
        },
    ));
    let (sender, receiver) = mpsc::channel::<u32>(1);
    let sender = keep(sender);
    rigs.push(rig("mpsc::Sender::closed", || sender.closed(), release(receiver)));
    let (sender, receiver) = mpsc::channel::<u32>(4);
    rigs.push(single(
        "mpsc::Receiver::recv",
        receiver,
        |receiver| {
            Box::pin(async {
                let _ = receiver.recv().await;
            })
        },
        move || {
            sender.try_send(1).expect("room");
        },
    ));
    let (sender, receiver) = mpsc::channel::<u32>(4);
    rigs.push(single(
        "mpsc::Receiver::recv_many",
        receiver,
        |receiver| {
            Box::pin(async {
                let mut buffer = Vec::new();
                receiver.recv_many(&mut buffer, 4).await;
            })
        },
        move || sender.try_send(1).expect("room"),
    ));
    let (sender, receiver) = mpsc::unbounded_channel::<u32>();
    rigs.push(single(
        "mpsc::UnboundedReceiver::recv",
        receiver,
        |receiver| {
            Box::pin(async {
                let _ = receiver.recv().await;
            })
        },
        move || sender.send(1).expect("open"),
    ));
    let (sender, receiver) = oneshot::channel::<u32>();
    let sender = RefCell::new(Some(sender));
    rigs.push(single(
        "oneshot::Receiver",
        receiver,
        |receiver| {
            Box::pin(async {
                let _ = receiver.await;
            })
        },
        move || {
            let sender = sender.borrow_mut().take();
            let _ = sender.map(|sender| sender.send(1));
        },
    ));
    let (sender, receiver) = oneshot::channel::<u32>();
    rigs.push(single(
        "oneshot::Sender::closed",
        sender,
        |sender| Box::pin(async { sender.closed().await }),
        release(receiver),
    ));
    let (sender, receiver) = broadcast::channel::<u32>(4);
    rigs.push(single(
        "broadcast::Receiver::recv",
        receiver,
        |receiver| {
            Box::pin(async {
                let _ = receiver.recv().await;
            })
        },
        move || {
            let _ = sender.send(1);
        },
    ));
    let (sender, receiver) = broadcast::channel::<u32>(4);
    let sender = keep(sender);
    rigs.push(rig("broadcast::Sender::closed", || sender.closed(), release(receiver)));
    let (sender, receiver) = watch::channel(0);
    rigs.push(single(
        "watch::Receiver::changed",
        receiver,
        |receiver| {
            Box::pin(async {
                let _ = receiver.changed().await;
            })
        },
        move || {
            let _ = sender.send(1);
        },
    ));
    let (sender, receiver) = watch::channel(0);
    rigs.push(single(
        "watch::Receiver::wait_for",
        receiver,
        |receiver| {
            Box::pin(async {
                let _ = receiver.wait_for(|value| *value == 1).await.is_ok();
            })
        },
        move || {
            let _ = sender.send(1);
        },
    ));
    let (sender, receiver) = watch::channel(0);
    let sender = keep(sender);
    rigs.push(rig("watch::Sender::closed", || sender.closed(), release(receiver)));
    rigs
}

/// A call that is being waited for, its waker's count, and what it gave.
pub struct Waiting {
    call: Option<Call>,
    count: Arc<Count>,
    given: Option<Box<dyn Any>>,
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Waiting {
    /// Calls a method, and polls it so often.
    pub fn start(rig: &Rig, polls: usize) -> Self {
        let mut waiting = Self { call: Some((rig.start)()), count: Arc::default(), given: None };
        for _ in 0..polls {
            assert!(!waiting.poll(), "{}: it does not wait", rig.name);
        }
        waiting
    }

    /// Polls it; whether it is done.
    pub fn poll(&mut self) -> bool {
        let waker = Waker::from(self.count.clone());
        self.poll_with(&waker)
    }

    /// Polls it with a waker of the caller's.
    pub fn poll_with(&mut self, waker: &Waker) -> bool {
        let Some(call) = &mut self.call else { return true };
        match call.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Ready(given) => {
                self.given = Some(given);
                self.call = None;
                true
            }
            Poll::Pending => false,
        }
    }

    /// Polls it if it was woken; whether it is done.
    pub fn poll_if_woken(&mut self) -> bool {
        if self.count.0.swap(0, Ordering::Relaxed) > 0 { self.poll() } else { self.call.is_none() }
    }
}
