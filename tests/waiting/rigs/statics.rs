//! Channels in a `static`, and their handles of no size.

use zokio::sync::{Broadcast, Channel, Oneshot, PriorityChannel, Watch};

use super::{Rig, carrying, keep, release, rig, single};

pub(super) fn rigs() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let full = || {
        let channel = keep(Channel::<u32, 1>::new());
        channel.try_send(0).expect("room");
        channel
    };
    let channel = full();
    rigs.push(carrying("Channel::send", || channel.send(1), || channel.try_recv().ok()));
    let channel = full();
    rigs.push(rig("Channel::reserve", || channel.reserve(), || channel.try_recv()));
    let channel = keep(Channel::<u32, 1>::new());
    rigs.push(rig("Channel::recv", || channel.recv(), || channel.try_send(1)));
    let channel = full();
    let sender = channel.sender();
    rigs.push(carrying("DynSender::send", move || sender.send(1), || channel.try_recv().ok()));
    let channel = full();
    let sender = channel.sender();
    rigs.push(rig("DynSender::reserve", move || sender.reserve(), || channel.try_recv()));
    let channel = keep(Channel::<u32, 1>::new());
    let receiver = channel.receiver();
    rigs.push(rig("DynReceiver::recv", move || receiver.recv(), || channel.try_send(1)));
    let channel = keep(PriorityChannel::<u32, 1>::new());
    channel.try_send(0, 0).expect("room");
    rigs.push(carrying("PriorityChannel::send", || channel.send(0, 1), || channel.try_recv().ok()));
    let channel = keep(PriorityChannel::<u32, 1>::new());
    rigs.push(rig("PriorityChannel::recv", || channel.recv(), || channel.try_send(0, 1)));
    let watch = keep(Watch::new(0_u32));
    let send = rig("Watch::send", || watch.send(1), release(watch.borrow()));
    let arrived = || watch.try_borrow().map_or(0, |value| *value as usize);
    rigs.push(Rig { arrived: Some(Box::new(arrived)), ..send });
    let watch = keep(Watch::new(0_u32));
    rigs.push(single(
        "Watch::subscribe, changed",
        watch.subscribe(),
        |receiver| Box::pin(receiver.changed()),
        || watch.try_send(1),
    ));
    let watch = keep(Watch::new(0_u32));
    rigs.push(single(
        "Watch::subscribe, wait_for",
        watch.subscribe(),
        |receiver| {
            Box::pin(async {
                let _ = receiver.wait_for(|value| *value == 1).await.is_ok();
            })
        },
        || watch.try_send(1),
    ));
    let broadcast = keep(Broadcast::<u32, 4>::new());
    rigs.push(single(
        "Broadcast::subscribe, recv",
        broadcast.subscribe(),
        |receiver| Box::pin(receiver.recv()),
        || broadcast.send(1),
    ));
    let (sender, receiver) = keep(Oneshot::<u32>::new()).split().expect("free");
    let send = release_with(sender, |sender| sender.send(1));
    rigs.push(single("Oneshot::split, receiver", receiver, |receiver| Box::pin(receiver), send));
    let (sender, receiver) = keep(Oneshot::<u32>::new()).split().expect("free");
    rigs.push(single(
        "Oneshot::split, closed",
        sender,
        |sender| Box::pin(async { sender.closed().await }),
        release(receiver),
    ));
    rigs
}

/// Uses up what is held: once.
fn release_with<T: 'static, R>(held: T, f: impl Fn(T) -> R + 'static) -> impl Fn() + 'static {
    let held = std::cell::RefCell::new(Some(held));
    move || {
        let held = held.borrow_mut().take();
        if let Some(held) = held {
            f(held);
        }
    }
}
