//! Quantities with their units. The kernel takes the units off once, in `Kernel::compile`.
//!
//! Legal products:
//!
//! | left | right | result |
//! |---|---|---|
//! | `TonnesPerDay` | `Days` | `Tonnes` |
//! | `Tonnes` / | `TonnesPerDay` | `Days` (cover) |
//! | `Tonnes` / | `Days` | `TonnesPerDay` |
//! | any | `Share` | the same unit |

use std::ops::{Add, Div, Mul, Sub};

macro_rules! unit {
    ($($(#[$doc:meta])* $name:ident, $suffix:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default)]
        pub struct $name(pub f64);

        impl $name {
            /// The unit as it is written behind a number.
            pub const SUFFIX: &'static str = $suffix;
        }
        impl Add for $name { type Output = Self; fn add(self, o: Self) -> Self { Self(self.0 + o.0) } }
        impl Sub for $name { type Output = Self; fn sub(self, o: Self) -> Self { Self(self.0 - o.0) } }
        impl Mul<Share> for $name { type Output = Self; fn mul(self, s: Share) -> Self { Self(self.0 * s.0) } }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)?;
                f.write_str($suffix)
            }
        }
    )+};
}

unit! {
    /// Mass (or vehicles, for lines whose product is counted in vehicles).
    Tonnes, " t";
    /// A flow per day.
    TonnesPerDay, " t/d";
    /// A duration.
    Days, " d";
}

/// A dimensionless share in [0, 1].
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default)]
pub struct Share(pub f64);

impl Mul<Days> for TonnesPerDay {
    type Output = Tonnes;
    fn mul(self, days: Days) -> Tonnes {
        Tonnes(self.0 * days.0)
    }
}
impl Div<TonnesPerDay> for Tonnes {
    type Output = Days;
    fn div(self, flow: TonnesPerDay) -> Days {
        Days(self.0 / flow.0)
    }
}
impl Div<Days> for Tonnes {
    type Output = TonnesPerDay;
    fn div(self, days: Days) -> TonnesPerDay {
        TonnesPerDay(self.0 / days.0)
    }
}
