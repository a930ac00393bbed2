//! `profile_roles`: how long each role took, and outside of roles each action.

use super::{Callback, Given, Setting, Watcher};
use crate::pace::{COLUMNS, Pace, Spent, entry, rule};
use crate::screen::Screen;
use rustle_stream::event::RunEvent;
use std::time::Duration;

pub(super) static CALLBACK: Callback = Callback {
    name: "profile_roles",
    collection: "ansible.posix",
    settings: &[Setting {
        key: "summary_only",
        env: "PROFILE_ROLES_SUMMARY_ONLY",
        section: "callback_profile_roles",
        ini: "summary_only",
        default: "false",
        check: super::any,
    }],
    create,
};

const FORMAT: &str = "%A %d %B %Y  %H:%M:%S %z";

fn create(given: &Given, now: Duration) -> Box<dyn Watcher> {
    Box::new(ProfileRoles { pace: Pace::new(now), spent: Spent::new(), summary_only: given.flag("summary_only") })
}

struct ProfileRoles {
    pace: Pace,
    spent: Spent<String>,
    summary_only: bool,
}

impl Watcher for ProfileRoles {
    fn event(&mut self, event: &RunEvent, now: Duration, screen: &mut Screen<'_>) {
        match event {
            RunEvent::TaskStart { header, .. } => {
                let action = if header.written.is_empty() { &header.action } else { &header.written };
                let name = header.role.as_ref().unwrap_or(action);
                self.spent.begin(name.clone(), name, now);
                if !self.summary_only {
                    screen.line(&self.pace.line(now, FORMAT));
                }
            }
            RunEvent::Stats { .. } => {
                self.spent.end(now);
                screen.banner("ROLES RECAP");
                screen.line(&self.pace.line(now, FORMAT));
                screen.line(&rule("", '='));
                let mut list = self.spent.list();
                list.sort_by_key(|(_, spent)| std::cmp::Reverse(*spent));
                for (name, spent) in &list {
                    screen.line(&entry(name, *spent, COLUMNS));
                }
                screen.line(&rule("", '~'));
                screen.line(&entry("total", list.iter().map(|(_, spent)| *spent).sum(), COLUMNS));
            }
            _ => {}
        }
    }
}
