//! How a value travels in a record: JSON, with a one-key object for what JSON lacks.
//!
//! | value | JSON |
//! | --- | --- |
//! | template | `{"$tmpl": ["{{ x }}", "site.yml:3:9"]}` (the place may be null) |
//! | vaulted | `{"$vault": ["$ANSIBLE_VAULT;…", "vars.yml:1:1"]}` |
//! | big integer, float that JSON lacks | `{"$int": "123…"}`, `{"$float": "nan"}` |
//! | bytes | `{"$bytes": "base64"}` |
//! | tuple | `{"$tuple": […]}` |
//! | date, time | `{"$time": "2001-01-01"}` |
//! | undefined | `{"$undefined": "'x' is undefined"}` |
//! | dict with keys that are not strings, or with a first key in `$` | `{"$dict": [[k, v], …]}` |

use crate::{Dict, Origin, Timestamp, Value, from_json};
use base64::Engine as _;
use serde::de::{self, Deserializer};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::sync::Arc;

const B64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

fn tagged<S: Serializer, T: Serialize + ?Sized>(s: S, tag: &str, payload: &T) -> Result<S::Ok, S::Error> {
    let mut m = s.serialize_map(Some(1))?;
    m.serialize_entry(tag, payload)?;
    m.end()
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => s.serialize_unit(),
            Value::Bool(b) => s.serialize_bool(*b),
            Value::Int(i) => s.serialize_i64(*i),
            Value::BigInt(b) => tagged(s, "$int", &b.to_string()),
            Value::Float(f) if f.is_finite() => s.serialize_f64(*f),
            Value::Float(f) => tagged(s, "$float", &crate::float_repr(*f)),
            Value::Str(x) => s.serialize_str(x),
            Value::Bytes(b) => tagged(s, "$bytes", &B64.encode(b)),
            Value::List(l) => {
                let mut seq = s.serialize_seq(Some(l.len()))?;
                for x in l.iter() {
                    seq.serialize_element(x)?;
                }
                seq.end()
            }
            Value::Tuple(l) => tagged(s, "$tuple", &**l),
            Value::Dict(d) => d.serialize(s),
            Value::Time(t) => tagged(s, "$time", &t.to_string()),
            Value::Template(t) => tagged(s, "$tmpl", &(&t.source, t.origin.as_ref().map(ToString::to_string))),
            Value::Vaulted(x) => tagged(s, "$vault", &(&x.ciphertext, x.origin.as_ref().map(ToString::to_string))),
            Value::Undefined(u) => tagged(s, "$undefined", &u.hint),
            Value::Object(o) => s.serialize_str(&o.render()),
        }
    }
}

impl Serialize for Dict {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let plain = self.keys().all(|k| matches!(k, Value::Str(_)));
        let ambiguous = self.len() == 1 && self.keys().next().and_then(Value::as_str).is_some_and(|k| k.starts_with('$'));
        if plain && !ambiguous {
            let mut m = s.serialize_map(Some(self.len()))?;
            for (k, v) in self.str_iter() {
                m.serialize_entry(k, v)?;
            }
            return m.end();
        }
        tagged(s, "$dict", &self.iter().collect::<Vec<_>>())
    }
}

fn origin(text: Option<&str>) -> Option<Origin> {
    let mut parts = text?.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some(Origin::new(parts.next()?, line, column))
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Value;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }
    fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
        Ok(Value::Int(i))
    }
    fn visit_u64<E>(self, u: u64) -> Result<Value, E> {
        Ok(Value::from(u))
    }
    fn visit_f64<E>(self, f: f64) -> Result<Value, E> {
        Ok(Value::Float(f))
    }
    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::from(s))
    }
    fn visit_string<E>(self, s: String) -> Result<Value, E> {
        Ok(Value::from(s))
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(4096));
        while let Some(x) = seq.next_element()? {
            items.push(x);
        }
        Ok(Value::list(items))
    }
    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut d = Dict::new();
        while let Some(k) = map.next_key::<String>()? {
            let v: Value = map.next_value()?;
            d.insert(k, v);
        }
        let special = d.str_iter().next().filter(|(tag, _)| d.len() == 1 && tag.starts_with('$'));
        if let Some((tag, payload)) = special {
            return untag(tag, payload).ok_or_else(|| de::Error::custom(format!("bad value under '{tag}'")));
        }
        Ok(Value::dict(d))
    }
}

fn untag(tag: &str, payload: &Value) -> Option<Value> {
    let text = payload.as_str();
    let pair = || -> Option<(Arc<str>, Option<Origin>)> {
        let [source, place] = payload.as_list()? else { return None };
        Some((source.as_str()?.into(), origin(place.as_str())))
    };
    Some(match tag {
        "$int" => Value::big(text?.parse().ok()?),
        "$float" => Value::Float(text?.parse().ok()?),
        "$bytes" => Value::Bytes(B64.decode(text?).ok()?.into()),
        "$tuple" => Value::tuple(payload.as_list()?.to_vec()),
        "$time" => Value::Time(Timestamp::parse(text?)?),
        "$undefined" => Value::undefined(text?),
        "$tmpl" => pair().map(|(source, origin)| Value::Template(Arc::new(crate::Template { source, origin })))?,
        "$vault" => pair().map(|(ciphertext, origin)| Value::Vaulted(Arc::new(crate::Vaulted { ciphertext, origin })))?,
        "$dict" => {
            let mut d = Dict::new();
            for entry in payload.as_list()? {
                let [k, v] = entry.as_list()? else { return None };
                d.insert(k.clone(), v.clone());
            }
            Value::dict(d)
        }
        _ => return None,
    })
}

impl<'de> de::Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Value, D::Error> {
        d.deserialize_any(Visitor)
    }
}

impl<'de> de::Deserialize<'de> for Dict {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Dict, D::Error> {
        match Value::deserialize(d)? {
            Value::Dict(d) => Ok(std::sync::Arc::unwrap_or_clone(d)),
            other => Err(de::Error::custom(format!("expected an object, found {}", other.type_name()))),
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(j: serde_json::Value) -> Value {
        from_json(j)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dict;

    #[test]
    fn every_kind_survives_the_wire() {
        let mut odd = Dict::new();
        odd.insert(1, "one");
        odd.insert(Value::Null, 2.5);
        let v = Value::dict(dict! {
            "t" => Value::trusted("{{ x }}", Some(Origin::new("a:b.yml", 3, 9))),
            "big" => Value::big("123456789012345678901234567890".parse().unwrap()),
            "odd" => odd,
            "dollar" => dict!{ "$tmpl" => "data" },
            "tuple" => Value::tuple(vec![1.into(), Value::Null]),
            "bytes" => Value::Bytes(vec![0u8, 255].into()),
            "inf" => f64::INFINITY,
            "day" => Value::Time(Timestamp::parse("2001-01-02").unwrap()),
        });
        let text = serde_json::to_string(&v).unwrap();
        let back: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(text, serde_json::to_string(&back).unwrap());
        assert_eq!(v, back);
        let Some(Value::Template(t)) = back.get("t").cloned() else { panic!("not a template") };
        assert_eq!(t.origin, Some(Origin::new("a:b.yml", 3, 9)));
    }

    #[test]
    fn plain_json_never_becomes_a_template() {
        let v = from_json(serde_json::json!({"$tmpl": ["{{ x }}", null]}));
        assert!(matches!(v.get("$tmpl"), Some(Value::List(_))));
    }
}
