//! `repoint keys …`: the federated keys of a group.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Exit;
use super::completions::candidates;
use super::groups;
use super::output::Table;
use super::resolve::resolve;
use super::select::Mistyped;
use super::session::Session;
use super::write::{Ask, Write, WriteArgs, write};
use crate::api::RegisterKey;
use crate::client::signed_registration;
use crate::plan::{Change, Plan};

/// No key, body or signature is longer.
const INPUT_BYTES_MAX: u64 = 64 << 10;

/// What is done with keys.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List a group's keys: their public parts and names
    #[command(after_help = "Examples:\n  repoint keys list acme\n  repoint keys list grp1 -o json")]
    List(List),
    /// Make a new key; it is printed this once
    #[command(
        after_help = "The key is the only thing on standard output:\n  KEY=$(repoint keys mint acme --name ci --quiet)"
    )]
    Mint(Mint),
    /// Register a key that the customer made, signed with the workspace's private key
    #[command(
        after_help = "The signature is base64 Ed25519 over the exact bytes of the body. With --sign-with it is made here.\n\nExamples:\n  repoint keys register acme --body body.json --signature \"$(cat body.sig)\"\n  pass show acme-key | repoint keys register acme --key-file - --name prod --sign-with workspace.pk8"
    )]
    Register(Register),
    /// Revoke keys for good
    #[command(
        after_help = "Examples:\n  repoint keys revoke acme sky_sCqhBwEy4kPd\n  repoint keys revoke acme ci --yes"
    )]
    Revoke(Revoke),
}

/// `list`.
#[derive(Debug, Clone, Args)]
pub struct List {
    /// The group: its id, own id or name
    #[arg(value_name = "GROUP", add = candidates::groups())]
    group: String,
}

/// `mint`.
#[derive(Debug, Clone, Args)]
pub struct Mint {
    /// The group: its id, own id or name
    #[arg(value_name = "GROUP", add = candidates::groups())]
    group: String,
    /// What the key is called
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    write: WriteArgs,
}

/// `register`.
#[derive(Debug, Clone, Args)]
pub struct Register {
    /// The group: its id, own id or name
    #[arg(value_name = "GROUP", add = candidates::groups())]
    group: String,
    /// The body that was signed: a file with {"key":…,"name":…}, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key_file", "name", "sign_with"], required_unless_present = "key_file")]
    body: Option<PathBuf>,
    /// The signature of the body
    #[arg(long, value_name = "BASE64", required_unless_present = "sign_with", conflicts_with = "sign_with")]
    signature: Option<String>,
    /// The key itself: a file, or - for standard input
    #[arg(long, value_name = "FILE", requires = "sign_with")]
    key_file: Option<PathBuf>,
    /// What the key is called
    #[arg(long, value_name = "NAME", requires = "key_file")]
    name: Option<String>,
    /// The workspace's private key: Ed25519 in PKCS #8, as PEM or DER
    #[arg(long, value_name = "FILE", requires = "key_file")]
    sign_with: Option<PathBuf>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// The context's name, instead of typing it, to write in a protected context
    #[arg(long, value_name = "CONTEXT")]
    confirm: Option<String>,
}

/// `revoke`.
#[derive(Debug, Clone, Args)]
pub struct Revoke {
    /// The group: its id, own id or name
    #[arg(value_name = "GROUP", add = candidates::groups())]
    group: String,
    /// The keys: their public parts or names
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    #[command(flatten)]
    write: WriteArgs,
}

/// Does it.
///
/// # Errors
/// The server's, a name that names nothing, a file that cannot be read.
pub async fn run(session: &Session, command: &Command) -> anyhow::Result<Exit> {
    match command {
        Command::List(list) => {
            let group = groups::find(session, &list.group).await?;
            let keys = session.keys(&group.id).await?;
            let mut table = Table::new(&["PREFIX", "NAME"]);
            for key in &keys {
                table.push([key.prefix.to_string(), key.name.clone().unwrap_or_default()]);
            }
            session.out.list(&table, &keys)?;
            Ok(Exit::Done)
        }
        Command::Mint(mint) => {
            let group = groups::find(session, &mint.group).await?;
            let plan = Plan::from(Change::MintKey { group: group.id, name: mint.name.clone() });
            write(session, &Write::new(&plan, &mint.write, Ask::Never)).await
        }
        Command::Register(register) => run_register(session, register).await,
        Command::Revoke(revoke) => {
            let group = groups::find(session, &revoke.group).await?;
            let keys = session.keys(&group.id).await?;
            let mut changes = Vec::new();
            for name in &revoke.keys {
                changes.push(Change::RevokeKey { group: group.id.clone(), key: resolve(&keys, name)?.clone() });
            }
            let plan = Plan::new(changes);
            write(session, &Write::new(&plan, &revoke.write, Ask::Always)).await
        }
    }
}

/// The one write that is no plan: its body is signed as it stands, and only the customer knows the key.
async fn run_register(session: &Session, register: &Register) -> anyhow::Result<Exit> {
    let group = groups::find(session, &register.group).await?;
    let (body, signature) = signed(register)?;
    let prefix = serde_json::from_slice::<RegisterKey>(&body)
        .map(|body| body.key.chars().take(16).collect::<String>())
        .map_err(|_| Mistyped("the body is not JSON with a \"key\"".to_owned()))?;
    if register.dry_run {
        session.out.say(&format!("would register the key {prefix}… for group {}", group.id));
        return Ok(Exit::Done);
    }
    let client = super::write::writer(session, register.confirm.as_deref())?;
    client.register_key(&group.id, body, &signature).await?;
    session.out.value(&json!({ "ok": true, "group": group.id, "prefix": prefix }))?;
    Ok(Exit::Done)
}

fn signed(register: &Register) -> anyhow::Result<(Vec<u8>, String)> {
    if let (Some(body), Some(signature)) = (&register.body, &register.signature) {
        return Ok((read(body)?, signature.clone()));
    }
    let (Some(key), Some(signer)) = (&register.key_file, &register.sign_with) else {
        bail!(Mistyped("give --body and --signature, or --key-file and --sign-with".to_owned()));
    };
    let key = String::from_utf8(read(key)?).context("the key is no text")?;
    Ok(signed_registration(&key, register.name.as_deref(), &read(signer)?)?)
}

/// A small file, or standard input for `-`.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes))
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    anyhow::ensure!(bytes.len() as u64 <= INPUT_BYTES_MAX, "{} is too long", path.display());
    Ok(bytes)
}
