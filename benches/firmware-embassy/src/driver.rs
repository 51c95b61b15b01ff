//! A clock that stands still while anything runs, and jumps to the next alarm when nothing does.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

struct Soft {
    now: Mutex<Cell<u32>>,
    alarm: Mutex<Cell<u64>>,
    queue: Mutex<RefCell<Queue>>,
}

embassy_time_driver::time_driver_impl!(static DRIVER: Soft = Soft {
    now: Mutex::new(Cell::new(0)),
    alarm: Mutex::new(Cell::new(u64::MAX)),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

impl Soft {
    fn set_alarm(&self, section: CriticalSection<'_>, at: u64) -> bool {
        self.alarm.borrow(section).set(at);
        if at > u64::from(self.now.borrow(section).get()) {
            return true;
        }
        self.alarm.borrow(section).set(u64::MAX);
        false
    }

    fn expire(&self, section: CriticalSection<'_>, queue: &mut Queue) {
        let now = || u64::from(self.now.borrow(section).get());
        let mut next = queue.next_expiration(now());
        while !self.set_alarm(section, next) {
            next = queue.next_expiration(now());
        }
    }
}

impl Driver for Soft {
    fn now(&self) -> u64 {
        critical_section::with(|section| u64::from(self.now.borrow(section).get()))
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            let mut queue = self.queue.borrow(section).borrow_mut();
            if queue.schedule_wake(at, waker) {
                self.expire(section, &mut queue);
            }
        });
    }
}

/// Moves the clock to the next alarm, if there is one, and handles it.
pub fn jump() {
    critical_section::with(|section| {
        let at = DRIVER.alarm.borrow(section).get();
        if at != u64::MAX {
            DRIVER.now.borrow(section).set(at as u32);
            DRIVER.expire(section, &mut DRIVER.queue.borrow(section).borrow_mut());
        }
    });
}
