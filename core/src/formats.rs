//! `defmt::Format` for what has nothing to show but its name.

/// Implements it: `[generics] Type => "name"`. Whoever calls it depends on `defmt`.
#[doc(hidden)]
#[macro_export]
macro_rules! __named_formats {
    ($($(#[$meta:meta])* [$($generics:tt)*] $type:ty => $name:literal,)*) => {
        $($(#[$meta])* impl<$($generics)*> defmt::Format for $type {
            fn format(&self, f: defmt::Formatter<'_>) {
                defmt::write!(f, $name);
            }
        })*
    };
}
pub(crate) use __named_formats as named;
