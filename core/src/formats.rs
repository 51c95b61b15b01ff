//! `defmt::Format` for what has nothing to show but its name.

/// Implements it: `[generics] Type => "name"`.
macro_rules! named {
    ($($(#[$meta:meta])* [$($generics:tt)*] $type:ty => $name:literal,)*) => {
        $($(#[$meta])* impl<$($generics)*> defmt::Format for $type {
            fn format(&self, f: defmt::Formatter<'_>) {
                defmt::write!(f, $name);
            }
        })*
    };
}
pub(crate) use named;
