//! Texts that fit: cleaned of what could harm a terminal, measured and cut by display width, ages and spans in words.
//!
//! Everything that came from a server, a file or a paste goes through [`clean`] before it is drawn. Pure: the
//! time is passed in.

use std::borrow::Cow;
use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::api::Time;

/// What stands where a text was cut.
pub const ELLIPSIS: &str = "…";
/// What stands for a character that must not reach the terminal.
pub const REPLACEMENT: char = '\u{fffd}';

/// True for what moves the cursor, colours the screen, reverses or hides text: controls, bidi marks, line separators.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with everything harmful replaced by a visible sign, so that a forged name looks forged.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) || !text.chars().any(is_harmful) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(|c| if is_harmful(c) { REPLACEMENT } else { c }).collect())
    }
}

/// How many columns the text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// The text cleaned and cut to at most `columns`, with an ellipsis where something is missing.
#[must_use]
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        kept.push_str(grapheme);
    }
    kept.push_str(ELLIPSIS);
    Cow::Owned(kept)
}

/// The text cleaned and cut at its front: the end of a path or of an address says more than its beginning.
#[must_use]
pub fn cut_front(text: &str, columns: usize) -> Cow<'_, str> {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut kept: Vec<&str> = Vec::new();
    for grapheme in text.graphemes(true).rev() {
        let wide = grapheme.width();
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        kept.push(grapheme);
    }
    kept.push(ELLIPSIS);
    Cow::Owned(kept.into_iter().rev().collect())
}

/// Exactly `columns` wide: cut, or filled with spaces at the end.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let missing = columns.saturating_sub(width(&text));
    let mut filled = text.into_owned();
    filled.extend(std::iter::repeat_n(' ', missing));
    filled
}

/// Exactly `columns` wide, the text at the right end.
#[must_use]
pub fn fit_right(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let missing = columns.saturating_sub(width(&text));
    format!("{}{text}", " ".repeat(missing))
}

/// The text broken at spaces into lines of at most `columns`; a longer word is broken where it must be.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let paragraph = clean(paragraph);
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split(' ') {
            let wide = width(word);
            if used > 0 && used + 1 + wide > columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            for grapheme in word.graphemes(true) {
                let wide = grapheme.width();
                if used + wide > columns {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(grapheme);
                used += wide;
            }
        }
        lines.push(line);
    }
    lines
}

/// A number with thin groups: `12 345`.
#[must_use]
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 endpoint`, `2 endpoints`.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// The same of a count of the wire.
#[must_use]
pub fn counted_u64(number: u64, noun: &str) -> String {
    counted(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

/// How long something takes or is ago, in its largest unit: `41 s`, `3 min`, `5 h`, `12 days`, `5 months`.
#[must_use]
pub fn span(duration: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = duration.as_secs();
    let named = |number: u64, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ if seconds < 60 * DAY => named(seconds / DAY, "day"),
        _ if seconds < 730 * DAY => named(seconds / (30 * DAY), "month"),
        _ => named(seconds / (365 * DAY), "year"),
    }
}

/// How long a request took, in its own unit: `<1 ms`, `84 ms`, `1.2 s`, `41 s`, `3 min`.
#[must_use]
pub fn latency(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "<1 ms".to_owned(),
        millis @ 1..1_000 => format!("{millis} ms"),
        millis @ 1_000..10_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => span(duration),
    }
}

/// So many in so many seconds, a second: `0`, `0.4`, `12.3`, `12 345`.
#[must_use]
pub fn rate(count: u64, seconds: u64) -> String {
    let tenths = count.saturating_mul(10) / seconds.max(1);
    match tenths {
        0 if count > 0 => "<0.1".to_owned(),
        0 => "0".to_owned(),
        1..1_000 => format!("{}.{}", tenths / 10, tenths % 10),
        _ => self::count(usize::try_from(tenths / 10).unwrap_or(usize::MAX)),
    }
}

/// A size in its own unit: `512 B`, `14 kB`, `14.2 MB`, `3.1 GB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit / (unit / 10));
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

/// A share in percent: `0 %`, `0.1 %`, `12 %`. Never 0 where there is any, never 100 where there is other.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    let mille = u128::from(part) * 1_000 / u128::from(whole.max(1));
    match mille {
        0 if part > 0 => "<0.1 %".to_owned(),
        0 => "0 %".to_owned(),
        1..100 => format!("{}.{} %", mille / 10, mille % 10),
        _ => format!("{} %", mille / 10),
    }
}

/// `60 s`, `90 s`, `5 min`: an interval, in seconds as long as that can be read.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 120 { format!("{seconds} s") } else { span(duration) }
}

/// `19 s ago`; `now` within the first second; a time that lies ahead is said to.
#[must_use]
pub fn ago(now: Time, then: Time) -> String {
    if then > now {
        let ahead = then.since(now);
        return if ahead < Duration::from_secs(2) { "now".to_owned() } else { format!("in {}", span(ahead)) };
    }
    let passed = now.since(then);
    if passed < Duration::from_secs(1) { "now".to_owned() } else { format!("{} ago", span(passed)) }
}

/// `13:30:02`, in UTC.
#[must_use]
pub fn clock(time: Time) -> String {
    time.timestamp().strftime("%H:%M:%S").to_string()
}

/// `2026-06-17 12:00:00Z`.
#[must_use]
pub fn date(time: Time) -> String {
    time.timestamp().strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmful_characters_become_visible() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\r\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}\u{fffd}");
        assert!(matches!(clean("my-org/glm-5.2"), Cow::Borrowed(_)));
        assert_eq!(clean("日本 👩\u{200d}🔬"), "日本 👩\u{200d}🔬");
    }

    #[test]
    fn texts_are_cut_by_columns_not_by_letters() {
        assert_eq!(cut("日本語モデル", 7), "日本語…");
        assert_eq!(cut("日本語モデル", 6), "日本…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("short", 0), "");
        assert_eq!(fit("日本", 5), "日本 ");
        assert_eq!(cut_front("https://gateway.example", 8), "…example");
    }

    #[test]
    fn lines_never_grow_past_their_width() {
        for columns in 1..20 {
            for line in wrap("a sentence of several words, 日本語モデル and averyveryverylongword", columns.max(2))
            {
                assert!(width(&line) <= columns.max(2), "{line:?} at {columns}");
            }
        }
        assert_eq!(wrap("one two", 7), ["one two"]);
        assert_eq!(wrap("one two", 6), ["one", "two"]);
    }

    #[test]
    fn ages_use_their_largest_unit() {
        let at = |seconds: u64| Time::EPOCH.plus(Duration::from_secs(seconds));
        assert_eq!(ago(at(19), Time::EPOCH), "19 s ago");
        assert_eq!(ago(at(0), Time::EPOCH), "now");
        assert_eq!(ago(at(150 * 86_400), Time::EPOCH), "5 months ago");
        assert_eq!(ago(Time::EPOCH, at(90)), "in 1 min");
        assert_eq!(span(Duration::from_hours(24)), "1 day");
    }

    #[test]
    fn figures_of_traffic_never_round_something_to_nothing() {
        assert_eq!([latency(Duration::from_micros(900)), latency(Duration::from_millis(84))], ["<1 ms", "84 ms"]);
        assert_eq!([latency(Duration::from_millis(1_290)), latency(Duration::from_secs(41))], ["1.2 s", "41 s"]);
        assert_eq!(
            [rate(0, 10), rate(1, 60), rate(4, 10), rate(123, 10), rate(123_456, 10)],
            ["0", "<0.1", "0.4", "12.3", "12 345"]
        );
        assert_eq!(
            [percent(0, 5), percent(1, 5_000), percent(1, 900), percent(1, 8), percent(5, 5)],
            ["0 %", "<0.1 %", "0.1 %", "12 %", "100 %"]
        );
    }

    #[test]
    fn numbers_are_grouped_from_five_digits_on() {
        assert_eq!(count(1234), "1234");
        assert_eq!(count(100_000), "100 000");
        assert_eq!(counted(1, "endpoint"), "1 endpoint");
    }
}
