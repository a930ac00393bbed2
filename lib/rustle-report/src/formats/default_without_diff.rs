//! `default` without what `--diff` shows of changes: the community's `default_without_diff` callback.

use super::Format;
use crate::Report;
use crate::options::Options;
use std::io::Write;

pub(super) static FORMAT: Format = Format {
    name: "default_without_diff",
    collection: "community.general",
    about: "As default, but --diff shows nothing",
    for_programs: false,
    create,
};

fn create<'w>(options: Options, out: Box<dyn Write + 'w>, err: Box<dyn Write + 'w>) -> Box<dyn Report + 'w> {
    (super::default::FORMAT.create)(Options { diffs: false, ..options }, out, err)
}
