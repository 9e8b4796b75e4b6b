//! HTTP/1.1 as it is spoken with an upstream (RFC 9112): an answer's head, and how its body is framed. Pure.
//!
//! Strict where two readers could disagree on where an answer ends: such an answer is refused, and its connection
//! is not used again.

use std::mem::MaybeUninit;

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Response, StatusCode, response};
use memchr::memchr;

/// The most header lines of an answer.
const HEADERS_MAX: usize = 100;
/// The most heads before an answer that say that it is yet to come.
const INTERIM_MAX: usize = 100;
/// The longest head of an answer.
pub(super) const HEAD_BYTES_MAX: usize = 120 * 1024;
/// The longest line with the size of a chunk, with whatever extension stands behind it.
const SIZE_LINE_BYTES_MAX: usize = 4 * 1024;
/// The most bytes of the header lines behind a body. They are read and thrown away.
const TRAILER_BYTES_MAX: usize = 16 * 1024;

/// What came is no HTTP that is understood here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// The head of an answer, and what follows it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) parts: response::Parts,
    pub(super) body: Body,
    /// Whether the connection may be used again when the body has ended.
    pub(super) keeps_alive: bool,
}

/// What is yet to come of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunk),
    /// Whatever comes until the connection is closed.
    UntilClose,
}

/// Where in a chunked body the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Before the line with a chunk's size.
    Size,
    /// In a chunk that goes on for so many bytes.
    Data(u64),
    /// Before the end of line behind a chunk.
    Behind,
    /// Before a trailer's line; so many bytes of trailers may still come.
    Trailer(usize),
    /// Behind it all.
    End,
    /// Behind what is no chunk.
    Malformed,
}

/// What was taken out of a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    /// A piece of the body.
    Data(Bytes),
    /// Nothing: more must be read first.
    Nothing,
    /// The body is over.
    End,
}

/// The heads of answers, out of a buffer that grows.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// Where the search for the end of the head goes on, so that one that comes byte by byte is not read each time.
    searched: usize,
    /// How many came that are no answer yet.
    interim: usize,
}

impl Heads {
    /// The next head, where it is there whole. What says that the answer is yet to come is passed over.
    pub(super) fn take(&mut self, buffer: &mut BytesMut) -> Result<Option<Head>, Malformed> {
        while let Some(length) = self.end_of_head(buffer) {
            if length > HEAD_BYTES_MAX {
                return Err(Malformed);
            }
            self.searched = 0;
            let head = parse(&buffer.split_to(length).freeze())?;
            match head.parts.status {
                // Nobody asked for another protocol.
                StatusCode::SWITCHING_PROTOCOLS => return Err(Malformed),
                status if status.is_informational() => {
                    self.interim += 1;
                    if self.interim > INTERIM_MAX {
                        return Err(Malformed);
                    }
                }
                _ => {
                    self.interim = 0;
                    return Ok(Some(head));
                }
            }
        }
        if buffer.len() > HEAD_BYTES_MAX { Err(Malformed) } else { Ok(None) }
    }

    /// The length of the head with its empty line.
    fn end_of_head(&mut self, buffer: &[u8]) -> Option<usize> {
        loop {
            let rest = buffer.get(self.searched..)?;
            let Some(line_end) = memchr(b'\n', rest).map(|at| self.searched + at) else {
                self.searched = buffer.len();
                return None;
            };
            match buffer.get(line_end + 1..)? {
                [b'\n', ..] => return Some(line_end + 2),
                [b'\r', b'\n', ..] => return Some(line_end + 3),
                [] | [b'\r'] => {
                    // Looked at again when there is more behind it.
                    self.searched = line_end;
                    return None;
                }
                _ => self.searched = line_end + 1,
            }
        }
    }
}

fn parse(text: &Bytes) -> Result<Head, Malformed> {
    let mut lines = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut parsed = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    match parser.parse_response_with_uninit_headers(&mut parsed, text, &mut lines) {
        Ok(httparse::Status::Complete(length)) if length == text.len() => {}
        _ => return Err(Malformed),
    }
    let mut response = Response::new(());
    let code = parsed.code.ok_or(Malformed)?;
    *response.status_mut() = StatusCode::from_u16(code).map_err(|_| Malformed)?;
    let is_old = parsed.version == Some(0);
    let headers = response.headers_mut();
    headers.reserve(parsed.headers.len());
    for line in &*parsed.headers {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| Malformed)?;
        let value = HeaderValue::from_maybe_shared(text.slice_ref(line.value)).map_err(|_| Malformed)?;
        headers.append(name, value);
    }
    let (mut parts, ()) = response.into_parts();
    let says = |word: &str| {
        let lines = parts.headers.get_all(CONNECTION).iter();
        lines
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .any(|token| token.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    };
    let keeps_alive = if is_old { says("keep-alive") } else { !says("close") };
    let body = framing(parts.status, is_old, &mut parts.headers)?;
    Ok(Head { parts, body, keeps_alive: keeps_alive && body != Body::UntilClose })
}

/// RFC 9112, section 6.3, for an answer to POST.
fn framing(status: StatusCode, is_old: bool, headers: &mut HeaderMap) -> Result<Body, Malformed> {
    let length = content_length(headers)?;
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let coding = codings.next().map(|coding| (coding.as_bytes().to_ascii_lowercase(), codings.next().is_none()));
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || status.is_informational() {
        return Ok(Body::Length(0));
    }
    match (coding, length) {
        // Another coding than this one is not undone here, and HTTP/1.0 has none.
        (Some((coding, true)), _) if coding == b"chunked" && !is_old => {
            // Whoever believed the length would see another end.
            headers.remove(CONTENT_LENGTH);
            Ok(Body::Chunked(Chunk::Size))
        }
        (Some(_), _) => Err(Malformed),
        (None, Some(length)) => {
            // Said once, however it was said: whoever reads it next may take no list.
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            Ok(Body::Length(length))
        }
        (None, None) => Ok(Body::UntilClose),
    }
}

/// The length, which may be said twice but not in two ways.
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Malformed> {
    let mut length = None;
    for line in headers.get_all(CONTENT_LENGTH) {
        for text in line.as_bytes().split(|byte| *byte == b',') {
            let text = text.trim_ascii();
            if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
                return Err(Malformed);
            }
            let value = std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok()).ok_or(Malformed)?;
            if length.is_some_and(|length| length != value) {
                return Err(Malformed);
            }
            length = Some(value);
        }
    }
    Ok(length)
}

impl Body {
    /// True where nothing is yet to come.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunk::End))
    }

    /// The next piece of the body, as much of it as is there.
    pub(super) fn take(&mut self, buffer: &mut BytesMut) -> Result<Taken, Malformed> {
        match self {
            Self::Length(0) => Ok(Taken::End),
            Self::Length(rest) => Ok(take_up_to(rest, buffer)),
            Self::UntilClose if buffer.is_empty() => Ok(Taken::Nothing),
            Self::UntilClose => Ok(Taken::Data(buffer.split().freeze())),
            Self::Chunked(chunk) => {
                chunk.pass_over_framing(buffer)?;
                let Chunk::Data(rest) = chunk else {
                    return Ok(if *chunk == Chunk::End { Taken::End } else { Taken::Nothing });
                };
                let taken = take_up_to(rest, buffer);
                if *rest == 0 {
                    *chunk = Chunk::Behind;
                    // The end is known as soon as it is there, and not only when the next piece is asked for. What is
                    // wrong behind this piece is said when the piece has passed.
                    if chunk.pass_over_framing(buffer).is_err() {
                        *chunk = Chunk::Malformed;
                    }
                }
                Ok(taken)
            }
        }
    }
}

fn take_up_to(rest: &mut u64, buffer: &mut BytesMut) -> Taken {
    if buffer.is_empty() {
        return Taken::Nothing;
    }
    let bytes = usize::try_from(*rest).map_or(buffer.len(), |rest| rest.min(buffer.len()));
    *rest -= bytes as u64;
    Taken::Data(buffer.split_to(bytes).freeze())
}

impl Chunk {
    /// Takes what stands between the pieces of a body, as far as it is there.
    fn pass_over_framing(&mut self, buffer: &mut BytesMut) -> Result<(), Malformed> {
        loop {
            match self {
                Self::Data(1..) | Self::End => return Ok(()),
                Self::Malformed => return Err(Malformed),
                Self::Data(0) => *self = Self::Behind,
                Self::Behind => match &buffer[..] {
                    [b'\r', b'\n', ..] => {
                        buffer.advance(2);
                        *self = Self::Size;
                    }
                    [] | [b'\r'] => return Ok(()),
                    _ => return Err(Malformed),
                },
                Self::Size => {
                    let Some(line) = line(buffer, SIZE_LINE_BYTES_MAX)? else { return Ok(()) };
                    *self = match chunk_size(&line)? {
                        0 => Self::Trailer(TRAILER_BYTES_MAX),
                        size => Self::Data(size),
                    };
                }
                Self::Trailer(room) => {
                    let Some(line) = line(buffer, *room)? else { return Ok(()) };
                    let room = room.checked_sub(line.len() + 2).ok_or(Malformed)?;
                    *self = if line.is_empty() { Self::End } else { Self::Trailer(room) };
                }
            }
        }
    }
}

/// A whole line without its end, where it is there. It ends with CR LF and with nothing else.
fn line(buffer: &mut BytesMut, bytes_max: usize) -> Result<Option<BytesMut>, Malformed> {
    let Some(end) = memchr(b'\n', buffer) else {
        return if buffer.len() > bytes_max { Err(Malformed) } else { Ok(None) };
    };
    if end > bytes_max {
        return Err(Malformed);
    }
    let mut line = buffer.split_to(end + 1);
    line.truncate(end);
    if line.last() != Some(&b'\r') {
        return Err(Malformed);
    }
    line.truncate(end - 1);
    if memchr(b'\r', &line).is_some() { Err(Malformed) } else { Ok(Some(line)) }
}

/// The size before whatever extension follows it.
fn chunk_size(line: &[u8]) -> Result<u64, Malformed> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, rest) = line.split_at(digits);
    if !matches!(rest.trim_ascii_start(), [] | [b';', ..]) {
        return Err(Malformed);
    }
    // Sixteen digits are the largest number that fits.
    if digits.is_empty() || digits.len() > 16 {
        return Err(Malformed);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| Malformed)?;
    u64::from_str_radix(digits, 16).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(text: &str) -> Result<Option<Head>, Malformed> {
        Heads::default().take(&mut BytesMut::from(text))
    }

    fn framed(lines: &str) -> Result<(Body, bool), Malformed> {
        let head = head(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"))?.unwrap();
        Ok((head.body, head.keeps_alive))
    }

    #[test]
    fn a_heads_lines_say_how_its_body_ends() {
        let chunked = Body::Chunked(Chunk::Size);
        for (lines, expected) in [
            ("Content-Length: 7\r\n", (Body::Length(7), true)),
            ("Content-Length: 7\r\nConnection: close\r\n", (Body::Length(7), false)),
            ("Content-Length: 7\r\nConnection: x, Close\r\n", (Body::Length(7), false)),
            ("content-length: 7\r\ncontent-length: 7\r\n", (Body::Length(7), true)),
            ("Transfer-Encoding: Chunked\r\n", (chunked, true)),
            ("Transfer-Encoding: chunked\r\nContent-Length: 7\r\n", (chunked, true)),
            ("", (Body::UntilClose, false)),
        ] {
            assert_eq!(framed(lines), Ok(expected), "{lines}");
        }
        let both = head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n").unwrap().unwrap();
        assert!(!both.parts.headers.contains_key(CONTENT_LENGTH), "nobody may believe the length");
        let old = head("HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n").unwrap().unwrap();
        assert!(!old.keeps_alive);
        let nothing = head("HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n").unwrap().unwrap();
        assert_eq!(nothing.body, Body::Length(0));
    }

    #[test]
    fn an_answer_whose_end_is_in_doubt_is_refused() {
        for lines in [
            "Content-Length: 7\r\nContent-Length: 8\r\n",
            "Content-Length: 7, 8\r\n",
            "Content-Length: +7\r\n",
            "Content-Length: -7\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length : 7\r\n",
            "X: 1\r\n folded: 2\r\n",
        ] {
            assert_eq!(framed(lines), Err(Malformed), "{lines}");
        }
        for text in [
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
            "\r\n\r\n",
            "SSH-2.0-x\r\n\r\n",
        ] {
            assert!(head(text).is_err(), "{text}");
        }
        assert!(head(&"a".repeat(HEAD_BYTES_MAX + 1)).is_err());
        let many = "X: 1\r\n".repeat(HEADERS_MAX + 1);
        assert!(framed(&many).is_err());
    }

    #[test]
    fn what_comes_before_the_answer_is_passed_over() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(head(text).unwrap().unwrap().parts.status, 201);
        assert!(head("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2").unwrap().is_none());
        let endless = "HTTP/1.1 100 Continue\r\n\r\n".repeat(INTERIM_MAX + 1);
        assert!(head(&endless).is_err());
    }

    #[test]
    fn a_length_is_passed_on_as_one_number() {
        for lines in ["Content-Length: 7, 7\r\n", "Content-Length: 7\r\ncontent-length: 007\r\n"] {
            let head = head(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).unwrap().unwrap();
            let told: Vec<_> = head.parts.headers.get_all(CONTENT_LENGTH).iter().collect();
            assert_eq!(told, ["7"], "{lines}");
        }
    }

    /// All of a body that comes in these pieces, and what is left behind it.
    fn read(mut body: Body, pieces: &[&[u8]]) -> Result<(Vec<u8>, bool, Vec<u8>), Malformed> {
        let (mut buffer, mut whole) = (BytesMut::new(), Vec::new());
        for piece in pieces {
            buffer.extend_from_slice(piece);
            while let Taken::Data(data) = body.take(&mut buffer)? {
                assert!(!data.is_empty());
                whole.extend_from_slice(&data);
            }
        }
        Ok((whole, body.is_over(), buffer.to_vec()))
    }

    #[test]
    fn chunks_that_are_not_well_formed_are_refused() {
        for text in [
            "x\r\n",
            "\r\n",
            "-1\r\n",
            "0x5\r\n",
            "5 5\r\nhello\r\n",
            "5\nhello\r\n",
            "5\r\nhelloX\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "fffffffffffffffff\r\n",
            "5;a\rb\r\nhello\r\n",
            "0\r\nTrailer: x\n\r\n",
        ] {
            assert_eq!(read(Body::Chunked(Chunk::Size), &[text.as_bytes()]), Err(Malformed), "{text}");
        }
        let endless = format!("5;{}", "x".repeat(SIZE_LINE_BYTES_MAX));
        assert_eq!(read(Body::Chunked(Chunk::Size), &[endless.as_bytes()]), Err(Malformed));
        let trailers = format!("0\r\n{}", "X: 1\r\n".repeat(TRAILER_BYTES_MAX / 6 + 1));
        assert_eq!(read(Body::Chunked(Chunk::Size), &[trailers.as_bytes()]), Err(Malformed));
    }

    #[test]
    fn a_body_that_has_come_whole_is_known_to_be_over() {
        let mut body = Body::Chunked(Chunk::Size);
        let mut buffer = BytesMut::from("5;ext=\"x\"\r\nhello\r\n0\r\nX: 1\r\n\r\nnext");
        assert_eq!(body.take(&mut buffer), Ok(Taken::Data(Bytes::from("hello"))));
        assert!(body.is_over(), "without asking for more");
        assert_eq!((body.take(&mut buffer), &buffer[..]), (Ok(Taken::End), b"next".as_slice()));
        assert_eq!(read(Body::Length(3), &[b"ab", b"cd"]), Ok((b"abc".to_vec(), true, b"d".to_vec())));
        assert_eq!(read(Body::UntilClose, &[b"ab", b"cd"]), Ok((b"abcd".to_vec(), false, Vec::new())));
    }

    proptest! {
        #[test]
        fn how_the_bytes_come_changes_nothing(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            trailer in any::<bool>(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n".to_vec();
            for chunk in &chunks {
                text.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                text.extend(chunk);
                text.extend(b"\r\n");
            }
            text.extend(if trailer { b"0\r\nX: 1\r\n\r\n".as_slice() } else { b"0\r\n\r\n" });
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).collect();
            ends.push(text.len());
            ends.sort_unstable();
            let (mut buffer, mut heads, mut whole) = (BytesMut::new(), Heads::default(), Vec::new());
            let (mut body, mut from) = (None, 0);
            for end in ends {
                buffer.extend_from_slice(&text[from..end]);
                from = end;
                if body.is_none() {
                    body = heads.take(&mut buffer).unwrap().map(|head| head.body);
                }
                let Some(body) = &mut body else { continue };
                while let Taken::Data(data) = body.take(&mut buffer).unwrap() {
                    whole.extend_from_slice(&data);
                }
            }
            prop_assert_eq!(whole, chunks.concat());
            prop_assert!(body.unwrap().is_over() && buffer.is_empty());
        }

        #[test]
        fn nothing_that_comes_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut buffer = BytesMut::from(&bytes[..]);
            let _ = Heads::default().take(&mut buffer);
            for body in [Body::Length(20), Body::Chunked(Chunk::Size), Body::UntilClose] {
                let _ = read(body, &[&bytes]);
            }
        }
    }
}
