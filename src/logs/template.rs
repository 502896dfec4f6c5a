//! What the messages of one kind have in common.

/// What stands for the parts in which messages of one kind differ.
const PART: char = '…';
/// Longest template; the rest of a longer message is not compared.
const CHARS_MAX: usize = 200;

/// Returns a message with one ellipsis for each quoted text and for each word that has a digit in it:
/// numbers, ids, times, addresses and names of files. Only the first line counts.
pub(super) fn template(message: &str) -> String {
    let line = message.lines().next().unwrap_or("");
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = after_quoted(rest, out.chars().next_back()) {
            out.push(first);
            out.push(PART);
            out.push(first);
            rest = after;
        } else if is_of_word(first) {
            let end = word_end(rest);
            let word = &rest[..end];
            match word.contains(|c: char| c.is_ascii_digit()) {
                true => out.push(PART),
                false => out.push_str(word),
            }
            rest = &rest[end..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    match out.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}{PART}", &out[..end]),
        None => out,
    }
}

/// Returns what follows a quoted text at the start of `text`. An apostrophe inside a word is no quote.
fn after_quoted(text: &str, previous: Option<char>) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    if quote == '\'' && previous.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let inside = &text[1..];
    let end = inside.find(quote)?;
    Some(&inside[end + 1..])
}

/// Returns the end of the word at the start: letters and digits, with single separators between them, as
/// in `127.0.0.1:5432`, `1.2.0-beta` or `backup_20261129.sql`.
fn word_end(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let joins = matches!(c, '.' | ':' | '-' | '+' | '%')
            && chars.peek().is_some_and(|(_, next)| is_of_word(*next));
        if !is_of_word(c) && !joins {
            break;
        }
        end = at + c.len_utf8();
    }
    end
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ids_and_quoted_names_do_not_count() {
        let check = |message: &str, expected: &str| assert_eq!(template(message), expected);
        check("GET /api/devices/17 503", "GET /api/devices/… …");
        check("Saved the site as 20261129_021500.", "Saved the site as ….");
        check("Job backup took 3.5 s: no room", "Job backup took … s: no room");
        check("UNOC 0.1.0 serves http://127.0.0.1:5001/", "UNOC … serves http://…/");
        check("Target \"off site\" refused", "Target \"…\" refused");
        check("The server's name is 'a b'", "The server's name is '…'");
        check("The servers' names", "The servers' names");
        check("Client connected: AbC9x_-", "Client connected: …-");
        check("one \"open quote", "one \"open quote");
        check("Thread engine panicked at x.rs:7\n   0: main", "Thread engine panicked at …");
        check("", "");
        let long = "a ".repeat(300);
        assert_eq!(template(&long).chars().count(), CHARS_MAX + 1);
    }
}
