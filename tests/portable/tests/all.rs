//! The portable tests among the others of the host; `cargo xtask places` runs them everywhere.

#[test]
fn all_of_them_pass_here() {
    let mut out = String::new();
    let count = zokio_portable_tests::run(&mut out);
    assert_eq!(out.lines().filter(|line| line.contains(" ok, ")).count(), count, "{out}");
    assert!(out.ends_with(&format!("{count} passed\n")), "{out}");
}
