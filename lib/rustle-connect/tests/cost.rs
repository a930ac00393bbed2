//! What a connection and a command cost this machine, per transport. Not a check: run with `--ignored --nocapture`.

mod support;

use rustle_connect::connect;
use rustle_value::dict;
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use support::start;

/// Processor time of this process and of its ended children.
fn used() -> Duration {
    let mut sum = Duration::ZERO;
    for who in [libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN] {
        // SAFETY: getrusage fills the zeroed struct.
        let usage = unsafe {
            let mut u: libc::rusage = std::mem::zeroed();
            libc::getrusage(who, &mut u);
            u
        };
        for t in [usage.ru_utime, usage.ru_stime] {
            sum += Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
        }
    }
    sum
}

#[test]
#[ignore = "a measurement"]
fn cost_of_a_connection() {
    let Some(server) = start("") else { return };
    const N: u32 = 20;
    for kind in ["openssh", "ssh2", "ssh"] {
        let spec = server.spec(kind, &dict! {});
        let (cpu, wall) = (used(), Instant::now());
        for _ in 0..N {
            let mut connection = connect(&spec).unwrap();
            let mut channel = connection.exec("true").unwrap();
            channel.stdout.read_to_end(&mut Vec::new()).unwrap();
            channel.wait().unwrap();
        }
        let (cpu, wall) = ((used() - cpu) / N, wall.elapsed() / N);
        _ = writeln!(std::io::stderr(), "{kind}: {cpu:.1?} of processor time, {wall:.1?} a connection");
    }
}
