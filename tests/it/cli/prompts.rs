//! What is asked on a terminal, and what the answers do.

use std::path::Path;

use super::World;
use crate::support::gateway::KEY;
use crate::support::pty::Terminal;

fn at_terminal(world: &World, words: &[&str]) -> Terminal {
    let url = world.gateway.management_url();
    let mut arguments = vec!["--url", url];
    arguments.extend(words);
    Terminal::start_with(100, 30, world.home.path(), &arguments, &[("REPOINT_API_KEY", KEY)])
}

/// Runs it on a terminal of its own, gives this answer to this question, and tells how it ended.
fn answered(world: &World, words: &[&str], question: &str, answer: &str, said: &str) -> u32 {
    let mut terminal = at_terminal(world, words);
    terminal.until(question);
    terminal.press(answer);
    terminal.until(said);
    terminal.wait().exit_code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_asked_about_and_only_yes_is_yes() {
    let world = World::new().await;
    let delete = ["endpoints", "delete", "my-org/embeddings"];
    let question = "delete my-org/embeddings? [y/N]";
    for no in ["\r", "n\r", "yep\r", "\x04"] {
        let said = if no == "\x04" { "no answer was given" } else { "nothing was written" };
        assert_eq!(answered(&world, &delete, question, no, said), 1, "{no:?}");
    }
    world.run(&["endpoints", "get", "my-org/embeddings"]).await.ended(0);
    assert_eq!(answered(&world, &delete, question, "y\r", "done  delete my-org/embeddings"), 0);
    world.run(&["endpoints", "get", "my-org/embeddings"]).await.ended(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_at_the_question_writes_nothing() {
    let world = World::new().await;
    let mut terminal = at_terminal(&world, &["endpoints", "delete", "my-org/embeddings"]);
    terminal.until("[y/N]");
    terminal.press("\x03");
    assert!(!terminal.wait().success());
    world.run(&["endpoints", "get", "my-org/embeddings"]).await.ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_context_wants_its_name_typed() {
    let world = World::new().await;
    world.configure("protected = true");
    let folder = world.home.path().join("xdg_config_home");
    std::fs::create_dir_all(&folder).unwrap();
    copy(&world.home.path().join(".config/repoint"), &folder.join("repoint"));
    let words = ["endpoints", "repoint", "my-org/glm-5.2", "--model-id", "7qBv2Lm"];
    let ask = |answer: &str, said: &str| {
        let mut terminal = Terminal::start_with(100, 30, world.home.path(), &words, &[("REPOINT_API_KEY", KEY)]);
        terminal.until("type its name (here) to go on:");
        terminal.press(answer);
        terminal.until(said);
        terminal.wait().exit_code()
    };
    assert_eq!(ask("their\r", "is not the context's name; nothing was written"), 1);
    assert_eq!(world.target_of("my-org/glm-5.2").await["model_id"], "3kZ9xqd");
    assert_eq!(ask("here\r", "done  re-point my-org/glm-5.2"), 0);
    assert_eq!(world.target_of("my-org/glm-5.2").await["model_id"], "7qBv2Lm");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::copy(from.join("config.toml"), to.join("config.toml")).unwrap();
}
