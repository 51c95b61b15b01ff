//! Errors of the compiler about the function: they point into the user's text.

/// The names of the facade, for an expansion that type-checks.
mod stub {
    pub mod runtime {
        pub struct Builder;
        pub struct Runtime;
        impl Builder {
            pub fn new_multi_thread() -> Self {
                Self
            }
            pub fn enable_all(&mut self) -> &mut Self {
                self
            }
            pub fn build(&mut self) -> Result<Runtime, String> {
                Ok(Runtime)
            }
        }
        impl Runtime {
            pub fn block_on<F: Future>(&self, _: F) -> F::Output {
                unimplemented!()
            }
        }
    }
}

#[zokio_macros::main(crate = "crate::stub")]
async fn main() {
    let _: u8 = text();
    //~^ 17 mismatched types
    undefined().await;
    //~^ 5 cannot find function `undefined`
}

#[zokio_macros::main(crate = "crate::stub")]
async fn text() -> Result<(), String> {
    std::future::ready(()).await;
    //~^ 33 mismatched types
}

#[zokio_macros::main(crate = "crate::nowhere")]
//~^ 30 nowhere
async fn wrong_path() {}
