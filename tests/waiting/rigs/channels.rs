//! Channels in an `Arc`.

use std::cell::RefCell;
use std::rc::Rc;

use zokio::sync::{broadcast, mpmc, mpsc, oneshot, priority, watch};

use super::{Rig, carrying, keep, release, rig, single};

/// Takes a message, where nobody is at it: a hostile waker may come back here.
pub(super) fn take_from(receiver: &RefCell<mpsc::Receiver<u32>>) -> Option<u32> {
    receiver.try_borrow_mut().ok()?.try_recv().ok()
}

pub(super) fn rigs() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let full = || {
        let (sender, receiver) = mpsc::channel::<u32>(1);
        sender.try_send(0).expect("room");
        (keep(sender), Rc::new(RefCell::new(receiver)))
    };
    let (sender, receiver) = full();
    rigs.push(carrying("mpsc::Sender::send", || sender.send(1), move || take_from(&receiver)));
    let (sender, receiver) = full();
    rigs.push(rig("mpsc::Sender::reserve", || sender.reserve(), move || take_from(&receiver)));
    let (sender, receiver) = full();
    rigs.push(rig("mpsc::Sender::reserve_many", || sender.reserve_many(1), move || take_from(&receiver)));
    let (sender, receiver) = full();
    let reserve = rig("mpsc::Sender::reserve_owned", || sender.clone().reserve_owned(), move || take_from(&receiver));
    rigs.push(Rig { takes: Some(("the sender", Box::new(|| sender.strong_count() > 1))), ..reserve });
    let (sender, receiver) = mpsc::channel::<u32>(1);
    let sender = keep(sender);
    rigs.push(rig("mpsc::Sender::closed", || sender.closed(), release(receiver)));
    let (sender, receiver) = mpsc::channel::<u32>(4);
    rigs.push(single(
        "mpsc::Receiver::recv",
        receiver,
        |receiver| Box::pin(receiver.recv()),
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
        |receiver| Box::pin(receiver.recv()),
        move || sender.send(1).expect("open"),
    ));
    let (sender, receiver) = mpsc::unbounded_channel::<u32>();
    rigs.push(single(
        "mpsc::UnboundedReceiver::recv_many",
        receiver,
        |receiver| {
            Box::pin(async {
                let mut buffer = Vec::new();
                receiver.recv_many(&mut buffer, 4).await;
            })
        },
        move || sender.send(1).expect("open"),
    ));
    let (sender, receiver) = mpsc::unbounded_channel::<u32>();
    let sender = keep(sender);
    rigs.push(rig("mpsc::UnboundedSender::closed", || sender.closed(), release(receiver)));
    let full = || {
        let (sender, receiver) = mpmc::channel::<u32>(1);
        sender.try_send(0).expect("room");
        (keep(sender), keep(receiver))
    };
    let (sender, receiver) = full();
    rigs.push(carrying("mpmc::Sender::send", || sender.send(1), || receiver.try_recv().ok()));
    let (sender, receiver) = mpmc::channel::<u32>(1);
    let sender = keep(sender);
    rigs.push(rig("mpmc::Sender::closed", || sender.closed(), release(receiver)));
    let (sender, receiver) = mpmc::channel::<u32>(1);
    let receiver = keep(receiver);
    rigs.push(rig("mpmc::Receiver::recv", || receiver.recv(), move || sender.try_send(1)));
    let (sender, receiver) = priority::channel::<u32>(1);
    let (sender, receiver) = (keep(sender), keep(receiver));
    sender.try_send(0, 0).expect("room");
    rigs.push(carrying("priority::Sender::send", || sender.send(0, 1), || receiver.try_recv().ok()));
    let (sender, receiver) = priority::channel::<u32>(1);
    let receiver = keep(receiver);
    rigs.push(rig("priority::Receiver::recv", || receiver.recv(), move || sender.try_send(0, 1)));
    let (sender, receiver) = oneshot::channel::<u32>();
    let sender = RefCell::new(Some(sender));
    rigs.push(single(
        "oneshot::Receiver",
        receiver,
        |receiver| Box::pin(receiver),
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
        |receiver| Box::pin(receiver.recv()),
        move || sender.send(1),
    ));
    let (sender, receiver) = broadcast::channel::<u32>(4);
    let sender = keep(sender);
    rigs.push(rig("broadcast::Sender::closed", || sender.closed(), release(receiver)));
    let (sender, receiver) = watch::channel(0);
    rigs.push(single(
        "watch::Receiver::changed",
        receiver,
        |receiver| Box::pin(receiver.changed()),
        move || sender.send(1),
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
        move || sender.send(1),
    ));
    let (sender, receiver) = watch::channel(0);
    let sender = keep(sender);
    rigs.push(rig("watch::Sender::closed", || sender.closed(), release(receiver)));
    rigs
}
