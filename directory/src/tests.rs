//! The register against a model.
