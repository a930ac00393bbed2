//! Modules on a host that can run no runner: the engine stands on the controller, and what it asks of the host is done
//! over the host's connection, one request at a time.
//!
//! - [`Remote`]: one such host; [`Remote::module`] answers one request;
//! - `forms`: modules that are done in a way of their own (a file each): `raw` and `script` with the host's shell
//!   alone; `copy`, `assemble` and `unarchive`, whose contents come from the controller;
//! - `python`: every other module is a program, mostly for the host's Python, made by whoever implements [`Programs`];
//! - `shell`, `elevate`: commands, also as another user; `place`: a folder for temporary files, which the host itself
//!   removes when the connection ends, however that happens;
//! - `background`: `async`.
//!
//! Limits: knows no playbooks and decides nothing; needs a POSIX shell on the host. Passwords are answers to prompts,
//! never part of a command line.

mod background;
mod elevate;
mod forms;
mod place;
mod python;
mod remote;
mod shell;
mod trouble;

pub use python::{NoProgram, Programs};
pub use remote::{Lost, Remote};
