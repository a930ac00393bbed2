//! `profile_tasks`: below each task's banner when it begins, and at the end how long the tasks took.

use super::{Callback, Given, Setting, Watcher};
use crate::pace::{COLUMNS, Pace, Spent, entry, rule};
use crate::screen::Screen;
use rustle_stream::event::RunEvent;
use rustle_stream::model::{PlayId, TaskId};
use rustle_stream::protocol::Position;
use std::time::Duration;

const SECTION: &str = "callback_profile_tasks";

pub(super) static CALLBACK: Callback = Callback {
    name: "profile_tasks",
    collection: "ansible.posix",
    settings: &[
        Setting {
            key: "datetime_format",
            env: "PROFILE_TASKS_DATETIME_FORMAT",
            section: SECTION,
            ini: "datetime_format",
            default: "%A %d %B %Y  %H:%M:%S %z",
            check: super::any,
        },
        Setting { key: "output_limit", env: "PROFILE_TASKS_TASK_OUTPUT_LIMIT", section: SECTION, ini: "task_output_limit", default: "20", check: limit_fits },
        Setting { key: "sort_order", env: "PROFILE_TASKS_SORT_ORDER", section: SECTION, ini: "sort_order", default: "descending", check: order_fits },
        Setting { key: "summary_only", env: "PROFILE_TASKS_SUMMARY_ONLY", section: SECTION, ini: "summary_only", default: "false", check: super::any },
    ],
    create,
};

fn order_fits(text: &str) -> Result<(), String> {
    let orders = ["descending", "ascending", "none"];
    if orders.contains(&text) { Ok(()) } else { Err(format!("Valid values are: {}", orders.join(", "))) }
}

fn limit_fits(text: &str) -> Result<(), String> {
    if limit(text).is_some() { Ok(()) } else { Err("It is a number, or 'all'".into()) }
}

/// How many tasks are listed. A negative number leaves out that many at the end, as a slice of Python's does.
fn limit(text: &str) -> Option<i64> {
    if text == "all" { Some(i64::MAX) } else { text.trim().parse().ok() }
}

fn create(given: &Given, now: Duration) -> Box<dyn Watcher> {
    let format = match given.text("datetime_format") {
        "iso8601" => "%Y-%m-%dT%H:%M:%S.%f",
        other => other,
    };
    Box::new(ProfileTasks {
        pace: Pace::new(now),
        spent: Spent::new(),
        batch: 0,
        format: format.to_owned(),
        limit: limit(given.text("output_limit")).unwrap_or(20),
        order: given.text("sort_order").to_owned(),
        summary_only: given.flag("summary_only"),
    })
}

/// A task is one in all batches of its play; what is included is new each time.
type Key = (PlayId, TaskId, Position, Option<u32>);

struct ProfileTasks {
    pace: Pace,
    spent: Spent<Key>,
    batch: u32,
    format: String,
    limit: i64,
    order: String,
    summary_only: bool,
}

impl Watcher for ProfileTasks {
    fn event(&mut self, event: &RunEvent, now: Duration, screen: &mut Screen<'_>) {
        match event {
            RunEvent::PlayStart { .. } => self.batch += 1,
            RunEvent::TaskStart { play, header } => {
                let name = if header.name.trim().is_empty() { &header.action } else { header.name.trim() };
                let included = header.position.len() > 1;
                self.spent.begin((*play, header.task, header.position.clone(), included.then_some(self.batch)), name, now);
                if !self.summary_only {
                    screen.line(&self.pace.line(now, &self.format));
                }
            }
            RunEvent::Stats { .. } => {
                self.spent.end(now);
                self.recap(now, screen);
            }
            _ => {}
        }
    }
}

impl ProfileTasks {
    fn recap(&mut self, now: Duration, screen: &mut Screen<'_>) {
        screen.banner("TASKS RECAP");
        screen.line(&self.pace.line(now, &self.format));
        screen.line(&rule("", '='));
        let mut list = self.spent.list();
        match self.order.as_str() {
            "none" => {}
            "ascending" => list.sort_by_key(|(_, spent)| *spent),
            _ => list.sort_by_key(|(_, spent)| std::cmp::Reverse(*spent)),
        }
        let all = list.len();
        let shown = usize::try_from(self.limit).unwrap_or_else(|_| all.saturating_sub(self.limit.unsigned_abs() as usize));
        let columns = screen.options.terminal_width.map_or(COLUMNS, |w| w.saturating_sub(1).max(COLUMNS));
        for (name, spent) in list.into_iter().take(shown) {
            screen.line(&entry(name, spent, columns));
        }
    }
}
