//! A name is one type, and no two files of a layer need each other.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Token, paths, tokens, without_tests};
use super::{Finding, is_test_file, layer_of, module_path};

/// Files that may need each other, and why.
pub(super) const CIRCLES_ALLOWED: &[(&[&str], &str)] = &[];

/// A file of the program without its tests.
pub(super) struct SourceFile<'a> {
    pub(super) name: &'a str,
    module: Vec<String>,
    code: Vec<Token>,
}

/// The files that are not tests, without the tests that they hold.
pub(super) fn program_files(files: &[(String, String)]) -> Vec<SourceFile<'_>> {
    let program = files.iter().filter(|(name, _)| !is_test_file(name, files));
    program
        .map(|(name, text)| SourceFile {
            name,
            module: module_path(name).into_iter().map(str::to_owned).collect(),
            code: without_tests(&tokens(text)).0,
        })
        .collect()
}

/// Types that are visible outside of their file and share their name with another one.
pub(super) fn repeated_types(files: &[SourceFile<'_>]) -> Vec<Finding> {
    let mut places: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
    for file in files {
        for (name, line) in visible_types(&file.code) {
            places.entry(name).or_default().push((file.name, line));
        }
    }
    let repeated = places.into_iter().filter(|(_, places)| places.len() > 1);
    repeated
        .map(|(name, places)| {
            let others: Vec<String> =
                places[1..].iter().map(|(file, line)| format!("{file}:{line}")).collect();
            Finding {
                file: places[0].0.into(),
                line: places[0].1,
                rule: "names",
                what: format!("`{name}` is also a type of {}", others.join(", ")),
                mend: "call each after what it is, so that a search for the name finds one".into(),
            }
        })
        .collect()
}

/// The types that a file declares with `pub`, `pub(super)` or `pub(crate)`, and their lines.
fn visible_types(code: &[Token]) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    for (i, token) in code.iter().enumerate().filter(|(_, token)| token.is("pub")) {
        let restricted = code.get(i + 1).is_some_and(|next| next.is("("));
        let closing = code[i..].iter().position(|next| next.is(")"));
        let item = if restricted { i + closing.unwrap_or(0) + 1 } else { i + 1 };
        let [kind, name, ..] = &code[item.min(code.len())..] else { continue };
        if ["struct", "enum", "union", "trait", "type"].iter().any(|word| kind.is(word)) {
            found.push((name.text.as_str(), token.line));
        }
    }
    found
}

/// Groups of files of one layer that need each other, directly or through others.
pub(super) fn circles(files: &[SourceFile<'_>], allowed: &[(&[&str], &str)]) -> Vec<Finding> {
    let needs = needed_files(files);
    let reach = |from: usize| -> BTreeSet<usize> {
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![from]);
        while let Some(file) = waiting.pop() {
            waiting.extend(needs[file].keys().filter(|next| reached.insert(**next)));
        }
        reached
    };
    let reached: Vec<BTreeSet<usize>> = (0..files.len()).map(reach).collect();
    let mut findings = Vec::new();
    let mut unused: Vec<&[&str]> = allowed.iter().map(|(group, _)| *group).collect();
    for first in 0..files.len() {
        let group: Vec<usize> =
            reached[first].iter().copied().filter(|file| reached[*file].contains(&first)).collect();
        if group.first() != Some(&first) || group.len() < 2 {
            continue;
        }
        let names: Vec<&str> = group.iter().map(|file| files[*file].name).collect();
        if let Some(known) = unused.iter().position(|known| *known == names) {
            unused.remove(known);
            continue;
        }
        findings.push(circle(files, &needs, &group));
    }
    findings.extend(unused.into_iter().map(|group| Finding {
        file: group.join(", "),
        line: 1,
        rule: "circles",
        what: "need each other no longer".into(),
        mend: "take them out of CIRCLES_ALLOWED".into(),
    }));
    findings
}

/// What to say of a group: where each file of it needs another one.
fn circle(files: &[SourceFile<'_>], needs: &[BTreeMap<usize, usize>], group: &[usize]) -> Finding {
    let mut steps = Vec::new();
    for from in group {
        let inside = needs[*from].iter().filter(|(to, _)| group.contains(to));
        steps.extend(
            inside.map(|(to, line)| {
                format!("{}:{line} needs {}", files[*from].name, files[*to].name)
            }),
        );
    }
    Finding {
        file: files[group[0]].name.into(),
        line: needs[group[0]].values().next().copied().unwrap_or(1),
        rule: "circles",
        what: format!("{} files need each other:\n    {}", group.len(), steps.join("\n    ")),
        mend: "move what both need into a file that both may read, or pass it as an argument"
            .into(),
    }
}

/// For each file, the other files of its layer that its code names, and the line of the first
/// mention. A re-export is no need of its own: whoever uses it needs what it leads to.
fn needed_files(files: &[SourceFile<'_>]) -> Vec<BTreeMap<usize, usize>> {
    let modules: BTreeMap<&[String], usize> =
        files.iter().enumerate().map(|(n, file)| (file.module.as_slice(), n)).collect();
    let exports: Vec<BTreeMap<String, Vec<String>>> = files.iter().map(imported_names).collect();
    let mut needs = vec![BTreeMap::new(); files.len()];
    for (from, file) in files.iter().enumerate() {
        let re_exports = lines_of_re_exports(&file.code);
        for path in paths(&file.code) {
            if re_exports.contains(&path.line) {
                continue;
            }
            let target = absolute(file, &path.segments, path.inline_depth, &modules)
                .and_then(|path| definition(&path, &modules, &exports));
            let Some(to) = target else { continue };
            let same_layer = layer_of(files[to].name) == layer_of(file.name);
            if to != from && same_layer {
                needs[from].entry(to).or_insert(path.line);
            }
        }
    }
    needs
}

/// A path from the crate's root, if it leads into one of our modules.
fn absolute(
    file: &SourceFile<'_>,
    segments: &[String],
    inline_depth: usize,
    modules: &BTreeMap<&[String], usize>,
) -> Option<Vec<String>> {
    let climbs = segments.iter().take_while(|s| *s == "super" || *s == "self");
    let (started, climbed) =
        climbs.fold((0, 0), |(all, supers), s| (all + 1, supers + usize::from(s == "super")));
    if segments.first()? == "crate" {
        return Some(segments[1..].to_vec());
    }
    if started > 0 && climbed < inline_depth {
        return None;
    }
    let own = file.module.len().checked_sub(climbed.saturating_sub(inline_depth))?;
    let path = [&file.module[..own], &segments[started..]].concat();
    let is_child = modules.contains_key(&path[..(own + 1).min(path.len())]);
    (started > 0 || is_child).then_some(path)
}

/// The file in which what a path names is declared, re-exports followed.
fn definition(
    path: &[String],
    modules: &BTreeMap<&[String], usize>,
    exports: &[BTreeMap<String, Vec<String>>],
) -> Option<usize> {
    let mut path = path.to_vec();
    // A chain of re-exports is never longer than the tree is deep.
    for _ in 0..8 {
        let depth = (1..=path.len()).rev().find(|n| modules.contains_key(&path[..*n]))?;
        let file = modules[&path[..depth]];
        let Some(next) = path.get(depth).and_then(|name| exports[file].get(name)) else {
            return Some(file);
        };
        path = [next.as_slice(), &path[depth + 1..]].concat();
    }
    None
}

/// The names that a file brings in with `use`, and where they come from.
fn imported_names(file: &SourceFile<'_>) -> BTreeMap<String, Vec<String>> {
    let mut names = BTreeMap::new();
    let exported = lines_of_re_exports(&file.code);
    for path in paths(&file.code).iter().filter(|path| exported.contains(&path.line)) {
        let climbs = path.segments.iter().take_while(|s| *s == "super" || *s == "self").count();
        let supers = path.segments[..climbs].iter().filter(|s| *s == "super").count();
        let source = match path.segments.first().map(String::as_str) {
            Some("crate") => path.segments[1..].to_vec(),
            _ => {
                let own = file.module.len().saturating_sub(supers);
                [&file.module[..own], &path.segments[climbs..]].concat()
            }
        };
        if let Some(name) = source.last().cloned().filter(|_| source != file.module) {
            names.insert(name, source);
        }
    }
    names
}

/// The lines on which `pub use` and `pub(…) use` stand.
fn lines_of_re_exports(code: &[Token]) -> BTreeSet<usize> {
    let mut lines = BTreeSet::new();
    for (i, _) in code.iter().enumerate().filter(|(_, token)| token.is("use")) {
        let before: Vec<&str> = code[..i].iter().rev().take(4).map(|t| t.text.as_str()).collect();
        let exported = before.first() == Some(&"pub")
            || (before.first() == Some(&")") && before.contains(&"pub"));
        let end = code[i..].iter().find(|token| token.is(";")).map(|token| token.line);
        if exported {
            lines.extend(code[i].line..=end.unwrap_or(code[i].line));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(texts: &[(&str, &str)], allowed: &[(&[&str], &str)]) -> Vec<String> {
        let files: Vec<(String, String)> =
            texts.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        let files = program_files(&files);
        let all = repeated_types(&files).into_iter().chain(circles(&files, allowed));
        all.map(|finding| format!("{} {}", finding.rule, finding.file)).collect()
    }

    #[test]
    fn finds_types_of_one_name() {
        let rows: &[(&str, &str, usize)] = &[
            ("pub struct A;", "pub(super) enum A {}", 1),
            ("pub(crate) trait A {}", "pub type A = u8;", 1),
            ("pub struct A;", "struct A;", 0),
            (
                "pub struct A;",
                "pub fn f() -> A {} pub const A: u8 = 1; pub struct B { pub a: A }",
                0,
            ),
            ("pub struct A;", "#[cfg(test)] mod tests { pub struct A; }", 0),
        ];
        for (a, b, expected) in rows {
            let found = findings(&[("src/store/a.rs", a), ("src/engine/b.rs", b)], &[]);
            assert_eq!(found.len(), *expected, "{a} {b}: {found:?}");
        }
    }

    #[test]
    fn finds_files_that_need_each_other() {
        let root = "mod a; mod b; mod c; pub use a::A; pub(super) use b::{B, f};";
        let rows: &[(&str, &str, &str, usize)] = &[
            ("use super::b::B;", "use super::a::A;", "", 1),
            ("use super::B;", "use crate::store::A;", "", 1),
            ("use super::b;", "use super::c::C;", "fn g() { super::A::new() }", 1),
            ("use super::b::B;", "use crate::engine::E;", "use super::{A, B};", 0),
            ("use super::f;", "", "use super::A;", 0),
            ("use super::b::B;", "#[cfg(test)] mod tests { use super::super::a::A; }", "", 0),
            ("mod x { use super::super::b::B; }", "mod y { use super::super::A; }", "", 1),
        ];
        for (a, b, c, expected) in rows {
            let texts = [
                ("src/store/a.rs", *a),
                ("src/store/b.rs", *b),
                ("src/store/c.rs", *c),
                ("src/store/mod.rs", root),
            ];
            let found = findings(&texts, &[]);
            assert_eq!(found.len(), *expected, "{a} | {b} | {c}: {found:?}");
        }
    }

    #[test]
    fn an_allowed_circle_must_exist() {
        let texts = [("src/api/a.rs", "use super::b::B;"), ("src/api/b.rs", "use super::a::A;")];
        let known: &[(&[&str], &str)] = &[(&["src/api/a.rs", "src/api/b.rs"], "a registry")];
        assert_eq!(findings(&texts, known), Vec::<String>::new());
        assert_eq!(findings(&texts[..1], known), ["circles src/api/a.rs, src/api/b.rs"]);
    }
}
