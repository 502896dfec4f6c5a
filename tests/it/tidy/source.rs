//! Rust source as tokens: enough of the language to find paths, calls and test code, and no more.

/// An identifier, `::`, or one punctuation character, with the line that it stands on (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    fn is_ident(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// A path that the code names, use trees spread out: `use a::{b, c}` gives `a::b` and `a::c`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PathUse {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// Inline modules (`mod x { … }`) around the path, which `super` climbs out of first.
    pub(super) inline_depth: usize,
}

/// The tokens of a file without comments and without the contents of literals.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < chars.len() {
        let c = chars[i];
        let end = match c {
            '/' if at(i + 1) == '/' => skip_while(&chars, i, |c| c != '\n'),
            '/' if at(i + 1) == '*' => block_comment_end(&chars, i),
            '"' => string_end(&chars, i),
            '\'' => quote_end(&chars, i),
            'r' | 'b' | 'c' if literal_prefix_end(&chars, i).is_some() => {
                literal_prefix_end(&chars, i).expect("just looked")
            }
            'r' if at(i + 1) == '#' => i + 2,
            _ if c.is_alphanumeric() || c == '_' => {
                let end = skip_while(&chars, i, |c| c.is_alphanumeric() || c == '_');
                found.push(Token { text: chars[i..end].iter().collect(), line });
                end
            }
            ':' if at(i + 1) == ':' => {
                found.push(Token { text: "::".into(), line });
                i + 2
            }
            _ => {
                if !c.is_whitespace() {
                    found.push(Token { text: c.to_string(), line });
                }
                i + 1
            }
        };
        let end = end.min(chars.len());
        line += chars[i..end].iter().filter(|c| **c == '\n').count();
        i = end;
    }
    found
}

fn skip_while(chars: &[char], from: usize, keep: impl Fn(char) -> bool) -> usize {
    chars[from..].iter().position(|c| !keep(*c)).map_or(chars.len(), |n| from + n)
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let (mut i, mut depth) = (from, 0);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (i, depth) = (i + 2, depth + 1),
            ('*', Some('/')) => (i, depth) = (i + 2, depth - 1),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

/// The end of a string whose opening quote is at `from`.
fn string_end(chars: &[char], from: usize) -> usize {
    let mut i = from + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// The end of a character literal, or of just the quote when it opens a lifetime.
fn quote_end(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), _) => skip_while(chars, from + 3, |c| c != '\'') + 1,
        (Some(_), Some('\'')) => from + 3,
        _ => from + 1,
    }
}

/// The end of `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `c"…"`, `b'…'`, when one starts at `from`.
fn literal_prefix_end(chars: &[char], from: usize) -> Option<usize> {
    let prefix_end = skip_while(chars, from, |c| matches!(c, 'r' | 'b' | 'c'));
    let prefix: String = chars[from..prefix_end].iter().collect();
    let quote = skip_while(chars, prefix_end, |c| c == '#');
    match (prefix.as_str(), chars.get(quote)?) {
        ("r" | "br" | "cr", '"') => {
            let hashes = quote - prefix_end;
            let closes = |i: usize| {
                chars[i] == '"'
                    && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
            };
            (quote + 1..chars.len()).find(|i| closes(*i)).map(|i| i + 1 + hashes)
        }
        ("b" | "c", '"') if quote == prefix_end => Some(string_end(chars, quote)),
        ("b", '\'') if quote == prefix_end => Some(quote_end(chars, quote)),
        _ => None,
    }
}

/// The tokens without the items under `#[cfg(test)]`, and the names of test modules kept in files of
/// their own (`#[cfg(test)] mod tests;`).
pub(super) fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let (mut kept, mut test_files) = (Vec::new(), Vec::new());
    let mut i = 0;
    while i < tokens.len() {
        if !opens_with(&tokens[i..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        }
        i += 7;
        while opens_with(&tokens[i..], &["#", "["]) {
            i = matching_end(tokens, i + 1);
        }
        let body = tokens[i..].iter().position(|t| t.is("{") || t.is(";"));
        let Some(body) = body.map(|n| i + n) else { break };
        if tokens[body].is(";") && body >= 2 && tokens[body - 2].is("mod") {
            test_files.push(tokens[body - 1].text.clone());
        }
        i = if tokens[body].is("{") { matching_end(tokens, body) } else { body + 1 };
    }
    (kept, test_files)
}

pub(super) fn opens_with(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.is(text))
}

/// The index after the bracket that closes the one at `open`.
fn matching_end(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" if depth <= 1 => return i + 1,
            "}" | "]" | ")" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Every path with at least two segments, and every imported name.
pub(super) fn paths(tokens: &[Token]) -> Vec<PathUse> {
    let mut found = Vec::new();
    let mut module_ends: Vec<usize> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        module_ends.retain(|end| *end > i);
        let inline_depth = module_ends.len();
        let rest = &tokens[i..];
        let after_path = i > 0 && tokens[i - 1].is("::") && i > 1 && tokens[i - 2].is_ident();
        let imports = rest[0].is("use") && rest.get(1).is_some_and(|next| !next.is("<"));
        if rest.len() > 2 && rest[0].is("mod") && rest[2].is("{") {
            module_ends.push(matching_end(tokens, i + 2));
            i += 3;
        } else if imports || opens_with(rest, &["extern", "crate"]) {
            let start = if imports { i + 1 } else { i + 2 };
            i = tree(tokens, start, &Vec::new(), inline_depth, &mut found).max(start);
        } else if rest[0].is_ident() && !after_path && rest.get(1).is_some_and(|t| t.is("::")) {
            i = tree(tokens, i, &Vec::new(), inline_depth, &mut found);
        } else {
            i += 1;
        }
    }
    found
}

/// Reads one path or use tree and returns the index after it.
fn tree(
    tokens: &[Token],
    mut i: usize,
    prefix: &[String],
    inline_depth: usize,
    found: &mut Vec<PathUse>,
) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens.get(i).map_or(0, |token| token.line);
    if tokens.get(i).is_some_and(|token| token.is("::")) {
        i += 1;
    }
    while let Some(token) = tokens.get(i) {
        if token.is("{") {
            let end = matching_end(tokens, i);
            i += 1;
            while i + 1 < end {
                let next = tree(tokens, i, &segments, inline_depth, found).max(i + 1);
                i = if tokens[next.min(end - 1)].is(",") { next + 1 } else { next };
            }
            return end;
        }
        if !token.is_ident() && !token.is("*") {
            break;
        }
        segments.push(token.text.clone());
        i += 1;
        if !tokens.get(i).is_some_and(|token| token.is("::")) {
            break;
        }
        i += 1;
    }
    if segments.len() > prefix.len() {
        found.push(PathUse { segments, line, inline_depth });
    }
    if opens_with(&tokens[i.min(tokens.len())..], &["as"]) { i + 2 } else { i }
}
