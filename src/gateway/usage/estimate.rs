//! What a prompt and an answer are about, by their letters, where the upstream does not tell.
//!
//! A token is about four letters of English. A letter outside ASCII counts as its bytes in UTF-8: tokenizers spend more
//! on those too. What is no text, an image or a file, counts as a fixed number, whatever its size.

use crate::gateway::json::{Text, Watch};

/// About how many letters make a token.
const LETTERS_PER_TOKEN: u64 = 4;
/// What an image, a sound or a file is taken for: about what a picture of a megapixel costs at the large providers.
pub const TOKENS_PER_ATTACHMENT: u64 = 1_000;
/// So far into a string it is looked for what only text has.
const LOOK_BYTES: usize = 256;

/// About what a prompt and its answer are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Tokens of the prompt.
    pub input: u64,
    /// Tokens of the answer, as far as it was seen.
    pub output: u64,
}

/// About how many tokens so many letters are.
#[must_use]
pub fn tokens_of(letters: u64) -> u64 {
    letters.div_ceil(LETTERS_PER_TOKEN)
}

/// Counts what is in a request's body for the model: messages, prompt, input, tools and what tools said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PromptWatch {
    letters: u64,
    attachments: u64,
    /// Prompts may be given as tokens.
    token_ids: u64,
    part: Part,
}

/// What the member that is passed over is to the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    /// Settings: nothing.
    #[default]
    Setting,
    /// Text, in objects whose keys the model does not see.
    Text,
    /// Text, or tokens.
    TextOrTokens,
    /// A description whose keys the model sees.
    Schema,
}

impl PromptWatch {
    /// About how many tokens the prompt is.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        let attached = self.attachments.saturating_mul(TOKENS_PER_ATTACHMENT);
        tokens_of(self.letters).saturating_add(attached).saturating_add(self.token_ids)
    }
}

impl Watch for PromptWatch {
    fn enter(&mut self, key: &[u8]) {
        self.part = match key {
            b"\"messages\"" | b"\"system\"" | b"\"instructions\"" | b"\"suffix\"" => Part::Text,
            b"\"prompt\"" | b"\"input\"" => Part::TextOrTokens,
            b"\"tools\"" | b"\"functions\"" => Part::Schema,
            _ => Part::Setting,
        };
    }

    fn key(&mut self, key: &[u8]) {
        if self.part == Part::Schema {
            self.letters += key.len().saturating_sub(2) as u64;
        }
    }

    fn string(&mut self, text: Text<'_>) {
        match self.part {
            Part::Setting => {}
            Part::Schema => self.letters += text.bytes as u64,
            Part::Text | Part::TextOrTokens => match kind(&text) {
                Kind::Text => self.letters += text.bytes as u64,
                Kind::Attachment => self.attachments += 1,
                Kind::Label => {}
            },
        }
    }

    fn scalar(&mut self, is_in_array: bool) {
        self.token_ids += u64::from(self.part == Part::TextOrTokens && is_in_array);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Attachment,
    /// What the model does not see, or what stands beside an attachment.
    Label,
}

/// What a string in a message is, by its key: `image_url` (chat: an object with `url`), `input_audio.data`,
/// `file.file_data`, `file_id`, `source.data` and `source.url` are the places of the dialects.
fn kind(text: &Text<'_>) -> Kind {
    match text.key {
        b"\"type\""
        | b"\"id\""
        | b"\"tool_call_id\""
        | b"\"tool_use_id\""
        | b"\"call_id\""
        | b"\"media_type\""
        | b"\"format\""
        | b"\"filename\""
        | b"\"detail\""
        | b"\"status\""
        | b"\"signature\""
        | b"\"encrypted_content\"" => Kind::Label,
        b"\"url\"" | b"\"image_url\"" | b"\"file_url\"" | b"\"file_id\"" => Kind::Attachment,
        // A document may be given as text, which has a space or an escape before long.
        b"\"data\"" | b"\"file_data\"" if !is_text(text.inner) => Kind::Attachment,
        _ if text.inner.starts_with(b"data:") && is_data_url(text.inner) => Kind::Attachment,
        _ => Kind::Text,
    }
}

fn is_text(inner: &[u8]) -> bool {
    let beginning = inner.get(..LOOK_BYTES.min(inner.len())).unwrap_or_default();
    memchr::memchr3(b' ', b'\\', b'\n', beginning).is_some()
}

fn is_data_url(inner: &[u8]) -> bool {
    let beginning = inner.get(..LOOK_BYTES.min(inner.len())).unwrap_or_default();
    memchr::memmem::find(beginning, b";base64,").is_some()
}

/// Counts the letters of an answer, or of a piece of one, as it is passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswerWatch {
    letters: u64,
    finishes: u32,
    has_failed: bool,
    part: AnswerPart,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum AnswerPart {
    #[default]
    Aside,
    /// The answer is in it.
    Begins,
    /// Within it.
    Within,
}

impl AnswerWatch {
    /// How many letters there were.
    #[must_use]
    pub fn letters(&self) -> u64 {
        self.letters
    }

    /// How many choices said why they ended.
    #[must_use]
    pub fn finishes(&self) -> u32 {
        self.finishes
    }

    /// True where one said that it ended by an error.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }
}

impl Watch for AnswerWatch {
    fn enter(&mut self, key: &[u8]) {
        self.part = match key {
            b"\"choices\"" | b"\"delta\"" | b"\"content\"" | b"\"output\"" => AnswerPart::Begins,
            _ => AnswerPart::Aside,
        };
    }

    fn string(&mut self, text: Text<'_>) {
        let is_text = match (self.part, text.key) {
            (AnswerPart::Aside, _) => return,
            (AnswerPart::Begins, b"") => true,
            // What stands in an array without a name is a token that is told beside its text.
            (AnswerPart::Within, b"") => false,
            (_, b"\"finish_reason\"") => {
                self.finishes += 1;
                self.has_failed |= text.inner == b"error";
                false
            }
            (_, key) => !is_label(key),
        };
        self.part = AnswerPart::Within;
        self.letters += if is_text { text.bytes as u64 } else { 0 };
    }
}

/// Members of an answer that are no part of what was said.
fn is_label(key: &[u8]) -> bool {
    matches!(
        key,
        b"\"type\""
            | b"\"id\""
            | b"\"role\""
            | b"\"status\""
            | b"\"call_id\""
            | b"\"object\""
            | b"\"stop_reason\""
            | b"\"signature\""
            | b"\"encrypted_content\""
            | b"\"token\""
    )
}
