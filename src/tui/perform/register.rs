//! Registers a key that the customer made, from the files that hold it.

use std::io::Read as _;
use std::path::Path;

use super::server::{Messages, tell};
use crate::api::{GroupId, KeyPrefix};
use crate::client::{Client, signed_registration};
use crate::tui::effect::KeyFiles;
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::message::Message;
use crate::tui::wanted::Found;

/// No longer file holds a key.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// A key's public part: so many of its first characters.
const PREFIX_CHARS: usize = 16;

/// Registers it, and says so.
pub(super) async fn register(client: Client, ticket: Ticket, group: GroupId, files: KeyFiles, messages: Messages) {
    let found = send(&client, &group, files).await;
    tell(&messages, Message::Found { ticket, found: Box::new(found.map(Found::Registered)) });
}

async fn send(client: &Client, group: &GroupId, files: KeyFiles) -> Result<KeyPrefix, Failure> {
    let signed = tokio::task::spawn_blocking(move || {
        let key = String::from_utf8(read(&files.key_file)?)
            .map_err(|_| failure(format!("{} holds no key: it is no text", files.key_file.display())))?;
        let private_key = read(&files.sign_with)?;
        let (body, signature) = signed_registration(&key, files.name.as_deref(), &private_key)?;
        Ok::<_, Failure>((key.trim().chars().take(PREFIX_CHARS).collect::<String>(), body, signature))
    });
    let (prefix, body, signature) = signed.await.map_err(|_| failure("the files could not be read".to_owned()))??;
    client.register_key(group, body, &signature).await?;
    Ok(KeyPrefix::new(prefix))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|error| failure(format!("cannot read {}: {error}", path.display())))?;
    Ok(bytes)
}

fn failure(said: String) -> Failure {
    Failure::new(FailureKind::Invalid, said)
}
