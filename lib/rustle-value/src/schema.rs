//! JSON Schemas of the value types: any JSON; the tags are described in `wire.rs`.

use crate::{Dict, Value};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Any JSON value. An object with the single key $tmpl, $vault, $int, $float, $bytes, $tuple, $time, $undefined or $dict stands for a value that JSON lacks."
        })
    }
}

impl JsonSchema for Dict {
    fn schema_name() -> Cow<'static, str> {
        "Dict".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "description": "A mapping of names to values, in the order of the source." })
    }
}

impl JsonSchema for crate::Origin {
    fn schema_name() -> Cow<'static, str> {
        "Origin".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "A place in a source: lines and columns count from 1.",
            "properties": {
                "file": { "type": "string" },
                "line": { "type": "integer", "minimum": 0 },
                "column": { "type": "integer", "minimum": 0 }
            },
            "required": ["file", "line", "column"]
        })
    }
}
