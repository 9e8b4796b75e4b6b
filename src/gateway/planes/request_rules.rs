//! What RFC 9112 wants refused of a request, and a server that only serves would let pass. Pure.
//!
//! hyper believes the chunks of a request that tells a length too and drops the length, so that nobody behind it sees
//! both: [`HeadLines`] looks at the lines themselves. Two readers that frame such a request in two ways, a proxy before
//! the gateway and the gateway, are how requests are smuggled.

use http::header::{HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Version};
use memchr::memchr;

/// The beginning of a line that is kept: enough for the longest name that is looked for, with its colon.
const KEPT_BYTES: usize = 18;

/// What the lines of the head before a request were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// At most one of them said how the body is framed.
    Clear,
    /// One told a length, another a coding.
    Both,
    /// The head came in one piece with what was before it: nobody has looked.
    Unknown,
}

/// Looks at header lines as they come, in whatever pieces.
#[derive(Debug)]
pub(crate) struct HeadLines {
    /// The beginning of the line that is coming.
    line: [u8; KEPT_BYTES],
    line_bytes: usize,
    /// Whether a line has come that was not empty: a head may have empty ones before it.
    has_begun: bool,
    has_length: bool,
    has_coding: bool,
}

impl HeadLines {
    pub(crate) fn new() -> Self {
        Self { line: [0; KEPT_BYTES], line_bytes: 0, has_begun: false, has_length: false, has_coding: false }
    }

    /// Looks at what has come. Says at the end of the head how its body is framed, and how much came behind it.
    pub(crate) fn look_at(&mut self, mut bytes: &[u8]) -> Option<(Framing, usize)> {
        while let Some(end) = memchr(b'\n', bytes) {
            self.keep(bytes.get(..end).unwrap_or_default());
            bytes = bytes.get(end + 1..).unwrap_or_default();
            let line = self.line.get(..self.line_bytes).unwrap_or_default();
            self.line_bytes = 0;
            match line {
                [] | [b'\r'] if self.has_begun => {
                    let is_both = self.has_length && self.has_coding;
                    return Some((if is_both { Framing::Both } else { Framing::Clear }, bytes.len()));
                }
                [] | [b'\r'] => {}
                line => {
                    self.has_begun = true;
                    self.has_length |= is_of(line, b"content-length:");
                    self.has_coding |= is_of(line, b"transfer-encoding:");
                }
            }
        }
        self.keep(bytes);
        None
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.line.get_mut(self.line_bytes..).unwrap_or_default();
        let kept = room.iter_mut().zip(bytes).map(|(to, from)| *to = *from).count();
        self.line_bytes += kept;
    }
}

fn is_of(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
}

/// Why a request is refused with 400, by its rule in RFC 9112. `None` where it is not. Only HTTP/1 has these rules.
pub(crate) fn broken_rule<B>(request: &Request<B>, framing: Framing) -> Option<&'static str> {
    if request.version() > Version::HTTP_11 {
        return None;
    }
    let is_coded = request.headers().contains_key(TRANSFER_ENCODING);
    // Section 6.1: understood is `chunked` alone, and whoever tells a length too may mean something else.
    if is_coded && !is_chunked_alone(request.headers()) {
        return Some("the request has a transfer coding other than chunked");
    }
    match framing {
        Framing::Both => return Some("the request has a content length and a transfer coding"),
        Framing::Unknown if is_coded => return Some("a request in chunks must wait for the answer before it"),
        Framing::Clear | Framing::Unknown => {}
    }
    // Section 3.2.
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => None,
        (None, _) => Some("the request has no Host"),
        (Some(_), Some(_)) => Some("the request has more than one Host"),
        (Some(host), None) if is_host(host) => None,
        (Some(_), None) => Some("the request's Host is none"),
    }
}

fn is_chunked_alone(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_chunked = codings.next().is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    is_chunked && codings.next().is_none()
}

/// A name or an address, and perhaps a port; nothing at all where a target has none. Which one it is opens nothing.
fn is_host(host: &HeaderValue) -> bool {
    host.as_bytes().iter().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b':' | b'[' | b']')
            // Sub-delimiters, which a registered name may have.
            || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framing(text: &str) -> Option<Framing> {
        HeadLines::new().look_at(text.as_bytes()).map(|(framing, _)| framing)
    }

    #[test]
    fn both_lengths_are_seen_in_either_order_and_any_spelling() {
        for lines in [
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "transfer-encoding: chunked\r\nX: y\r\ncontent-length:3\r\n",
            "TRANSFER-ENCODING:\tgzip\nCONTENT-LENGTH: x\n",
        ] {
            for start in ["POST / HTTP/1.1\r\n", "\r\n\r\nPOST / HTTP/1.1\n"] {
                assert_eq!(framing(&format!("{start}{lines}\r\nbody")), Some(Framing::Both), "{lines}");
            }
        }
        for lines in [
            "Content-Length: 3\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 3\r\nX-Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
            "Content-Length: 3\r\n\r\nTransfer-Encoding: chunked\r\n",
            "",
        ] {
            assert_eq!(framing(&format!("POST / HTTP/1.1\r\n{lines}\r\n")), Some(Framing::Clear), "{lines}");
        }
        assert_eq!(framing("POST / HTTP/1.1\r\nContent-Length: 3\r\n"), None);
        assert_eq!(HeadLines::new().look_at(b"GET / HTTP/1.1\r\n\r\nbody"), Some((Framing::Clear, 4)));
    }

    proptest! {
        #[test]
        fn pieces_say_what_the_whole_says(
            lines in prop::collection::vec("(content-length: 1|transfer-encoding: chunked|[a-z-]{1,24}: [a-z]{0,30})\r?", 0..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let text = format!("GET / HTTP/1.1\n{}\n\n", lines.join("\n"));
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let mut looking = HeadLines::new();
            let mut said = None;
            for cut in cuts.windows(2) {
                said = said.or_else(|| looking.look_at(&text.as_bytes()[cut[0]..cut[1]]));
            }
            prop_assert_eq!(said.map(|(framing, _)| framing), framing(&text));
            prop_assert!(said.is_some());
        }
    }

    #[test]
    fn what_the_rules_refuse_is_named() {
        let check = |version, lines: &[(&'static str, &'static str)], framing| {
            let mut request = Request::builder().version(version);
            for (name, value) in lines {
                request = request.header(*name, *value);
            }
            broken_rule(&request.body(()).unwrap(), framing)
        };
        let one = ("host", "a:1");
        for (lines, framing) in [
            (&[][..], Framing::Clear),
            (&[one, one], Framing::Clear),
            (&[("host", "a b")], Framing::Clear),
            (&[("host", "a\tb")], Framing::Clear),
            (&[("host", "u@a")], Framing::Clear),
            (&[("host", "a/b")], Framing::Clear),
            (&[one, ("transfer-encoding", "gzip, chunked")], Framing::Clear),
            (&[one, ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], Framing::Clear),
            (&[one, ("transfer-encoding", "chunked")], Framing::Both),
            (&[one, ("transfer-encoding", "chunked")], Framing::Unknown),
        ] {
            assert!(check(Version::HTTP_11, lines, framing).is_some(), "{lines:?}");
            assert_eq!(check(Version::HTTP_2, lines, framing), None);
        }
        for (lines, framing) in [
            (&[one][..], Framing::Unknown),
            (&[("host", "")], Framing::Clear),
            (&[("host", "[::1]:8788")], Framing::Clear),
            (&[one, ("transfer-encoding", "Chunked")], Framing::Clear),
        ] {
            assert_eq!(check(Version::HTTP_11, lines, framing), None, "{lines:?}");
        }
        assert_eq!(check(Version::HTTP_10, &[], Framing::Clear), None);
    }
}
