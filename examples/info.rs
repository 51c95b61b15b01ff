//! Tells what this build of zokio is: machine, back ends, and how many bytes its parts take.
//!
//! ```console
//! $ cargo run --example info
//! ```

fn main() {
    println!("{}", zokio::build_info());
    match std::thread::available_parallelism() {
        Ok(workers) => println!("workers      {workers:>4}"),
        Err(error) => println!("workers: the system does not say: {error}"),
    }
}
