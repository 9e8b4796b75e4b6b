//! The real program, as a person or a script runs it, against the real gateway.

mod call;
mod complete;
mod conflict;
mod conformance;
mod contexts;
mod endpoints;
mod files;
mod groups;
mod help;
mod history;
mod keymap;
mod prompts;
mod rollback;
mod schema;
mod status;

use std::process::Stdio;

use repoint::gateway::Options;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::support::gateway::{KEY, TestGateway};

/// A gateway, and a home directory of its own for the program.
struct World {
    gateway: TestGateway,
    home: TempDir,
}

/// How a run of the program ended.
#[derive(Debug, Clone)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    /// Standard output as JSON.
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless the program ended so.
    #[track_caller]
    fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// Fails unless this was said on standard error.
    #[track_caller]
    fn said(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is not in {:?}", self.err);
        self
    }
}

impl World {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self { gateway: TestGateway::with(change).await, home: tempfile::tempdir().unwrap() }
    }

    /// The program with an empty environment but for a home and the key.
    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_repoint"));
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("USER", "tester")
            .env("REPOINT_API_KEY", KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it against this world's gateway.
    async fn run(&self, words: &[&str]) -> Run {
        self.finish(self.program().args(["--url", self.gateway.management_url()]).args(words)).await
    }

    /// Runs it without naming a server.
    async fn bare(&self, words: &[&str]) -> Run {
        self.finish(self.program().args(words)).await
    }

    /// Runs it with this on standard input.
    async fn fed(&self, input: &str, words: &[&str]) -> Run {
        let mut command = self.program();
        command.args(["--url", self.gateway.management_url()]).args(words).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        ended(child.wait_with_output().await.unwrap())
    }

    async fn finish(&self, command: &mut Command) -> Run {
        ended(command.output().await.unwrap())
    }

    /// A file in the home directory.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A configuration with a context that points at this world's gateway.
    fn configure(&self, more: &str) {
        let folder = self.home.path().join(".config/repoint");
        std::fs::create_dir_all(&folder).unwrap();
        let (management, inference) = (self.gateway.management_url(), self.gateway.inference_url());
        let text = format!(
            "context = \"here\"\n\n[contexts.here]\nmanagement_url = \"{management}\"\ninference_url = \"{inference}\"\n\
             key = {{ env = \"REPOINT_API_KEY\" }}\n{more}\n"
        );
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// The target of an endpoint, as the server has it.
    async fn target_of(&self, slug: &str) -> Value {
        self.run(&["endpoints", "get", slug, "-o", "json"]).await.ended(0).json()["targets"][0].clone()
    }
}

fn ended(output: std::process::Output) -> Run {
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
