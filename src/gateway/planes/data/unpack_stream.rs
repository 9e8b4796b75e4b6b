//! Streams in a content coding that nobody asked for: the gateway asks for `identity`, and some servers pack all the
//! same. What is packed cannot be renamed and counted, so it is unpacked as it comes.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes, BytesMut};
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use super::unpack::Coding;

/// About the most that is unpacked at once, however little it was packed into.
const UNPACKED_BYTES_MAX: usize = 64 * 1024;
/// So little is unpacked in one step, that what it may become has room: a byte is never more than 1,032.
const STEP_BYTES: usize = 32;
const STEP_ROOM: usize = STEP_BYTES * 1_032 + 512;

/// What came is not in the coding that it was said to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Undoes a coding piece by piece. What has come and is not yet unpacked waits in it.
pub(super) struct Unpacker {
    decoder: Decoder,
    waiting: BytesMut,
    has_ended: bool,
}

enum Decoder {
    Gzip(MultiGzDecoder<Queue>),
    Deflate(ZlibDecoder<Queue>),
}

/// What has come. Where that is nothing, reading it says to come again.
#[derive(Default)]
struct Queue {
    bytes: BytesMut,
    has_ended: bool,
}

impl Unpacker {
    /// `None` for a coding that is not undone piece by piece.
    pub(super) fn new(coding: Coding) -> Option<Self> {
        let decoder = match coding {
            Coding::Gzip => Decoder::Gzip(MultiGzDecoder::new(Queue::default())),
            Coding::Deflate => Decoder::Deflate(ZlibDecoder::new(Queue::default())),
            Coding::Brotli | Coding::Zstd => return None,
        };
        Some(Self { decoder, waiting: BytesMut::new(), has_ended: false })
    }

    /// Takes what came and gives what it is, about [`UNPACKED_BYTES_MAX`] at most. The rest waits, and is asked for with
    /// nothing.
    pub(super) fn unpack(&mut self, data: &[u8]) -> Result<Bytes, Malformed> {
        self.waiting.extend_from_slice(data);
        let mut unpacked = Vec::new();
        while unpacked.len() < UNPACKED_BYTES_MAX && !self.waiting.is_empty() {
            let step = self.waiting.split_to(STEP_BYTES.min(self.waiting.len()));
            self.queue().bytes.extend_from_slice(&step);
            let start = unpacked.len();
            unpacked.resize(start + STEP_ROOM, 0);
            let length = self.read(unpacked.get_mut(start..).unwrap_or_default())?;
            unpacked.truncate(start + length);
            if self.has_ended {
                // What stands behind it is nobody's.
                self.waiting.clear();
            }
        }
        Ok(Bytes::from(unpacked))
    }

    fn read(&mut self, room: &mut [u8]) -> Result<usize, Malformed> {
        let mut length = 0;
        while let Some(room) = room.get_mut(length..).filter(|room| !room.is_empty()) {
            let read = match &mut self.decoder {
                Decoder::Gzip(decoder) => decoder.read(room),
                Decoder::Deflate(decoder) => decoder.read(room),
            };
            match read {
                Ok(0) => {
                    self.has_ended = true;
                    break;
                }
                Ok(bytes) => length += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Malformed),
            }
        }
        Ok(length)
    }

    /// True where nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// True where what came so far is all: its coding is at an end. To be asked when nothing more comes.
    pub(super) fn is_whole(&mut self) -> bool {
        self.queue().has_ended = true;
        self.has_ended || self.read(&mut [0]) == Ok(0)
    }

    fn queue(&mut self) -> &mut Queue {
        match &mut self.decoder {
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Deflate(decoder) => decoder.get_mut(),
        }
    }
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Unpacker")
    }
}

impl BufRead for Queue {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.is_empty() && !self.has_ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(&self.bytes)
    }

    fn consume(&mut self, bytes: usize) {
        self.bytes.advance(bytes.min(self.bytes.len()));
    }
}

impl Read for Queue {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?.len().min(room.len());
        self.bytes.split_to(bytes).copy_to_slice(room.get_mut(..bytes).unwrap_or_default());
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(text: &[u8]) -> [(Coding, Vec<u8>); 2] {
        let level = flate2::Compression::default();
        let (mut gzip, mut zlib) =
            (flate2::write::GzEncoder::new(Vec::new(), level), flate2::write::ZlibEncoder::new(Vec::new(), level));
        gzip.write_all(text).unwrap();
        zlib.write_all(text).unwrap();
        [(Coding::Gzip, gzip.finish().unwrap()), (Coding::Deflate, zlib.finish().unwrap())]
    }

    #[test]
    fn a_text_is_the_same_however_it_was_cut() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        for (coding, bytes) in packed(&text) {
            for size in [1, 2, 7, 1_000, bytes.len()] {
                let mut unpacker = Unpacker::new(coding).unwrap();
                let mut out = Vec::new();
                for piece in bytes.chunks(size) {
                    out.extend(unpacker.unpack(piece).unwrap());
                    while !unpacker.is_empty() {
                        out.extend(unpacker.unpack(&[]).unwrap());
                    }
                }
                assert!(out == text && unpacker.is_whole(), "{coding:?} {size}");
            }
            let mut cut = Unpacker::new(coding).unwrap();
            let mut rest = cut.unpack(&bytes[..bytes.len() - 1]).unwrap().len();
            while !cut.is_empty() {
                rest += cut.unpack(&[]).unwrap().len();
            }
            assert!(rest <= text.len() && !cut.is_whole());
            assert_eq!(Unpacker::new(coding).unwrap().unpack(b"zip, says who?"), Err(Malformed));
        }
    }

    #[test]
    fn little_that_is_much_comes_in_pieces() {
        for (coding, bytes) in packed(&vec![0; 10_000_000]) {
            let mut unpacker = Unpacker::new(coding).unwrap();
            let mut length = unpacker.unpack(&bytes).unwrap().len();
            while !unpacker.is_empty() {
                let piece = unpacker.unpack(&[]).unwrap().len();
                assert!(piece <= UNPACKED_BYTES_MAX + STEP_ROOM);
                length += piece;
            }
            assert!(length == 10_000_000 && unpacker.is_whole(), "{length}");
        }
    }
}
