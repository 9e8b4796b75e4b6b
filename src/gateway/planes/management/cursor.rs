//! Cursors: opaque to callers, safe in a URL, and good only for the list that gave them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::gateway::planes::error::ApiError;
use crate::gateway::store::Sequence;

/// Which list a cursor belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum List {
    Endpoints = b'e',
    Groups = b'g',
    Keys = b'k',
    DeadLetters = b'd',
    AuditNewest = b'a',
    AuditOldest = b'A',
    OwnAuditNewest = b'o',
    OwnAuditOldest = b'O',
}

/// The cursor that goes on after this row.
pub(super) fn encode(list: List, sequence: Sequence) -> String {
    let mut bytes = vec![list as u8];
    bytes.extend(sequence.to_be_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The row that a cursor goes on after. Padding that a caller has added is let pass.
pub(super) fn decode(list: List, text: &str) -> Result<Sequence, ApiError> {
    let malformed = || ApiError::invalid("cursor is not one that this list gave");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| malformed())?;
    match bytes.split_first() {
        Some((kind, number)) if *kind == list as u8 => {
            let sequence = Sequence::from_be_bytes(number.try_into().map_err(|_| malformed())?);
            if sequence < 0 { Err(malformed()) } else { Ok(sequence) }
        }
        _ => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(sequence in 0..i64::MAX) {
            let cursor = encode(List::Endpoints, sequence);
            prop_assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
            prop_assert_eq!(decode(List::Endpoints, &cursor).unwrap(), sequence);
            prop_assert_eq!(decode(List::Endpoints, &format!("{cursor}==")).unwrap(), sequence);
            prop_assert!(decode(List::AuditNewest, &cursor).is_err());
        }

        #[test]
        fn any_other_text_is_refused_and_never_panics(text in ".*") {
            if let Ok(sequence) = decode(List::Endpoints, &text) {
                prop_assert_eq!(encode(List::Endpoints, sequence), text.trim_end_matches('='));
            }
        }
    }
}
