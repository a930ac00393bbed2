//! `default` with results as YAML: what the community's `yaml` callback did while it was there.

use super::Format;
use crate::Report;
use crate::options::Options;
use std::io::Write;

pub(super) static FORMAT: Format = Format {
    name: "yaml",
    collection: "community.general",
    about: "As default, with results as YAML",
    for_programs: false,
    create,
};

fn create<'w>(options: Options, out: Box<dyn Write + 'w>, err: Box<dyn Write + 'w>) -> Box<dyn Report + 'w> {
    (super::default::FORMAT.create)(Options { yaml: true, ..options }, out, err)
}
