//! A Python dict: insertion-ordered, any hashable key, most of them strings.

use crate::{Value, compare};
use indexmap::{Equivalent, IndexMap};
use std::hash::{Hash, Hasher};

/// Key wrapper: hashes and compares as Python does (`1`, `1.0` and `True` are one key).
#[derive(Clone, Debug)]
struct Key(Value);

impl Hash for Key {
    fn hash<H: Hasher>(&self, h: &mut H) {
        compare::py_hash(&self.0, h);
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        compare::py_eq(&self.0, &other.0)
    }
}
impl Eq for Key {}

struct StrKey<'a>(&'a str);
impl Hash for StrKey<'_> {
    fn hash<H: Hasher>(&self, h: &mut H) {
        compare::hash_str(self.0, h);
    }
}
impl Equivalent<Key> for StrKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        key.0.as_str() == Some(self.0)
    }
}

/// An insertion-ordered mapping with Python's key equality.
#[derive(Clone, Debug, Default)]
pub struct Dict(IndexMap<Key, Value>);

impl Dict {
    pub fn new() -> Self {
        Self::default()
    }
    pub fn with_capacity(n: usize) -> Self {
        Dict(IndexMap::with_capacity(n))
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Looks a string key up.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(&StrKey(key))
    }
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.get_mut(&StrKey(key))
    }
    /// Looks any key up, with Python's equality.
    pub fn get_value(&self, key: &Value) -> Option<&Value> {
        match key {
            Value::Str(s) => self.get(s),
            _ => self.0.get(&Key(key.clone())),
        }
    }
    pub fn get_value_mut(&mut self, key: &Value) -> Option<&mut Value> {
        self.0.get_mut(&Key(key.clone()))
    }
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(&StrKey(key))
    }
    pub fn contains_value_key(&self, key: &Value) -> bool {
        self.get_value(key).is_some()
    }
    /// Inserts or replaces; a replaced key keeps its place. Returns the old value.
    pub fn insert(&mut self, key: impl Into<Value>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(Key(key.into()), value.into())
    }
    /// Removes a string key, keeping the order of the rest.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(&StrKey(key))
    }
    pub fn remove_value(&mut self, key: &Value) -> Option<Value> {
        self.0.shift_remove(&Key(key.clone()))
    }
    /// Removes and returns the last entry.
    pub fn pop(&mut self) -> Option<(Value, Value)> {
        self.0.pop().map(|(k, v)| (k.0, v))
    }
    pub fn clear(&mut self) {
        self.0.clear();
    }
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Value, &Value)> + ExactSizeIterator {
        self.0.iter().map(|(k, v)| (&k.0, v))
    }
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Value, &mut Value)> {
        self.0.iter_mut().map(|(k, v)| (&k.0, v))
    }
    /// Entries whose key is a string.
    pub fn str_iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().filter_map(|(k, v)| k.0.as_str().map(|k| (k, v)))
    }
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.0.keys().map(|k| &k.0)
    }
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.0.values()
    }
    /// Adds or replaces every entry of `other` (`dict.update`).
    pub fn update(&mut self, other: &Dict) {
        for (k, v) in &other.0 {
            self.0.insert(k.clone(), v.clone());
        }
    }
    /// The same, where what is a dict on both sides is merged, at every depth (`hash_behaviour = merge`).
    pub fn merge(&mut self, other: &Dict) {
        for (k, v) in other.iter() {
            let both = match (self.get_value(k), v) {
                (Some(Value::Dict(old)), Value::Dict(new)) => {
                    let mut both = (**old).clone();
                    both.merge(new);
                    Value::dict(both)
                }
                _ => v.clone(),
            };
            self.insert(k.clone(), both);
        }
    }
    pub fn retain(&mut self, mut keep: impl FnMut(&Value, &Value) -> bool) {
        self.0.retain(|k, v| keep(&k.0, v));
    }
}

impl PartialEq for Dict {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(k, v)| other.get_value(k).is_some_and(|o| compare::py_eq(v, o)))
    }
}
impl FromIterator<(Value, Value)> for Dict {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(iter: I) -> Self {
        Dict(iter.into_iter().map(|(k, v)| (Key(k), v)).collect())
    }
}
impl<'a> FromIterator<(&'a str, Value)> for Dict {
    fn from_iter<I: IntoIterator<Item = (&'a str, Value)>>(iter: I) -> Self {
        Dict(iter.into_iter().map(|(k, v)| (Key(Value::from(k)), v)).collect())
    }
}
impl FromIterator<(String, Value)> for Dict {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(iter: I) -> Self {
        Dict(iter.into_iter().map(|(k, v)| (Key(Value::from(k)), v)).collect())
    }
}
impl IntoIterator for Dict {
    type Item = (Value, Value);
    type IntoIter = Box<dyn Iterator<Item = (Value, Value)>>;
    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.0.into_iter().map(|(k, v)| (k.0, v)))
    }
}
