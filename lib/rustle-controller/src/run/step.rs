//! `--step`: before each task a person says whether it is to run.
//!
//! One question at a time; for all hosts that stand before the task, or, where hosts do not wait for each other, for one.

use super::Run;
use super::batch::Batch;
use crate::shared::Note;
use rustle_stream::event::RunEvent;
use rustle_stream::exit;
use rustle_stream::protocol::{Position, Reply};
use std::collections::{HashMap, VecDeque};

/// Which task a question is about, and on which host, where it is not for all.
pub(super) type Place = (Position, Option<String>);

struct Question {
    place: Place,
    text: String,
    /// Hosts that wait for the answer, with the numbers of their calls.
    hosts: Vec<(String, u64)>,
}

/// What was asked in a batch, and what is to be.
#[derive(Default)]
pub(super) struct Steps {
    /// The first one is being asked.
    questions: VecDeque<Question>,
    answers: HashMap<Place, bool>,
    /// The rest runs without questions.
    over: bool,
}

impl Run<'_> {
    /// A host is about to begin a task.
    pub(super) fn step(&mut self, batch: &mut Batch, place: Place, host: &str, id: u64, task: &str) {
        if batch.steps.over {
            return self.reply(host, id, Reply::Go);
        }
        if let Some(yes) = batch.steps.answers.get(&place) {
            return self.reply(host, id, if *yes { Reply::Go } else { Reply::Pass });
        }
        if let Some(question) = batch.steps.questions.iter_mut().find(|q| q.place == place) {
            return question.hosts.push((host.to_owned(), id));
        }
        let on = place.1.as_ref().map_or_else(String::new, |host| format!("on {host} "));
        let text = format!("Perform task: {task} {on}(N)o/(y)es/(c)ontinue: ");
        batch.steps.questions.push_back(Question { place, text, hosts: vec![(host.to_owned(), id)] });
        if batch.steps.questions.len() == 1 {
            self.ask_first(batch);
        }
    }
    /// In a thread of its own: an interrupt is heard meanwhile.
    fn ask_first(&mut self, batch: &Batch) {
        let Some(question) = batch.steps.questions.front() else { return };
        let (shared, text) = (self.shared.clone(), question.text.clone());
        (self.emit)(RunEvent::Asked { text: text.clone(), answered: false });
        std::thread::spawn(move || {
            let answer = (shared.ask_line)(&text);
            shared.note(Note::Stepped { answer });
        });
    }
    /// The first question was answered.
    pub(super) fn stepped(&mut self, batch: &mut Batch, answer: Option<String>) {
        let Some(answer) = answer else {
            return self.abort(batch, "Unexpected Exception, this is probably a bug: EOF when reading a line".into(), exit::UNEXPECTED);
        };
        let Some(question) = batch.steps.questions.pop_front() else { return };
        let answer = answer.to_lowercase();
        batch.steps.over = matches!(answer.as_str(), "c" | "continue");
        let yes = batch.steps.over || matches!(answer.as_str(), "y" | "yes");
        (self.emit)(RunEvent::Asked { text: question.text, answered: true });
        for (host, id) in question.hosts {
            self.reply(&host, id, if yes { Reply::Go } else { Reply::Pass });
        }
        batch.steps.answers.insert(question.place, yes);
        if batch.steps.over {
            for (host, id) in batch.steps.questions.drain(..).flat_map(|q| q.hosts) {
                self.reply(&host, id, Reply::Go);
            }
        }
        self.ask_first(batch);
    }
}
