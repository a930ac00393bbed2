//! What the executables do, seen from outside. Most tests are data: a folder or a playbook is a test.
//!
//! - `cases/<stage>/<slug>/`: a command line and what it prints (see `pipeline.rs`);
//! - `pipes.rs`: examples piped, wrapped and embedded;
//! - `embedding.rs`: executables with a plan inside: their command line, damage, other platforms;
//! - `pipehosts.rs`: the pipeline on real hosts; root on Debian;
//! - `playbooks/*.yml`: the same output, exit status and files as ansible-playbook (`playbooks.rs`);
//! - `onhosts/*.yml`: the same on real hosts, their file systems compared (`onhosts.rs`); root on Debian;
//! - `failures.rs`: what goes wrong with hosts; root on Debian;
//! - `deployments.rs`: runners brought to hosts and taken back; root on Debian;
//! - `fallback.rs`: hosts that can run no runner; root on Debian;
//! - `choosing.rs`: whether a runner is built for a host that lacks one; root on Debian;
//! - `foreign.rs`: hosts of other platforms, one without glibc; root on Debian;
//! - `tidy.rs`: what the source must not have.
//!
//! `UPDATE=1` rewrites what cases expect; `RECORD=1` asks the oracle (`scripts/oracle`) for the recorded runs again.
//! A test in `gaps.txt` is expected to fail, and complains when it does not. What cannot run here counts as ignored.

mod choosing;
mod embedding;
mod failures;
mod deployments;
mod fallback;
mod foreign;
mod gaps;
mod hosts;
mod onhosts;
mod oracle;
mod pipehosts;
mod pipeline;
mod pipes;
mod playbooks;
mod support;
mod tidy;

use libtest_mimic::{Arguments, Conclusion};

fn main() {
    let args = Arguments::from_args();
    let mut trials = Vec::new();
    trials.extend(pipeline::trials());
    trials.extend(pipes::trials());
    trials.extend(embedding::trials());
    trials.extend(pipehosts::trials());
    trials.extend(playbooks::trials());
    trials.extend(onhosts::trials());
    trials.extend(failures::trials());
    trials.extend(deployments::trials());
    trials.extend(fallback::trials());
    trials.extend(choosing::trials());
    trials.extend(foreign::trials());
    trials.extend(tidy::trials());
    if !args.list {
        support::build();
    }
    let done: Conclusion = libtest_mimic::run(&args, trials);
    hosts::down();
    done.exit()
}
