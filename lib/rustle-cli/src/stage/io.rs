//! A stage's input and output: lines in, validated; lines out, byte for byte or as new records.
//!
//! Output is *held* until the stage returns without an error, so that nothing half-processed goes out. A stage that
//! talks while it works (events of a run) calls [`StageIo::live`] once its input is known to be good.

use super::StageError;
use super::sealed::{Opener, Prompt};
use rustle_stream::exit;
use rustle_stream::record::{Diagnostic, Record, Stream};
use rustle_stream::schema::read_line;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;

/// How errors and warnings are written to stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `program: error: …`, then hints.
    #[default]
    Human,
    /// `diagnostic` records.
    Json,
}

/// One line of input.
#[derive(Clone, Debug)]
pub struct Line {
    /// From 1, over all input files.
    pub number: u64,
    /// As it came, without the newline.
    pub raw: String,
    /// `None` where this build does not know the type: pass it on.
    pub record: Option<Record>,
}

/// The input as a whole: complete and valid.
#[derive(Clone, Debug, Default)]
pub struct Input {
    pub lines: Vec<Line>,
}

impl Input {
    /// Every record that this build knows, in order.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.lines.iter().filter_map(|l| l.record.as_ref())
    }
    /// Whether a record of this type is there.
    pub fn has(&self, tag: &str) -> bool {
        self.records().any(|r| r.tag() == tag)
    }
    /// The run's identifier, from the `stream` record.
    pub fn run(&self) -> &str {
        self.records().find_map(|r| if let Record::Stream(s) = r { Some(s.run.as_str()) } else { None }).unwrap_or("")
    }
}

enum Source {
    Stdin(Box<dyn Read>),
    Files(Vec<PathBuf>),
    Empty,
}

/// Everything that a stage may touch of its process.
pub struct StageIo {
    program: String,
    source: Source,
    terminal: bool,
    out: BufWriter<Box<dyn Write>>,
    held: Option<Vec<u8>>,
    err: Box<dyn Write>,
    log: LogFormat,
    opener: Opener,
    /// Whether a line stands on stderr that the next one replaces.
    moved: bool,
}

impl StageIo {
    /// A stage's streams. `terminal` tells that the input is a person's keyboard, on which nobody types records.
    pub fn new(program: &str, input: Box<dyn Read>, terminal: bool, out: Box<dyn Write>, err: Box<dyn Write>) -> Self {
        StageIo {
            program: program.into(),
            source: Source::Stdin(input),
            terminal,
            out: BufWriter::with_capacity(64 * 1024, out),
            held: Some(Vec::new()),
            err,
            log: LogFormat::Human,
            opener: Opener::default(),
            moved: false,
        }
    }
    /// Which records are opened where they are sealed, and with which vault passwords (`--vault-id`) besides those that
    /// the stream names.
    pub fn open_sealed(&mut self, reads: &[&'static str], ids: Vec<String>, prompt: Option<Prompt>) {
        self.opener = Opener { reads: reads.to_vec(), ids, prompt };
    }
    /// The vault passwords that the stage was given itself.
    pub fn vault_ids(&self) -> &[String] {
        &self.opener.ids
    }
    /// The program's name, as messages show it.
    pub fn program(&self) -> &str {
        &self.program
    }
    pub fn log_format(&self) -> LogFormat {
        self.log
    }
    pub(crate) fn set_log_format(&mut self, log: LogFormat) {
        self.log = log;
    }
    /// Reads these files instead of stdin (`-` is stdin).
    pub(crate) fn read_from(&mut self, files: Vec<PathBuf>) {
        if !files.is_empty() && files != [PathBuf::from("-")] {
            self.terminal = false;
            self.source = Source::Files(files);
        }
    }
    /// Whether input would have to be typed by a person: stdin is a terminal and no file was given.
    pub fn no_input(&self) -> bool {
        self.terminal
    }

    /// Reads and validates the whole input. Empty input is an error.
    ///
    /// # Errors
    /// 64 where stdin is a terminal; 65 with line number, JSON pointer and what was expected for a line that is not a
    /// record, a stream without its first `stream` record, another format version, or a last line that was cut off;
    /// 66 for a file that is not there.
    pub fn read_all(&mut self) -> Result<Input, StageError> {
        if self.terminal {
            return Err(StageError::usage("no input: stdin is a terminal and no file is given")
                .hint(format!("pipe records into it, as in: rustle-parse site.yml | {}", self.program))
                .hint(format!("see {} --help", self.program)));
        }
        let mut input = Input::default();
        match std::mem::replace(&mut self.source, Source::Empty) {
            Source::Empty => return Err(StageError::internal("the input was read twice")),
            Source::Stdin(r) => read_stream(r, "stdin", &mut input)?,
            Source::Files(files) => {
                for path in files {
                    let name = path.display().to_string();
                    let file = std::fs::File::open(&path)
                        .map_err(|e| { let e = StageError::from(e); StageError { message: format!("{name}: {}", e.message), ..e } })?;
                    read_stream(file, &name, &mut input)?;
                }
            }
        }
        self.opener.open(&mut input)?;
        Ok(input)
    }
    /// Reads raw text (a stage whose input is not records).
    pub fn read_text(&mut self) -> Result<String, StageError> {
        let mut text = String::new();
        match std::mem::replace(&mut self.source, Source::Empty) {
            Source::Stdin(mut r) => _ = r.read_to_string(&mut text)?,
            Source::Files(files) => {
                for path in files {
                    text.push_str(&std::fs::read_to_string(&path)?);
                }
            }
            Source::Empty => {}
        }
        Ok(text)
    }

    /// A line from the person at the terminal, after a question on stderr; `None` where nobody is there to answer.
    ///
    /// # Errors
    /// The terminal can't be read.
    pub fn ask(&mut self, question: &str) -> Result<Option<String>, StageError> {
        let Source::Stdin(from) = &mut self.source else { return Ok(None) };
        if !self.terminal {
            return Ok(None);
        }
        _ = write!(self.err, "{question}");
        _ = self.err.flush();
        let (mut line, mut byte) = (Vec::new(), [0]);
        // No more than the line is taken.
        while from.read(&mut byte)? == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }

    /// From now on what is written goes out at once, record by record.
    pub fn live(&mut self) -> Result<(), StageError> {
        if let Some(held) = self.held.take() {
            self.out.write_all(&held)?;
            self.out.flush()?;
        }
        Ok(())
    }
    /// Writes a new record.
    pub fn write(&mut self, record: &Record) -> Result<(), StageError> {
        let mut line = record.to_line()?;
        line.push('\n');
        self.bytes(line.as_bytes())
    }
    /// Passes a line of the input on, byte for byte.
    pub fn pass(&mut self, line: &Line) -> Result<(), StageError> {
        let held = self.held.is_some();
        match &mut self.held {
            Some(h) => {
                h.extend_from_slice(line.raw.as_bytes());
                h.push(b'\n');
            }
            None => {
                self.out.write_all(line.raw.as_bytes())?;
                self.out.write_all(b"\n")?;
            }
        }
        if held { Ok(()) } else { Ok(self.out.flush()?) }
    }
    /// Writes the first record of a stream that this stage starts. Returns the run's identifier.
    pub fn start_stream(&mut self) -> Result<String, StageError> {
        let run = run_id();
        let producer = format!("{} {}", self.program, env!("CARGO_PKG_VERSION"));
        self.write(&Stream { producer, run: run.clone() }.into())?;
        Ok(run)
    }
    /// Writes text that is not a record (`--explain`, `--list-hosts`), as it is.
    pub fn text(&mut self, text: &str) -> Result<(), StageError> {
        self.bytes(text.as_bytes())
    }
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), StageError> {
        match &mut self.held {
            Some(held) => held.extend_from_slice(bytes),
            None => {
                self.out.write_all(bytes)?;
                self.out.flush()?;
            }
        }
        Ok(())
    }
    /// What is going on, for a person who waits: a line on stderr. Machines are not told.
    pub fn progress(&mut self, message: impl std::fmt::Display) {
        if self.log == LogFormat::Human {
            let clear = if std::mem::take(&mut self.moved) { "\r\x1b[K" } else { "" };
            _ = writeln!(self.err, "{clear}{}: {message}", self.program);
        }
    }
    /// A line for a person that the next one replaces; for stderr that is a terminal. An empty one goes.
    pub fn moving(&mut self, text: &str) {
        if self.log == LogFormat::Human && (self.moved || !text.is_empty()) {
            let short: String = text.chars().take(110).collect();
            _ = write!(self.err, "\r\x1b[K{short}");
            _ = self.err.flush();
            self.moved = !text.is_empty();
        }
    }
    /// Something that a person should know, on stderr. The stage goes on.
    pub fn warn(&mut self, message: impl std::fmt::Display) {
        let text = match self.log {
            LogFormat::Human => format!("{}: warning: {message}\n", self.program),
            LogFormat::Json => {
                let d = Diagnostic {
                    level: "warning".into(),
                    program: self.program.clone(),
                    message: message.to_string(),
                    ..Diagnostic::default()
                };
                Record::from(d).to_line().unwrap_or_default() + "\n"
            }
        };
        _ = self.err.write_all(text.as_bytes());
    }
    /// Ends the stage: held output goes out, or the error is told. Returns the exit code.
    pub(crate) fn finish(mut self, result: Result<u8, StageError>, read_only: bool) -> u8 {
        let result = result.and_then(|code| {
            self.live()?;
            self.out.flush()?;
            Ok(code)
        });
        let error = match result {
            Ok(code) => return code,
            Err(error) => error,
        };
        if error.broken_pipe && read_only {
            return exit::BROKEN_PIPE;
        }
        let text = match self.log {
            LogFormat::Human => error.human(&self.program),
            LogFormat::Json => error.diagnostic(&self.program).to_line().unwrap_or_default() + "\n",
        };
        _ = self.err.write_all(text.as_bytes());
        _ = self.err.flush();
        error.exit
    }
}

/// Reads one source, appending to `input`. Each source is a stream of its own, beginning with `stream`; the first
/// one's is kept.
fn read_stream(source: impl Read, name: &str, input: &mut Input) -> Result<(), StageError> {
    let mut reader = BufReader::with_capacity(64 * 1024, source);
    let mut bytes = Vec::new();
    let base = input.lines.last().map_or(0, |l| l.number);
    let mut number = base;
    loop {
        bytes.clear();
        let read = reader.read_until(b'\n', &mut bytes).map_err(|e| match e.kind() {
            std::io::ErrorKind::IsADirectory => StageError::new(exit::NO_INPUT, format!("{name}: this is a folder, not a file with records")),
            _ => {
                let e = StageError::from(e);
                StageError { message: format!("{name}: {}", e.message), ..e }
            }
        })?;
        if read == 0 {
            break;
        }
        number += 1;
        if bytes.pop() != Some(b'\n') {
            return Err(StageError::data(format!("line {number}: the stream was cut off: its last line has no newline"))
                .in_line(number, "")
                .hint("the stage before this one probably failed"));
        }
        let raw = std::str::from_utf8(&bytes)
            .map_err(|e| StageError::data(format!("line {number}: not UTF-8 at byte {}", e.valid_up_to())).in_line(number, "").hint(format!("{name} holds no records")))?;
        if number == base + 1 && raw.starts_with('\u{feff}') {
            return Err(StageError::data(format!("line {number}: a byte order mark stands before the first record"))
                .in_line(number, "")
                .hint("records are plain UTF-8 without it"));
        }
        if raw.trim().is_empty() {
            continue;
        }
        let record = read_line(raw, number)?;
        if number == base + 1 && !matches!(record, Some(Record::Stream(_))) {
            return Err(StageError::data(format!("line {number}: /type: a stream begins with a 'stream' record"))
                .in_line(number, "/type"));
        }
        if base > 0 && matches!(record, Some(Record::Stream(_))) {
            continue;
        }
        input.lines.push(Line { number, raw: raw.to_owned(), record });
    }
    if number == base {
        return Err(StageError::data(format!("{name}: empty: expected a stream that begins with a 'stream' record"))
            .in_line(1, "")
            .hint("the stage before this one probably failed"));
    }
    Ok(())
}

/// An identifier for a run: time and process, in base 36. Unique enough to tell runs apart in logs.
fn run_id() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_micros());
    let mut n = (now << 22) | u128::from(std::process::id() & 0x3f_ffff);
    let mut digits = Vec::new();
    while n > 0 {
        digits.push(char::from_digit((n % 36) as u32, 36).unwrap_or('0'));
        n /= 36;
    }
    digits.iter().rev().collect()
}
