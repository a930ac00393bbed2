//! `timer`: how long the run took.

use super::{Callback, Given, Watcher};
use crate::screen::Screen;
use rustle_stream::event::RunEvent;
use std::time::Duration;

pub(super) static CALLBACK: Callback = Callback { name: "timer", collection: "ansible.posix", settings: &[], create };

fn create(_: &Given, now: Duration) -> Box<dyn Watcher> {
    Box::new(Timer { began: now })
}

struct Timer {
    began: Duration,
}

impl Watcher for Timer {
    fn event(&mut self, event: &RunEvent, now: Duration, screen: &mut Screen<'_>) {
        if !matches!(event, RunEvent::Stats { .. }) {
            return;
        }
        let s = now.saturating_sub(self.began).as_secs();
        screen.banner("PLAYBOOK RECAP");
        screen.line(&format!(
            "Playbook run took {} days, {} hours, {} minutes, {} seconds",
            s / 86_400,
            s / 3600 % 24,
            s / 60 % 60,
            s % 60
        ));
        // Ansible's has it, too.
        screen.line("\r");
    }
}
