//! JSON Schemas of the records, and validation of lines from outside.
//!
//! The schemas are made from the Rust types; `schema/*.schema.json` are copies that a test keeps in step.

use crate::record::{self, Record};
use schemars::{JsonSchema, generate::SchemaSettings};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Why a line is not a record. `line` counts from 1.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("line {line}: not JSON: {problem}")]
    Json { line: u64, problem: String },
    #[error("line {line}: {pointer}: {problem}")]
    Schema { line: u64, pointer: String, problem: String },
    #[error("line {line}: record format version {found}, this program speaks {}", record::VERSION)]
    Version { line: u64, found: u64 },
}

/// The schema of one record type.
pub(crate) fn record_schema<T: JsonSchema>(tag: &str) -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".into(), tag.into());
        object.insert("type".into(), "object".into());
        let properties = object.entry("properties").or_insert_with(|| serde_json::json!({}));
        if let Some(p) = properties.as_object_mut() {
            p.insert("type".into(), serde_json::json!({ "const": tag }));
            p.insert("v".into(), serde_json::json!({ "const": record::VERSION }));
        }
        let required = object.entry("required").or_insert_with(|| serde_json::json!([]));
        if let Some(r) = required.as_array_mut() {
            r.insert(0, "type".into());
            r.insert(1, "v".into());
        }
    }
    schema
}

/// The validator of one type, made when the first record of it comes: a stream has few of all types.
fn validator(tag: &str) -> Option<&'static jsonschema::Validator> {
    type Slot = OnceLock<Option<jsonschema::Validator>>;
    static ALL: OnceLock<HashMap<&'static str, Slot>> = OnceLock::new();
    let slots = ALL.get_or_init(|| record::TAGS.iter().map(|tag| (*tag, Slot::new())).collect());
    let make = || record::schema_of(tag).and_then(|schema| jsonschema::validator_for(&schema).ok());
    slots.get(tag)?.get_or_init(make).as_ref()
}

/// Reads one foreign line. `Ok(None)` is a record of a type that this build does not know: pass it through.
pub fn read_line(line: &str, number: u64) -> Result<Option<Record>, LineError> {
    let json: serde_json::Value =
        serde_json::from_str(line).map_err(|e| LineError::Json { line: number, problem: e.to_string() })?;
    let schema_error = |pointer: String, problem: String| {
        let pointer = if pointer.is_empty() { "/".to_owned() } else { pointer };
        LineError::Schema { line: number, pointer, problem }
    };
    let Some(tag) = json.get("type").and_then(|t| t.as_str()) else {
        return Err(schema_error("/type".into(), "every record has a string 'type'".into()));
    };
    let Some(validator) = validator(tag) else { return Ok(None) };
    match json.get("v").and_then(serde_json::Value::as_u64) {
        Some(v) if v == u64::from(record::VERSION) => {}
        Some(v) => return Err(LineError::Version { line: number, found: v }),
        None => return Err(schema_error("/v".into(), "every record has a version 'v'".into())),
    }
    if let Some(error) = validator.iter_errors(&json).next() {
        return Err(schema_error(error.instance_path.to_string(), error.to_string()));
    }
    Record::decode(tag, line).transpose().map_err(|e| schema_error(String::new(), e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::RunEvent;
    use crate::model::{Task, TaskId};
    use rustle_value::{Origin, Value, dict};

    fn task() -> Task {
        serde_json::from_value(serde_json::json!({
            "id": 3, "action": "ansible.builtin.copy", "written": "copy", "when": [], "loop": {"value": [1, 2]}
        }))
        .unwrap()
    }

    #[test]
    fn a_task_survives_its_record_whole() {
        let mut t = task();
        t.keywords.when = vec![Value::trusted("x {{ y }}", Some(Origin::new("a.yml", 1, 2)))];
        t.keywords.other = dict! { "ignore_errors" => true, "delegate_to" => "h" };
        t.keywords.vars = dict! { "v" => 1 };
        t.changed_when = vec![Value::Bool(false)];
        t.register = Some("r".into());
        let line = Record::from(t.clone()).to_line().unwrap();
        assert!(line.starts_with(r#"{"type":"task","v":1,"#), "{line}");
        assert_eq!(read_line(&line, 1).unwrap(), Some(Record::Task(t)));
    }

    #[test]
    fn bad_lines_name_line_pointer_and_expectation() {
        let text = |line: &str| read_line(line, 7).unwrap_err().to_string();
        assert!(text("{").starts_with("line 7: not JSON"));
        assert!(text("{}").contains("/type"));
        assert!(text(r#"{"type":"task"}"#).contains("/v"));
        assert!(text(r#"{"type":"task","v":99}"#).contains("version 99"));
        let wrong = Record::from(task()).to_line().unwrap().replace("\"id\":3", "\"id\":\"x\"");
        assert!(text(&wrong).starts_with("line 7: /id: "), "{}", text(&wrong));
        assert_eq!(read_line(r#"{"type":"from_the_future","v":9}"#, 1).unwrap(), None);
    }

    #[test]
    fn events_validate() {
        let e = RunEvent::TaskStart { play: Default::default(), header: crate::event::TaskHeader { task: TaskId(1), ..Default::default() } };
        let line = Record::from(e.clone()).to_line().unwrap();
        assert_eq!(read_line(&line, 1).unwrap(), Some(Record::Event(e)));
    }
}
