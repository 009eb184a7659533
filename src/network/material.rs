//! The materials of the chain from mine to vehicle, and technical coefficients (`materials.csv`).

use super::facility::Provenance;
use super::line::{Band, Criticality, Stage};

/// Concentrate of light rare earths.
pub const LIGHT_ORE: &str = "light REO concentrate";
/// Concentrate of ionic clays, rich in heavy rare earths.
pub const IONIC_ORE: &str = "ionic REO concentrate";
/// Neodymium and praseodymium oxide.
pub const NDPR_OXIDE: &str = "NdPr oxide";
/// Dysprosium and terbium oxide.
pub const DYTB_OXIDE: &str = "DyTb oxide";
/// Neodymium and praseodymium metal.
pub const NDPR_METAL: &str = "NdPr metal";
/// Dysprosium and terbium metal and ferro-alloy.
pub const DYTB_METAL: &str = "DyTb metal";
/// Sintered magnets with dysprosium or terbium.
pub const HEAVY_MAGNET: &str = "NdFeB magnet (heavy RE)";
/// Sintered magnets without.
pub const LIGHT_MAGNET: &str = "NdFeB magnet (no heavy RE)";
/// Traction motors, in tonnes of the magnets inside.
pub const TRACTION: &str = "traction motor";
/// Auxiliary motors and sensors, in tonnes of the magnets inside.
pub const AUXILIARY: &str = "auxiliary motors and sensors";

/// A material every network knows.
pub(super) struct BuiltIn {
    /// Name as in the data.
    pub name: &'static str,
    /// Short form in line ids.
    pub slug: &'static str,
    /// Stage that makes it.
    pub maker: Stage,
    /// Stages that use it.
    pub users: &'static [Stage],
    /// Falls under the control of heavy rare earths of April 2025.
    pub heavy: bool,
}

/// Materials of the chain, from mine to user.
pub(super) const BUILT_IN: [BuiltIn; 10] = [
    BuiltIn {
        name: LIGHT_ORE,
        slug: "light-ore",
        maker: Stage::Mine,
        users: &[Stage::Separation],
        heavy: false,
    },
    BuiltIn {
        name: IONIC_ORE,
        slug: "ionic-ore",
        maker: Stage::Mine,
        users: &[Stage::Separation],
        heavy: false,
    },
    BuiltIn {
        name: NDPR_OXIDE,
        slug: "ndpr-oxide",
        maker: Stage::Separation,
        users: &[Stage::Metal, Stage::OtherDemand],
        heavy: false,
    },
    BuiltIn {
        name: DYTB_OXIDE,
        slug: "dytb-oxide",
        maker: Stage::Separation,
        users: &[Stage::Metal, Stage::OtherDemand],
        heavy: true,
    },
    BuiltIn {
        name: NDPR_METAL,
        slug: "ndpr-metal",
        maker: Stage::Metal,
        users: &[Stage::Magnet],
        heavy: false,
    },
    BuiltIn {
        name: DYTB_METAL,
        slug: "dytb-metal",
        maker: Stage::Metal,
        users: &[Stage::Magnet],
        heavy: true,
    },
    BuiltIn {
        name: HEAVY_MAGNET,
        slug: "heavy",
        maker: Stage::Magnet,
        users: &[Stage::Component, Stage::OtherDemand],
        heavy: true,
    },
    BuiltIn {
        name: LIGHT_MAGNET,
        slug: "light",
        maker: Stage::Magnet,
        users: &[Stage::Component, Stage::OtherDemand],
        heavy: false,
    },
    BuiltIn {
        name: TRACTION,
        slug: "traction",
        maker: Stage::Component,
        users: &[Stage::Automaker],
        heavy: false,
    },
    BuiltIn {
        name: AUXILIARY,
        slug: "auxiliary",
        maker: Stage::Component,
        users: &[Stage::Automaker],
        heavy: false,
    },
];

/// The built-in material of a name.
pub(super) fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|material| material.name == name)
}

/// One row of `materials.csv`: a technical coefficient, a price or a delay.
#[derive(Clone, PartialEq, Debug)]
pub struct CoefficientRow {
    /// Id, unique; rows of one mine are written `ndpr-per-reo:MINE`.
    pub id: String,
    /// Stage it belongs to.
    pub stage: String,
    /// What it says.
    pub parameter: String,
    /// Material put in.
    pub input: String,
    /// Material that comes out.
    pub output: String,
    /// Value in `unit`.
    pub value: Band,
    /// Unit.
    pub unit: String,
    /// Where the row comes from.
    pub provenance: Provenance,
    /// Where the row stands, for messages.
    pub(super) place: Option<crate::diagnostic::Span>,
}

/// A line of `recipes.csv`: what one product of one facility needs.
#[derive(Clone, PartialEq, Debug)]
pub struct Recipe {
    /// Facility id.
    pub facility: String,
    /// Product it makes.
    pub product: String,
    /// Input it needs, and how much per unit of product; `None` for products made from nothing bought.
    pub input: Option<(String, Band)>,
    /// How much the product needs it.
    pub criticality: Criticality,
    /// Where the row stands, for messages.
    pub(super) place: Option<crate::diagnostic::Span>,
}

/// The short form of a material in line ids: lower-case letters and digits with single hyphens.
pub(super) fn slug(name: &str) -> String {
    if let Some(known) = built_in(name) {
        return known.slug.to_owned();
    }
    let mut slug = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Whether a material is a concentrate.
pub(super) fn is_ore(name: &str) -> bool {
    name == LIGHT_ORE || name == IONIC_ORE
}
