//! Hints for unknown names.

/// Longest unknown name that is compared with the known ones; the longest known one has 20
/// characters, and the comparison takes the product of both lengths.
const COMPARED_CHARS_MAX: usize = 64;

/// The hint for the variables that Kubernetes sets for a Service whose name starts with `unoc`
/// (Kubernetes documentation, "Discovering services": `{SVCNAME}_SERVICE_HOST` and the variables
/// compatible with Docker links, among them `{SVCNAME}_PORT=tcp://...`).
const SERVICE_LINK_HINT: &str =
    "Kubernetes sets it for a Service of this name; set enableServiceLinks: false in the pod";

pub(super) fn did_you_mean(name: &str) -> String {
    format!("did you mean {name}?")
}

/// Returns the known name nearest to `unknown`, if at most a third of the letters, or two, differ.
/// Case is ignored, and `-` equals `_`.
pub(super) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |name: &str| name.to_lowercase().replace('-', "_").chars().collect::<Vec<_>>();
    let unknown = letters(unknown);
    if unknown.len() > COMPARED_CHARS_MAX {
        return None;
    }
    let distance_max = (unknown.len() / 3).max(2);
    known
        .map(|name| (edit_distance(&unknown, &letters(name)), name))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Returns how many insertions, removals, replacements and swaps of neighbours make `a` into `b`
/// (the optimal string alignment distance).
fn edit_distance(a: &[char], b: &[char]) -> usize {
    // Three rows of the table: for two, one and no letters of `a` before the present one.
    let mut older = vec![0; b.len() + 1];
    let mut old: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut new = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = old[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            new[j] = replaced.min(old[j] + 1).min(new[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                new[j] = new[j].min(older[j - 2] + 1);
            }
        }
        older = std::mem::replace(&mut old, new);
    }
    old[b.len()]
}

/// Returns the hint if Kubernetes, not the operator, set the variable.
pub(super) fn service_link_hint(name: &str, value: &str) -> Option<String> {
    let is_link = value.starts_with("tcp://")
        || name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.contains("_TCP_");
    is_link.then(|| SERVICE_LINK_HINT.to_owned())
}
