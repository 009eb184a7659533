//! A facility: one company's activity at one stage in one region, as a row of `nodes.csv`.

use super::line::{Band, EndUse, Stage};
use crate::diagnostic::Span;
use crate::id::Place;
use jiff::civil::Date;

/// The year the base data describe.
pub const BASE_YEAR: i16 = 2024;

/// How sure the source of a row is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Confidence {
    /// Stated by the source itself.
    High,
    /// Stated second-hand or by one company.
    Medium,
    /// A weak source.
    Low,
    /// Derived; the note says how.
    Estimate,
}

impl Confidence {
    /// All degrees.
    pub const ALL: [Self; 4] = [Self::High, Self::Medium, Self::Low, Self::Estimate];

    /// As the data files spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Estimate => "estimate",
        }
    }
}

/// Where a row comes from. Everything is empty in networks that do not say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Provenance {
    /// Address of the source, or for estimates of the anchor the estimate starts from.
    pub source_url: String,
    /// Who published it.
    pub publisher: String,
    /// When: a year, month or day.
    pub source_date: String,
    /// How sure it is.
    pub confidence: Option<Confidence>,
    /// How the number was derived.
    pub note: String,
}

/// What capacity and output are counted in, per year.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unit {
    /// `t REO/yr`: tonnes of rare-earth oxide in concentrate.
    Ore,
    /// `t NdPr oxide/yr`.
    NdPrOxide,
    /// `t DyTb oxide/yr`.
    DyTbOxide,
    /// `t RE metal/yr`.
    Metal,
    /// `t magnet/yr`: finished magnets.
    Magnet,
    /// `t magnet embedded/yr`.
    Embedded,
    /// `vehicles/yr`.
    Vehicles,
    /// Any other, for facilities with a recipe of their own.
    Own(String),
}

impl Unit {
    /// The units a stage may use.
    #[must_use]
    pub fn of_stage(stage: Stage) -> &'static [(&'static str, Self)] {
        const ORE: &[(&str, Unit)] = &[("t REO/yr", Unit::Ore)];
        const OXIDE: &[(&str, Unit)] =
            &[("t NdPr oxide/yr", Unit::NdPrOxide), ("t DyTb oxide/yr", Unit::DyTbOxide)];
        const METAL: &[(&str, Unit)] = &[("t RE metal/yr", Unit::Metal)];
        const MAGNET: &[(&str, Unit)] = &[("t magnet/yr", Unit::Magnet)];
        const PART: &[(&str, Unit)] = &[("t magnet embedded/yr", Unit::Embedded)];
        const VEHICLE: &[(&str, Unit)] = &[("vehicles/yr", Unit::Vehicles)];
        const USER: &[(&str, Unit)] = &[("t magnet/yr", Unit::Magnet), ("t NdPr oxide/yr", Unit::NdPrOxide)];
        match stage {
            Stage::Mine => ORE,
            Stage::Separation => OXIDE,
            Stage::Metal => METAL,
            Stage::Magnet => MAGNET,
            Stage::Component => PART,
            Stage::Automaker => VEHICLE,
            Stage::OtherDemand => USER,
        }
    }

    /// As the data files spell it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ore => "t REO/yr",
            Self::NdPrOxide => "t NdPr oxide/yr",
            Self::DyTbOxide => "t DyTb oxide/yr",
            Self::Metal => "t RE metal/yr",
            Self::Magnet => "t magnet/yr",
            Self::Embedded => "t magnet embedded/yr",
            Self::Vehicles => "vehicles/yr",
            Self::Own(text) => text,
        }
    }
}

/// What an automaker builds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Vehicle {
    /// Cars and vans.
    #[default]
    Car,
    /// Electric two-wheelers, with much less magnet each.
    TwoWheeler,
}

/// Shares of vehicles by drive.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Powertrain {
    /// Battery-electric.
    pub bev: f64,
    /// Plug-in hybrid.
    pub phev: f64,
    /// Full hybrid.
    pub hev: f64,
    /// Combustion only.
    pub ice: f64,
    /// Share of battery-electric drives with permanent magnets; `None` means the world's share.
    pub permanent_magnet: Option<f64>,
}

impl Powertrain {
    /// Share of vehicles with a traction motor.
    #[must_use]
    pub fn electrified(self) -> f64 {
        self.bev + self.phev + self.hev
    }
}

/// One row of `nodes.csv`.
#[derive(Clone, PartialEq, Debug)]
pub struct Facility {
    /// Kebab-case id, unique.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Stage of the chain.
    pub stage: Stage,
    /// Company or companies.
    pub company: String,
    /// Country of the plant or the main plants, ISO 3166-1 alpha-3, `XRW` or `XEU`.
    pub country: Place,
    /// Region.
    pub region: Place,
    /// Capacity in `unit`.
    pub capacity: Band,
    /// Unit of capacity and output.
    pub unit: Unit,
    /// Output ÷ capacity; 1 means that spare capacity is not known.
    pub utilisation: f64,
    /// Output of the base year in `unit` (`output_2024`).
    pub recorded_output: f64,
    /// Days of input held.
    pub inventory_days: Band,
    /// Year the plant starts.
    pub start_year: Option<i16>,
    /// Date it starts, where one is known.
    pub start_date: Option<Date>,
    /// Why that date.
    pub start_date_basis: String,
    /// Vehicles by drive, for automakers.
    pub powertrain: Option<Powertrain>,
    /// Magnets used or made in the base year, tonnes.
    pub magnet_tonnes: Option<f64>,
    /// Share of the magnet mass that contains Dy or Tb.
    pub heavy_share: Option<f64>,
    /// What the output is used for.
    pub end_use: EndUse,
    /// Kind of vehicle, for automakers.
    pub vehicle: Vehicle,
    /// Where the row comes from.
    pub provenance: Provenance,
    /// Where the row stands, for messages.
    pub(super) place: Option<Span>,
    /// Whether stage, unit and routes could be read; rules pass over the others.
    pub(super) sound: bool,
}

impl Facility {
    /// The date a plant that starts after the base year opens; `None` for plants at work.
    #[must_use]
    pub fn opens(&self) -> Option<Date> {
        if self.recorded_output > 0.0 {
            return None;
        }
        let later = self.start_year.filter(|year| *year > BASE_YEAR);
        self.start_date.or_else(|| later.and_then(|year| Date::new(year, 7, 1).ok()))
    }
}

/// Days since 1970-01-01 of a civil date.
#[must_use]
pub fn day_number(date: Date) -> i32 {
    // Rata Die is not offered by jiff; the span in days between two civil dates is exact.
    date.since((jiff::Unit::Day, Date::constant(1970, 1, 1))).map_or(0, |span| span.get_days())
}
