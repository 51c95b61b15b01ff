//! The program of this package on a multi-thread runtime: `everywhere-multi-thread SEED`.

#[zokio::main(flavor = "multi_thread")]
async fn main() -> std::fmt::Result {
    let seed = std::env::args().nth(1).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut transcript = String::new();
    zokio_everywhere::program(seed, &mut transcript).await?;
    print!("{transcript}");
    Ok(())
}
