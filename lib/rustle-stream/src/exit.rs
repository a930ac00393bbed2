//! Exit codes, as a written contract: Ansible's for `rustle-deploy`, `sysexits.h` for the filters.

/// Everything went well.
pub const OK: u8 = 0;
/// `ansible-playbook`: an error before or outside of any host.
pub const ERROR: u8 = 1;
/// `ansible-playbook`: at least one host failed.
pub const HOST_FAILED: u8 = 2;
/// `ansible-playbook`: at least one host could not be reached.
pub const HOST_UNREACHABLE: u8 = 4;
/// `ansible-playbook`: syntax or other parser error.
pub const PARSER_ERROR: u8 = 4;
/// `ansible-playbook`: bad options.
pub const BAD_OPTIONS: u8 = 5;
/// `ansible-playbook`: interrupted by the user.
pub const INTERRUPTED: u8 = 99;
/// `ansible-playbook`: an unexpected exception.
pub const UNEXPECTED: u8 = 250;
/// A filter's command line was wrong (`EX_USAGE`).
pub const USAGE: u8 = 64;
/// A filter's input was wrong (`EX_DATAERR`).
pub const DATA: u8 = 65;
/// An input file is missing or unreadable (`EX_NOINPUT`).
pub const NO_INPUT: u8 = 66;
/// A host's name is unknown (`EX_NOHOST`).
pub const NO_HOST: u8 = 68;
/// A service (compiler, host, cache) is not available (`EX_UNAVAILABLE`).
pub const UNAVAILABLE: u8 = 69;
/// An internal error (`EX_SOFTWARE`).
pub const SOFTWARE: u8 = 70;
/// Operating system error (`EX_OSERR`).
pub const OS: u8 = 71;
/// Output can't be written (`EX_CANTCREAT`).
pub const CANT_CREATE: u8 = 73;
/// Input or output error (`EX_IOERR`).
pub const IO: u8 = 74;
/// Temporary failure; trying again may help (`EX_TEMPFAIL`).
pub const TEMPORARY: u8 = 75;
/// The other side speaks another protocol version (`EX_PROTOCOL`).
pub const PROTOCOL: u8 = 76;
/// Permission denied (`EX_NOPERM`).
pub const NO_PERMISSION: u8 = 77;
/// A configuration file is wrong (`EX_CONFIG`).
pub const CONFIG: u8 = 78;
/// The reader of a read-only filter's output went away (128 + SIGPIPE, as if the signal had ended it).
pub const BROKEN_PIPE: u8 = 141;
