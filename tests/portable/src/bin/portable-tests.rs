//! The tests on this machine.

fn main() {
    let mut transcript = String::new();
    // Printed as it is made, so that a test that panics is the last one named.
    struct Printed<'a>(&'a mut String);
    impl std::fmt::Write for Printed<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            print!("{text}");
            self.0.write_str(text)
        }
    }
    let count = zokio_portable_tests::run(&mut Printed(&mut transcript));
    assert!(transcript.ends_with(&format!("{count} passed\n")), "the output is not whole");
}
