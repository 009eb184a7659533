//! Typed indices and short codes: a facility's number can never be taken for a route's.

use std::fmt;

macro_rules! index_type {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// From a position in the array the id indexes.
            ///
            /// # Panics
            /// Never for networks that passed validation: they hold fewer than 2³² entries.
            #[must_use]
            pub fn new(position: usize) -> Self {
                Self(u32::try_from(position).expect("validated networks hold fewer than 2^32 entries"))
            }

            /// The position in the array the id indexes.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

index_type! {
    /// A facility (a node of the data: one company in one region).
    FacilityId,
    /// A production line of a facility: one product.
    LineId,
    /// A route from a line to a line that carries one material.
    RouteId,
    /// A material.
    MaterialId,
    /// A set of lines that share one capacity.
    PoolId,
    /// A technical coefficient (one row of `materials.csv`), drawn once per replication.
    CoefficientId,
}

/// A short upper-case code: a country (ISO 3166-1 alpha-3, with `XRW` rest of the world and `XEU`
/// several European countries) or a region (`CHN`, `NAM`, `EUR`, `JPN`, `KOR`, `IND`, `ASN`, `ROW`…).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place([u8; 3]);

impl Place {
    /// China, the exporter whose licences the shipped scenarios are about.
    pub const CHN: Self = Self(*b"CHN");

    /// Reads a code of exactly three upper-case ASCII letters; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The 27 member states of the European Union, with `XEU` (several European countries) counted in,
/// as export destinations are counted.
#[must_use]
pub fn in_european_union(country: Place) -> bool {
    const MEMBERS: &[&str] = &[
        "AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN",
        "IRL", "ITA", "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE", "XEU",
    ];
    MEMBERS.contains(&country.as_str())
}
