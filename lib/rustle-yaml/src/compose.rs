//! Tokens to a tree: the grammar, anchors and aliases. Nothing is interpreted yet; aliased nodes are shared.

use crate::scan::{Kind, Mark, Problem, Scanner, Token};
use std::collections::HashMap;
use std::rc::Rc;

/// Deepest nesting that is read; beyond it a file is refused.
const MAX_DEPTH: usize = 200;
const TOO_DEEP: &str = "the nesting is too deep";

#[derive(Debug)]
pub(crate) struct Raw {
    /// The resolved tag, such as `!vault` or `tag:yaml.org,2002:str`; none, and for `!`, is `None`.
    pub tag: Option<String>,
    pub body: Body,
    pub start: Mark,
    /// Levels below, aliases followed: what a walk over the values will have to recurse.
    height: usize,
}

#[derive(Debug)]
pub(crate) enum Body {
    /// Text, and whether its type is to be guessed from it.
    Scalar(String, bool),
    Seq(Vec<Rc<Raw>>),
    Map(Vec<(Rc<Raw>, Rc<Raw>)>),
}

impl Raw {
    fn new(tag: Option<String>, body: Body, start: Mark) -> Result<Rc<Raw>, Problem> {
        let height = match &body {
            Body::Scalar(..) => 0,
            Body::Seq(items) => items.iter().map(|n| n.height + 1).max().unwrap_or(1),
            Body::Map(pairs) => pairs.iter().map(|(k, v)| k.height.max(v.height) + 1).max().unwrap_or(1),
        };
        if height > MAX_DEPTH {
            return problem("", TOO_DEEP, start);
        }
        Ok(Rc::new(Raw { tag, body, start, height }))
    }
}

impl Body {
    /// PyYAML's word for the kind of node.
    pub(crate) fn id(&self) -> &'static str {
        match self {
            Body::Scalar(..) => "scalar",
            Body::Seq(_) => "sequence",
            Body::Map(_) => "mapping",
        }
    }
}

/// Reads documents from a token stream.
pub(crate) struct Composer {
    scan: Scanner,
    /// Anchors of this document; `None` while the node is still being read.
    anchors: HashMap<String, Option<Rc<Raw>>>,
    handles: HashMap<String, String>,
    first: bool,
    depth: usize,
}

fn problem<T>(context: &'static str, text: &str, mark: Mark) -> Result<T, Problem> {
    Err(Problem { context, text: text.into(), mark })
}

impl Composer {
    pub(crate) fn new(text: &str) -> Self {
        Composer { scan: Scanner::new(text), anchors: HashMap::new(), handles: HashMap::new(), first: true, depth: 0 }
    }

    /// The next document and the mark where it starts, or `None` at the end.
    pub(crate) fn document(&mut self) -> Result<Option<(Mark, Rc<Raw>)>, Problem> {
        if !self.first {
            while self.scan.peek()?.kind == Kind::DocEnd {
                self.scan.next()?;
            }
        }
        self.anchors.clear();
        self.handles.clear();
        let start = self.scan.peek()?.start;
        // Only the first document may do without a `---`.
        let implicit = match self.scan.peek()?.kind {
            Kind::StreamEnd => return Ok(None),
            Kind::Version(_) | Kind::TagDirective { .. } | Kind::DocStart => {
                self.directives()?;
                false
            }
            _ if self.first => true,
            _ => return problem("", "did not find expected <document start>", start),
        };
        self.first = false;
        let token = self.scan.peek()?;
        let root = match token.kind {
            _ if implicit => self.node(true, false)?,
            Kind::Version(_) | Kind::TagDirective { .. } | Kind::DocStart | Kind::DocEnd | Kind::StreamEnd => {
                empty(token.start)
            }
            _ => self.node(true, false)?,
        };
        // The token behind the document is looked at before anybody builds it: that is where libyaml fails first.
        self.scan.peek()?;
        Ok(Some((start, root)))
    }

    fn directives(&mut self) -> Result<(), Problem> {
        let mut version = false;
        loop {
            let token = self.scan.next()?;
            match token.kind {
                Kind::Version(_) if version => return problem("", "found duplicate %YAML directive", token.start),
                Kind::Version(1) => version = true,
                Kind::Version(_) => return problem("", "found incompatible YAML document", token.start),
                Kind::TagDirective { handle, prefix } => {
                    if self.handles.insert(handle, prefix).is_some() {
                        return problem("", "found duplicate %TAG directive", token.start);
                    }
                }
                Kind::DocStart => return Ok(()),
                _ => return problem("", "did not find expected <document start>", token.start),
            }
        }
    }

    fn resolve(&self, handle: &str, suffix: &str, start: Mark) -> Result<Option<String>, Problem> {
        if handle.is_empty() {
            return Ok((suffix != "!").then(|| suffix.to_string()));
        }
        let prefix = match (self.handles.get(handle), handle) {
            (Some(p), _) => p,
            (None, "!") => "!",
            (None, "!!") => "tag:yaml.org,2002:",
            _ => return problem("while parsing a node", "found undefined tag handle", start),
        };
        Ok(Some(format!("{prefix}{suffix}")))
    }

    /// One node. `block`: block collections may start here; `indentless`: so may a list at its key's column.
    fn node(&mut self, block: bool, indentless: bool) -> Result<Rc<Raw>, Problem> {
        let start = self.scan.peek()?.start;
        if self.depth >= MAX_DEPTH {
            return problem("", TOO_DEEP, start);
        }
        self.depth += 1;
        let node = self.node_inside(block, indentless, start);
        self.depth -= 1;
        node
    }

    fn node_inside(&mut self, block: bool, indentless: bool, start: Mark) -> Result<Rc<Raw>, Problem> {
        let (mut anchor, mut tag): (Option<String>, Option<(String, String, Mark)>) = (None, None);
        loop {
            let token = self.scan.peek()?;
            match &token.kind {
                Kind::Alias(name) if anchor.is_none() && tag.is_none() => {
                    let found = match self.anchors.get(name) {
                        Some(Some(node)) => Ok(Rc::clone(node)),
                        Some(None) => problem("", "found unconstructable recursive node", token.start),
                        None => problem("", "found undefined alias", token.start),
                    };
                    self.scan.next()?;
                    return found;
                }
                Kind::Anchor(name) if anchor.is_none() => anchor = Some(name.clone()),
                Kind::Tag { handle, suffix } if tag.is_none() => tag = Some((handle.clone(), suffix.clone(), token.start)),
                _ => break,
            }
            self.scan.next()?;
        }
        // A lone `!` has text guessed at even where it is quoted, and makes nothing an empty string: libyaml's way.
        let lone = tag.as_ref().is_some_and(|(h, s, _)| h.is_empty() && s == "!");
        let has_properties = anchor.is_some() || tag.is_some();
        let tag = tag.map(|(h, s, mark)| self.resolve(&h, &s, mark)).transpose()?.flatten();
        if let Some(name) = &anchor {
            if self.anchors.contains_key(name) {
                return problem("found duplicate anchor; first occurrence", "second occurrence", start);
            }
            self.anchors.insert(name.clone(), None);
        }
        let token = self.scan.peek()?;
        let body = match token.kind {
            Kind::BlockEntry if indentless => self.block_seq(true)?,
            Kind::Scalar { .. } => match self.scan.next()?.kind {
                Kind::Scalar { text, plain } => Body::Scalar(text, plain || lone),
                _ => Body::Scalar(String::new(), true),
            },
            Kind::FlowSeq => self.flow_seq()?,
            Kind::FlowMap => self.flow_map()?,
            Kind::BlockSeq if block => self.block_seq(false)?,
            Kind::BlockMap if block => self.block_map()?,
            _ if has_properties => Body::Scalar(String::new(), !lone),
            _ => {
                let context = if block { "while parsing a block node" } else { "while parsing a flow node" };
                return problem(context, "did not find expected node content", token.start);
            }
        };
        let node = Raw::new(tag, body, start)?;
        if let Some(name) = anchor {
            self.anchors.insert(name, Some(Rc::clone(&node)));
        }
        Ok(node)
    }

    /// The node after `taken`, or an empty one where one of `stops` follows.
    fn node_unless(&mut self, taken: Mark, block: bool, indentless: bool, stops: fn(&Kind) -> bool) -> Result<Rc<Raw>, Problem> {
        if stops(&self.scan.peek()?.kind) { Ok(empty(taken)) } else { self.node(block, indentless) }
    }

    fn block_seq(&mut self, indentless: bool) -> Result<Body, Problem> {
        if !indentless {
            self.scan.next()?;
        }
        let mut items = Vec::new();
        loop {
            let token = self.scan.peek()?;
            match token.kind {
                Kind::BlockEntry => {
                    let end = self.scan.next()?.end;
                    let stops: fn(&Kind) -> bool = if indentless {
                        |k| matches!(k, Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd)
                    } else {
                        |k| matches!(k, Kind::BlockEntry | Kind::BlockEnd)
                    };
                    items.push(self.node_unless(end, true, false, stops)?);
                }
                _ if indentless => return Ok(Body::Seq(items)),
                Kind::BlockEnd => {
                    self.scan.next()?;
                    return Ok(Body::Seq(items));
                }
                _ => return problem("while parsing a block collection", "did not find expected '-' indicator", token.start),
            }
        }
    }

    fn block_map(&mut self) -> Result<Body, Problem> {
        const STOPS: fn(&Kind) -> bool = |k| matches!(k, Kind::Key | Kind::Value | Kind::BlockEnd);
        self.scan.next()?;
        let mut pairs = Vec::new();
        loop {
            let token = self.scan.next()?;
            match token.kind {
                Kind::Key => {
                    let key = self.node_unless(token.end, true, true, STOPS)?;
                    let after = self.scan.peek()?;
                    let value = if after.kind == Kind::Value {
                        let end = self.scan.next()?.end;
                        self.node_unless(end, true, true, STOPS)?
                    } else {
                        empty(after.start)
                    };
                    pairs.push((key, value));
                }
                Kind::BlockEnd => return Ok(Body::Map(pairs)),
                _ => return problem("while parsing a block mapping", "did not find expected key", token.start),
            }
        }
    }

    fn flow_comma(&mut self, first: bool, context: &'static str, text: &str) -> Result<(), Problem> {
        if !first {
            let Token { kind, start, .. } = self.scan.next()?;
            if kind != Kind::FlowEntry {
                return problem(context, text, start);
            }
        }
        Ok(())
    }

    fn flow_value(&mut self, stops: fn(&Kind) -> bool) -> Result<Rc<Raw>, Problem> {
        let token = self.scan.peek()?;
        if token.kind != Kind::Value {
            return Ok(empty(token.start));
        }
        let end = self.scan.next()?.end;
        self.node_unless(end, false, false, stops)
    }

    fn flow_seq(&mut self) -> Result<Body, Problem> {
        self.scan.next()?;
        let mut items = Vec::new();
        while self.scan.peek()?.kind != Kind::FlowSeqEnd {
            self.flow_comma(items.is_empty(), "while parsing a flow sequence", "did not find expected ',' or ']'")?;
            match self.scan.peek()?.kind {
                Kind::Key => {
                    let Token { start, end, .. } = self.scan.next()?;
                    // libyaml swallows the token after a `?` without a key, which makes most such lists an error.
                    let key = match self.scan.peek()?.kind {
                        Kind::Value | Kind::FlowEntry | Kind::FlowSeqEnd => {
                            self.scan.next()?;
                            empty(end)
                        }
                        _ => self.node(false, false)?,
                    };
                    let value = self.flow_value(|k| matches!(k, Kind::FlowEntry | Kind::FlowSeqEnd))?;
                    items.push(Raw::new(None, Body::Map(vec![(key, value)]), start)?);
                }
                Kind::FlowSeqEnd => break,
                _ => items.push(self.node(false, false)?),
            }
        }
        self.scan.next()?;
        Ok(Body::Seq(items))
    }

    fn flow_map(&mut self) -> Result<Body, Problem> {
        self.scan.next()?;
        let mut pairs = Vec::new();
        while self.scan.peek()?.kind != Kind::FlowMapEnd {
            self.flow_comma(pairs.is_empty(), "while parsing a flow mapping", "did not find expected ',' or '}'")?;
            let token = self.scan.peek()?;
            match token.kind {
                Kind::Key => {
                    let end = self.scan.next()?.end;
                    let key = self.node_unless(end, false, false, |k| {
                        matches!(k, Kind::Value | Kind::FlowEntry | Kind::FlowMapEnd)
                    })?;
                    let value = self.flow_value(|k| matches!(k, Kind::FlowEntry | Kind::FlowMapEnd))?;
                    pairs.push((key, value));
                }
                Kind::FlowMapEnd => break,
                _ => {
                    let key = self.node(false, false)?;
                    let value = empty(self.scan.peek()?.start);
                    pairs.push((key, value));
                }
            }
        }
        self.scan.next()?;
        Ok(Body::Map(pairs))
    }
}

fn empty(start: Mark) -> Rc<Raw> {
    Rc::new(Raw { tag: None, body: Body::Scalar(String::new(), true), start, height: 0 })
}
