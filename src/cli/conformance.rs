//! `repoint conformance --url URL`: the contract's operations against any server, beside our own gateway.
//!
//! Each operation is sent to both; what is compared is the status and the fields of the answer, which is all that a
//! client may depend on. What is made is called after a name of its own and taken away again, also after a failure.

mod operations;
mod side;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::Exit;
use super::output::{self, Format, Output, Table};
use super::select::Select;
use super::session::Session;
use super::speak::Speak;
use crate::gateway::{DataLocation, Gateway, Options, Seed};
use operations::{OPERATIONS, Operation};
use side::{Seen, Side};

/// `repoint conformance`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Makes endpoints, a group and a key whose names begin with repoint-conformance-, and deletes them again. Exits with 0 when nothing differs but what is our own decision, with 2 when something does.\n\nExamples:\n  REPOINT_API_KEY=… repoint conformance --url https://gateway.example\n  repoint conformance -c sandbox --org-prefix my-org -o json"
)]
pub struct Conformance {
    /// The prefix of the slugs that are made; that of the context, or of the first endpoint, where it is not given
    #[arg(long, value_name = "PREFIX")]
    org_prefix: Option<String>,
    /// Show only what differs
    #[arg(long)]
    differing: bool,
    /// List the operations, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// The context's name, instead of typing it, to write in a protected context
    #[arg(long, value_name = "CONTEXT")]
    confirm: Option<String>,
}

/// One operation on both servers.
struct Row {
    operation: &'static Operation,
    theirs: Seen,
    ours: Seen,
}

impl Row {
    fn differs(&self) -> bool {
        !self.theirs.is_like(&self.ours)
    }

    /// A difference that no client depends on.
    fn is_excused(&self) -> bool {
        self.operation.is_ours
    }
}

/// Runs it.
///
/// # Errors
/// The server cannot be opened, or something could not be cleaned up.
pub async fn run(args: &Conformance, select: &Select, speak: Speak) -> anyhow::Result<Exit> {
    let out = speak.out();
    if args.dry_run {
        return list(out).map(|()| Exit::Done);
    }
    let session = Session::open(select, speak).await?;
    // Nobody is asked about single writes here; a protected context is asked about once.
    super::write::writer(&session, args.confirm.as_deref())?;
    let prefix = org_prefix(args, &session).await?;
    let gateway = ours(&prefix).await?;
    let name = format!("repoint-conformance-{}", uuid::Uuid::now_v7().simple());
    let key = session.management_key().await?;
    let mut theirs = Side::new(session.client.management_url().as_str(), key, &prefix, &name)?;
    let mut ours = Side::new(&gateway.addresses().management_url, gateway.key().clone(), &prefix, &name)?;
    let mut rows = Vec::new();
    for (place, operation) in OPERATIONS.iter().enumerate() {
        out.progress(&format!("{}/{}  {}", place + 1, OPERATIONS.len(), operation.name));
        let (theirs, ours) = tokio::join!(theirs.send(operation), ours.send(operation));
        rows.push(Row { operation, theirs, ours });
    }
    out.progress_over();
    let left = theirs.clean_up().await;
    gateway.stop().await;
    session.close().await;
    tell(out, &rows, args.differing)?;
    if !left.is_empty() {
        anyhow::bail!("could not take away again: {}", left.join(", "));
    }
    let differs = rows.iter().any(|row| row.differs() && !row.is_excused());
    Ok(if differs { Exit::Differs } else { Exit::Done })
}

fn list(out: Output) -> anyhow::Result<()> {
    let mut table = Table::new(&["OPERATION", "REQUEST", "DECIDED BY"]);
    for operation in OPERATIONS {
        let by = if operation.is_ours { "us" } else { "the contract" };
        table.push([operation.name.to_owned(), format!("{} {}", operation.method, operation.path), by.to_owned()]);
    }
    let values: Vec<Value> = OPERATIONS
        .iter()
        .map(|it| json!({ "operation": it.name, "method": it.method, "path": it.path, "ours": it.is_ours }))
        .collect();
    out.list(&table, &values)
}

async fn org_prefix(args: &Conformance, session: &Session) -> anyhow::Result<String> {
    if let Some(prefix) = &args.org_prefix {
        return Ok(prefix.clone());
    }
    if let Some(prefix) = session.context().org_prefixes.first() {
        return Ok(prefix.clone());
    }
    let first = session.client.endpoints_page(None, 1).await?.body.items.into_iter().next();
    let first = first.context("which prefix the slugs may have is not known\nhint: --org-prefix PREFIX")?;
    Ok(first.slug.org_prefix().to_owned())
}

/// A gateway of our own in this process, in memory, that takes the same prefix.
async fn ours(prefix: &str) -> anyhow::Result<Gateway> {
    let options = Options {
        data: DataLocation::Memory,
        listen: ([127, 0, 0, 1], 0).into(),
        inference_listen: ([127, 0, 0, 1], 0).into(),
        seed: Seed::Workspace,
        org_prefixes: vec![prefix.to_owned()],
        management_key: Some(format!("{}{}", uuid::Uuid::now_v7(), uuid::Uuid::now_v7()).into()),
        ..Options::default()
    };
    Gateway::start(options).await.context("cannot start a gateway to compare with")
}

fn tell(out: Output, rows: &[Row], only_differing: bool) -> anyhow::Result<()> {
    let mut table = Table::new(&["OPERATION", "THEIRS", "OURS", "DIFFERS"]);
    for row in rows.iter().filter(|row| !only_differing || row.differs()) {
        let verdict = match (row.differs(), row.is_excused()) {
            (false, _) => "no".to_owned(),
            (true, true) => format!("our decision: {}", row.theirs.difference(&row.ours)),
            (true, false) => row.theirs.difference(&row.ours),
        };
        table.push([row.operation.name.to_owned(), row.theirs.text(), row.ours.text(), verdict]);
    }
    let values: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "operation": row.operation.name,
                "method": row.operation.method,
                "path": row.operation.path,
                "theirs": row.theirs.value(),
                "ours": row.ours.value(),
                "differs": row.differs(),
                "our_decision": row.is_excused(),
            })
        })
        .collect();
    if out.format() != Format::Table || !only_differing || rows.iter().any(Row::differs) {
        out.list(&table, &values)?;
    }
    let differs = rows.iter().filter(|row| row.differs() && !row.is_excused()).count();
    let excused = rows.iter().filter(|row| row.differs() && row.is_excused()).count();
    output_summary(out, rows.len(), differs, excused);
    Ok(())
}

fn output_summary(out: Output, all: usize, differs: usize, excused: usize) {
    let own = if excused == 0 { String::new() } else { format!(" beside {excused} decisions of our own") };
    if differs == 0 {
        out.say(&format!("{all} operations: nothing differs{own}"));
    } else {
        output::talk(&format!("{all} operations: {differs} differ{own}"));
    }
}
