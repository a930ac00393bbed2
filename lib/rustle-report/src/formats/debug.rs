//! Ansible's `debug` format: as `default`, with what programs printed below each result, as they printed it.

use super::Format;
use crate::Report;
use crate::options::Options;
use std::io::Write;

pub(super) static FORMAT: Format = Format {
    name: "debug",
    collection: "ansible.posix",
    about: "As default, with output and messages as text below the results",
    for_programs: false,
    create,
};

fn create<'w>(options: Options, out: Box<dyn Write + 'w>, err: Box<dyn Write + 'w>) -> Box<dyn Report + 'w> {
    // It knows nothing of `callback_result_format` and its like.
    let options = Options { yaml: false, indent: 4, apart: true, ..options };
    (super::default::FORMAT.create)(options, out, err)
}
