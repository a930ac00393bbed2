//! Helpers shared by filters and methods.

pub(crate) mod datetime;
pub(crate) mod encoding;
pub(crate) mod hash;
pub(crate) mod json;
pub(crate) mod crypt;
pub(crate) mod random;
pub(crate) mod regex;
pub(crate) mod sort;
pub(crate) mod text;
