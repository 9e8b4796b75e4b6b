//! Looks whether the file of one's own colours has changed, and reads it again.

use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::UnboundedSender;

use super::server::tell;
use super::start::ThemeFile;
use crate::tui::message::Message;

/// Soon enough for somebody who saves and looks up, and seldom enough to cost nothing.
const PERIOD: Duration = Duration::from_secs(1);

/// Tells the colours each time that the file has changed. Ends only when it is aborted.
pub(super) async fn watch(file: ThemeFile, messages: UnboundedSender<Message>) {
    let mut seen = stamp(&file.path).await;
    loop {
        tokio::time::sleep(PERIOD).await;
        let now = stamp(&file.path).await;
        // An editor that writes a new file takes the old one away first: a file that is not there is not read.
        if now == seen || now.is_none() {
            continue;
        }
        seen = now;
        let read = file.read.clone();
        if let Ok(painted) = tokio::task::spawn_blocking(move || read()).await {
            tell(&messages, Message::Painted(painted));
        }
    }
}

async fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
