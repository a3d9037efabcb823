//! The mapping to FHIR: what is refused, what comes back the same, and the published examples.

mod pcf;
mod profiles;
mod register;
mod rejections;
mod round_trip;
