//! Bodies that come packed (RFC 9110, section 8.4): taken as what they are worth.
//!
//! What is unpacked is what is judged, counted and sent up. It is bounded in bytes like any body, and by how many times
//! larger it is than what came, so that a small request cannot make the gateway hold a large one.

use std::io::Read;

use bytes::{Buf, Bytes};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, HeaderMap};
use ruzstd::decoding::StreamingDecoder;

/// The codings that are taken, as `Accept-Encoding` names them.
pub(super) const TAKEN: &str = "gzip, deflate, br, zstd";
/// How much is unpacked at once.
const PIECE_BYTES: usize = 64 * 1024;
/// What may be unpacked of however little.
const FREE_BYTES: usize = 1 << 20;
/// Beyond that, how many times larger than it came: prompts are packed to a twentieth, pages of one letter to less.
const RATIO_MAX: usize = 200;
/// The furthest that zstd may look back: what RFC 9659 asks readers to have room for.
const ZSTD_WINDOW_MAX: u64 = 8 << 20;

/// A coding that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// A body is in a coding, or in several, that are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Untaken;

/// Why a body was not unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is not what it says, or not whole.
    Broken,
    /// It is so much larger than it came that nobody means it.
    TooDense,
}

impl Coding {
    /// The coding of a body. `None` where it comes as it is.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Untaken> {
        let mut coding = None;
        let lines = headers.get_all(CONTENT_ENCODING).iter();
        for name in lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
            let named = match name.to_ascii_lowercase().as_slice() {
                b"" | b"identity" => continue,
                b"gzip" | b"x-gzip" => Self::Gzip,
                b"deflate" => Self::Deflate,
                b"br" => Self::Brotli,
                b"zstd" => Self::Zstd,
                _ => return Err(Untaken),
            };
            // One upon the other makes small bodies large twice over, and no client does it.
            if coding.replace(named).is_some() {
                return Err(Untaken);
            }
        }
        Ok(coding)
    }

    /// Its name, as `Content-Encoding` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// The most bytes that unpacking needs beside the body: how far the coding may look back.
    pub(super) fn room_bytes(self) -> usize {
        match self {
            Self::Gzip | Self::Deflate => 64 << 10,
            Self::Brotli => 16 << 20,
            Self::Zstd => 8 << 20,
        }
    }
}

/// A body that is being unpacked, piece by piece.
pub(super) struct Unpacking {
    source: Source,
    packed_bytes: usize,
    unpacked_bytes: usize,
}

enum Source {
    Plain(Box<dyn Read + Send>),
    /// One or several frames, one behind the other.
    Zstd(Zstd),
}

type Packed = bytes::buf::Reader<Bytes>;
type Frame = StreamingDecoder<Packed, ruzstd::decoding::FrameDecoder>;

struct Zstd {
    frame: Option<Box<Frame>>,
    packed: Option<Packed>,
}

impl Unpacking {
    pub(super) fn new(coding: Coding, packed: Bytes) -> Self {
        let packed_bytes = packed.len();
        let is_zlib = matches!(packed[..], [first, second, ..]
            if first & 0x0f == 8 && ((u16::from(first) << 8) | u16::from(second)).is_multiple_of(31));
        let packed = packed.reader();
        let source = match coding {
            Coding::Gzip => Source::Plain(Box::new(MultiGzDecoder::new(packed))),
            Coding::Deflate if is_zlib => Source::Plain(Box::new(ZlibDecoder::new(packed))),
            // What the name says, and what some clients send by it; the standard means the one above.
            Coding::Deflate => Source::Plain(Box::new(DeflateDecoder::new(packed))),
            Coding::Brotli => Source::Plain(Box::new(brotli_decompressor::Decompressor::new(packed, PIECE_BYTES))),
            Coding::Zstd => Source::Zstd(Zstd { frame: None, packed: Some(packed) }),
        };
        Self { source, packed_bytes, unpacked_bytes: 0 }
    }

    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut piece = vec![0; PIECE_BYTES];
        let mut filled = 0;
        while let Some(room) = piece.get_mut(filled..).filter(|room| !room.is_empty()) {
            let read = match &mut self.source {
                Source::Plain(plain) => plain.read(room).map_err(|_| Failure::Broken)?,
                Source::Zstd(zstd) => zstd.read(room)?,
            };
            if read == 0 {
                break;
            }
            filled += read;
        }
        piece.truncate(filled);
        self.unpacked_bytes += filled;
        if self.unpacked_bytes > FREE_BYTES && self.unpacked_bytes / RATIO_MAX > self.packed_bytes {
            return Err(Failure::TooDense);
        }
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }
}

impl Zstd {
    /// Nothing where there is nothing left.
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Failure> {
        loop {
            if let Some(frame) = &mut self.frame {
                match frame.read(room).map_err(|_| Failure::Broken)? {
                    0 => self.packed = self.frame.take().map(|frame| frame.into_inner()),
                    read => return Ok(read),
                }
            }
            match self.packed.take() {
                Some(packed) if packed.get_ref().has_remaining() => {
                    let frame = StreamingDecoder::new_with_max_window_size(packed, ZSTD_WINDOW_MAX);
                    self.frame = Some(Box::new(frame.map_err(|_| Failure::Broken)?));
                }
                _ => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"{"model":"my-org/glm"}"#;
    /// What Python's `brotli` 1.2.1 and `zstandard` 0.25.0 made of [`TEXT`], and of 64 MiB of zeros.
    const BROTLI: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/data/bodies/text.br"));
    const ZSTD: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/data/bodies/text.zst"));
    const BROTLI_ZEROS: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/data/bodies/zeros.br"));

    fn unpack(coding: Coding, packed: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut unpacking = Unpacking::new(coding, Bytes::copy_from_slice(packed));
        let mut whole = Vec::new();
        while let Some(piece) = unpacking.next()? {
            whole.extend(piece);
        }
        Ok(whole)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packing = GzEncoder::new(Vec::new(), Compression::default());
        packing.write_all(bytes).unwrap();
        packing.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut packing = ZlibEncoder::new(Vec::new(), Compression::default());
        packing.write_all(bytes).unwrap();
        packing.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut packing = DeflateEncoder::new(Vec::new(), Compression::default());
        packing.write_all(bytes).unwrap();
        packing.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    #[test]
    fn every_coding_is_unpacked_and_what_is_cut_is_not_taken_for_whole() {
        let text = TEXT.as_bytes();
        for (coding, packed) in [
            (Coding::Gzip, gzip(text)),
            (Coding::Deflate, zlib(text)),
            (Coding::Deflate, deflate(text)),
            (Coding::Brotli, BROTLI.to_vec()),
            (Coding::Zstd, ZSTD.to_vec()),
            (Coding::Zstd, zstd(text)),
        ] {
            assert_eq!(unpack(coding, &packed).unwrap(), text, "{coding:?}");
            for end in 1..packed.len() - 4 {
                assert_eq!(unpack(coding, &packed[..end]), Err(Failure::Broken), "{coding:?} at {end}");
            }
            assert_eq!(unpack(coding, b"{\"model\":\"my-org/glm\"}"), Err(Failure::Broken), "{coding:?}");
        }
        for packed in [gzip(text).repeat(2), gzip(text).repeat(3)] {
            assert_eq!(unpack(Coding::Gzip, &packed).unwrap().len() % text.len(), 0);
        }
        assert_eq!(unpack(Coding::Zstd, &ZSTD.repeat(2)).unwrap(), text.repeat(2));
    }

    #[test]
    fn a_small_body_does_not_become_a_large_one() {
        let zeros = vec![0; 64 << 20];
        for (coding, packed) in [
            (Coding::Gzip, gzip(&zeros)),
            (Coding::Deflate, zlib(&zeros)),
            (Coding::Brotli, BROTLI_ZEROS.to_vec()),
            (Coding::Zstd, zstd(&zeros)),
        ] {
            assert_eq!(unpack(coding, &packed), Err(Failure::TooDense), "{coding:?}");
        }
        // A megabyte of anything is nothing.
        assert_eq!(unpack(Coding::Gzip, &gzip(&zeros[..1 << 20])).unwrap().len(), 1 << 20);
        // A frame whose window is larger than may be asked for: magic, descriptor, window of 16 MiB, an empty block.
        let wide = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 14 << 3, 0x01, 0x00, 0x00];
        assert_eq!(unpack(Coding::Zstd, &wide), Err(Failure::Broken));
    }

    #[test]
    fn codings_are_named_in_any_case_and_one_at_most() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(line));
            }
            Coding::of(&headers)
        };
        for (lines, coding) in [
            (&[][..], None),
            (&["identity"], None),
            (&[""], None),
            (&["GZIP"], Some(Coding::Gzip)),
            (&["x-gzip"], Some(Coding::Gzip)),
            (&["identity, br"], Some(Coding::Brotli)),
            (&["zstd", "identity"], Some(Coding::Zstd)),
            (&["deflate"], Some(Coding::Deflate)),
        ] {
            assert_eq!(of(lines), Ok(coding), "{lines:?}");
        }
        for lines in [&["compress"][..], &["gzip, gzip"], &["gzip", "br"], &["aws-chunked"], &["gzip;q=1"]] {
            assert_eq!(of(lines), Err(Untaken), "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), keeps in 0..40_usize) {
            for (coding, begin) in [
                (Coding::Gzip, gzip(b"abcabcabc")),
                (Coding::Deflate, zlib(b"abcabcabc")),
                (Coding::Brotli, BROTLI.to_vec()),
                (Coding::Zstd, ZSTD.to_vec()),
            ] {
                let mut packed = begin[..keeps.min(begin.len())].to_vec();
                packed.extend(&bytes);
                let _ = unpack(coding, &packed);
            }
        }
    }
}
