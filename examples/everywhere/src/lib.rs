#![no_std]
#![forbid(unsafe_code)]
//! One async program for every place: tasks, channels, timers, a mutex, cancellation.
//!
//! Nothing here knows whether it runs on a microcontroller, in a WebAssembly host or on all cores of a server. From a
//! seed it computes a transcript, and the transcript is the same everywhere: what tasks do at the same time is put
//! together in ways that do not depend on who came first.

use core::fmt::{self, Write};
use core::pin::pin;
use core::time::Duration;

use zokio::sync::{Channel, Mutex};
use zokio::task::yield_now;
use zokio::time::{interval, now, sleep, timeout};

/// Runs every part, and writes a line for each.
///
/// # Errors
///
/// If `out` cannot be written to.
pub async fn program(seed: u32, out: &mut impl Write) -> fmt::Result {
    let mut random = Random(seed);
    writeln!(out, "seed {seed}")?;
    messages(&mut random, out).await?;
    rounds(&mut random, out).await?;
    sections(&mut random, out).await?;
    wakes(&mut random, out).await?;
    timers(&mut random, out).await?;
    timeouts(&mut random, out).await?;
    ticks(&mut random, out).await?;
    cancellations(&mut random, out).await?;
    writeln!(out, "end {:08x}", random.next())
}

/// Three tasks send over one channel that holds fewer messages than they have; the sums must meet.
async fn messages(random: &mut Random, out: &mut impl Write) -> fmt::Result {
    static CHANNEL: Channel<u32, 4> = Channel::new();

    async fn send(mut random: Random, count: u32) -> u32 {
        let mut sum = 0_u32;
        for _ in 0..count {
            let message = random.next();
            sum = sum.wrapping_add(message);
            let _ = CHANNEL.send(message).await;
        }
        sum
    }

    let counts = [random.below(20), random.below(20), 7];
    let senders = counts.map(|count| zokio::spawn(send(random.fork(), count)));
    let (mut sum, mut mix) = (0_u32, 0);
    for _ in 0..counts.iter().sum() {
        let Some(message) = CHANNEL.recv().await else { break };
        sum = sum.wrapping_add(message);
        mix ^= message;
    }
    let mut sent = 0_u32;
    for sender in senders {
        sent = sent.wrapping_add(sender.await.unwrap_or_default());
    }
    let [first, second, third] = counts;
    writeln!(out, "messages {first} {second} {third} sum {sum:08x} mix {mix:08x} sent {sent:08x}")
}

/// A task and its peer change one value in turn: here the order is the result.
async fn rounds(random: &mut Random, out: &mut impl Write) -> fmt::Result {
    static THERE: Channel<u32, 1> = Channel::new();
    static BACK: Channel<u32, 1> = Channel::new();

    let rounds = 10 + random.below(50);
    let peer = zokio::spawn(async move {
        for _ in 0..rounds {
            let Some(value) = THERE.recv().await else { break };
            let _ = BACK.send(value.rotate_left(5) ^ 0x9e37_79b9).await;
        }
    });
    let mut value = random.next();
    for round in 0..rounds {
        let _ = THERE.send(value.wrapping_add(round)).await;
        value = BACK.recv().await.unwrap_or_default();
    }
    writeln!(out, "rounds {rounds} value {value:08x} peer {}", peer.await.is_ok())
}

/// Four tasks add to one number, and give way between reading and writing it: a mutex keeps them apart.
async fn sections(random: &mut Random, out: &mut impl Write) -> fmt::Result {
    static TOTAL: Mutex<u32> = Mutex::new(0);

    async fn add(times: u32, step: u32) {
        for _ in 0..times {
            let mut total = TOTAL.lock().await;
            let before = *total;
            yield_now().await;
            *total = before.wrapping_add(step);
        }
    }

    *TOTAL.lock().await = 0;
    let times = 5 + random.below(20);
    let tasks = [1, 10, 100, 1_000].map(|step| zokio::spawn(add(times, step)));
    for task in tasks {
        let _ = task.await;
    }
    writeln!(out, "sections {times} each, total {}", *TOTAL.lock().await)
}

/// A task that gives way some times is polled once more than that.
async fn wakes(random: &mut Random, out: &mut impl Write) -> fmt::Result {
    let yields = random.below(100);
    let task = zokio::spawn(async move {
        let mut polls = 0_u32;
        let mut work = pin!(async {
            for _ in 0..yields {
                yield_now().await;
            }
        });
        core::future::poll_fn(|cx| {
            polls += 1;
            work.as_mut().poll(cx).map(|()| polls)
        })
        .await
    });
    writeln!(out, "wakes {yields} polls {}", task.await.unwrap_or_default())
}

/// Three timers started in an order that the seed chooses end in the order of their deadlines.
async fn timers(random: &mut Random, out: &mut impl Write) -> fmt::Result {
    let base = u64::from(random.below(3));
    let [short, middle, long] = [2 + base, 5 + base, 9 + base].map(Duration::from_millis);
    let started = now();
    let (mut long, mut short, mut middle) = (pin!(sleep(long)), pin!(sleep(short)), pin!(sleep(middle)));
    let mut left = [true; 3];
    let mut order = [""; 3];
    for place in &mut order {
        *place = zokio::select! {
            biased;
            () = &mut short, if left[0] => { left[0] = false; "short" }
            () = &mut middle, if left[1] => { left[1] = false; "middle" }
            () = &mut long, if left[2] => { left[2] = false; "long" }
        };
    }
    let early = now().saturating_duration_since(started) < Duration::from_millis(9 + base);
    let [first, second, third] = order;
    writeln!(out, "timers {first} {second} {third} early {early}")
}

/// Nobody sends: the timeout ends the wait. Somebody sends: the message does.
async fn timeouts(random: &mut Random, out: &mut impl Write) -> fmt::Result {
    static CHANNEL: Channel<u32, 1> = Channel::new();

    let first = timeout(Duration::from_millis(3), CHANNEL.recv()).await;
    let message = random.next();
    let sender = zokio::spawn(async move {
        sleep(Duration::from_millis(2)).await;
        let _ = CHANNEL.send(message).await;
    });
    let second = zokio::select! {
        message = CHANNEL.recv() => message,
        () = sleep(Duration::from_secs(60)) => None,
    };
    let _ = sender.await;
    writeln!(out, "timeouts first {} second {:08x}", first.is_err(), second.unwrap_or_default())
}

/// Ticks come at multiples of the period, whoever is late.
async fn ticks(random: &mut Random, out: &mut impl Write) -> fmt::Result {
    let period = Duration::from_millis(1 + u64::from(random.below(3)));
    let mut interval = interval(period);
    let first = interval.tick().await;
    let mut last = first;
    for _ in 0..5 {
        last = interval.tick().await;
    }
    let early = now() < last;
    let micros = last.saturating_duration_since(first).as_micros() as u32;
    writeln!(out, "ticks 5 in {micros} us early {early}")
}

/// Tasks that wait for ever are aborted: each says that it was cancelled, and what it held is dropped.
async fn cancellations(random: &mut Random, out: &mut impl Write) -> fmt::Result {
    static NEVER: Channel<u32, 1> = Channel::new();
    static DROPPED: Channel<u32, 8> = Channel::new();

    struct Held(u32);
    impl Drop for Held {
        fn drop(&mut self) {
            let _ = DROPPED.try_send(self.0);
        }
    }

    let mark = random.next() >> 8;
    let tasks = [0, 1, 2, 3].map(|number| {
        let held = Held(mark + number);
        zokio::spawn(async move {
            let _held = held;
            let _ = NEVER.recv().await;
        })
    });
    yield_now().await; // some have begun to wait by now, some may not have
    let (mut cancelled, mut dropped) = (0, 0_u32);
    for task in tasks {
        task.abort();
        cancelled += u32::from(task.await.is_err_and(|error| error.is_cancelled()));
    }
    while let Ok(held) = DROPPED.try_recv() {
        dropped = dropped.wrapping_add(held);
    }
    writeln!(out, "cancelled {cancelled} dropped {dropped:08x}")
}

/// Numbers that look random, the same for the same seed (a step of `splitmix32`).
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 16)).wrapping_mul(0x21f0_aaad);
        bits = (bits ^ (bits >> 15)).wrapping_mul(0x735a_2d97);
        bits ^ (bits >> 15)
    }

    fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }

    fn fork(&mut self) -> Self {
        Self(self.next())
    }
}
