//! Two tasks and a timer: the smallest program there is.
//!
//! `cargo run --release --example hello`

use std::time::Duration;

#[zokio::main]
async fn main() -> Result<(), zokio::task::JoinError> {
    let slow = zokio::spawn(async {
        zokio::time::sleep(Duration::from_millis(100)).await;
        "world"
    });
    let fast = zokio::spawn(async { "hello" });
    println!("{}, {}!", fast.await?, slow.await?);
    Ok(())
}
