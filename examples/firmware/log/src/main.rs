//! What the types of zokio look like in the log of firmware: `defmt` frames on the standard output.
//!
//! `blinky` printed text; this logs frames, which are decoded on the host, where the texts stay:
//!
//! ```console
//! $ (cd ../../../xtask/decode && cargo build --release) && cargo build --release
//! $ ../../../xtask/decode/target/release/zokio-decode target/thumbv7m-none-eabi/release/zokio-log -- qemu-system-arm \
//!     -M lm3s6965evb -nographic -monitor none -serial none -semihosting-config enable=on,target=native \
//!     -kernel target/thumbv7m-none-eabi/release/zokio-log
//! ```
#![no_std]
#![no_main]

use core::time::Duration;

use zokio::error::Error;
use zokio::sync::{Channel, Mutex};
use zokio::task::Arena;
use zokio::time::{sleep, timeout};
use zokio_board_qemu_lm3s6965 as board;

static TASKS: Arena<2, 160> = Arena::new();
static EXECUTOR: board::Executor = board::executor(&TASKS);
static READINGS: Channel<u8, 1> = Channel::new();
static TOTAL: Mutex<u8> = Mutex::new(0);

/// No slot is aligned so much.
#[repr(align(16))]
struct Aligned;

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("the board is taken once");
    EXECUTOR.block_on(&mut park, async {
        defmt::info!("{}", zokio::build_info().tasks);
        defmt::info!("{}", READINGS.try_send(1));
        defmt::info!("{}", READINGS.try_send(2));
        defmt::info!("{}", READINGS.try_recv());
        let guard = TOTAL.lock().await;
        defmt::info!("{}", TOTAL.try_lock().map(|_| ()));
        drop(guard);
        let late = timeout(Duration::from_millis(5), core::future::pending::<()>()).await;
        defmt::info!("{}", late);
        let task = zokio::spawn(sleep(Duration::from_secs(60)));
        task.abort();
        defmt::info!("{}", task.await.map_err(|error| Error::from(error).kind()));
        let (one, two) = (zokio::spawn(core::future::pending::<()>()), zokio::spawn(core::future::pending::<()>()));
        let third = zokio::task::try_spawn(async {});
        defmt::info!("{}", third.map(|_| ()));
        one.abort();
        two.abort();
        let aligned = Aligned;
        let refused = zokio::task::try_spawn(async move {
            let _moved = aligned;
        });
        defmt::info!("{}", refused.map(|_| ()));
    });
    board::exit(0)
}
