//! Help, completion scripts and manual pages, as they were read and found good.

use clap::Command;

/// Every command with its help, one below the other.
fn helps(command: &mut Command, into: &mut Vec<(String, String)>) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    // The same on every terminal.
    let help = command.clone().term_width(100).render_long_help().to_string();
    into.push((name, help));
    for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
        helps(sub, into);
    }
}

#[test]
fn every_command_has_a_help_text() {
    let mut command = repoint::cli::command();
    command.build();
    let mut texts = Vec::new();
    helps(&mut command, &mut texts);
    let all: Vec<String> = texts.iter().map(|(name, help)| format!("===== {name}\n{}", help.trim_end())).collect();
    insta::assert_snapshot!("help", all.join("\n\n"));
}

#[test]
fn every_command_that_does_something_has_an_example() {
    let mut command = repoint::cli::command();
    command.build();
    let mut open: Vec<&Command> = vec![&command];
    let mut lacking = Vec::new();
    while let Some(command) = open.pop() {
        let subs: Vec<&Command> = command.get_subcommands().filter(|sub| sub.get_name() != "help").collect();
        let help = command.get_after_help().or(command.get_after_long_help());
        if subs.is_empty() && !help.is_some_and(|help| help.to_string().contains("repoint ")) {
            lacking.push(command.get_bin_name().unwrap_or_default().to_owned());
        }
        open.extend(subs);
    }
    lacking.sort();
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn the_completion_scripts_are_as_they_were_read() {
    for shell in ["bash", "zsh", "fish"] {
        insta::assert_snapshot!(format!("completions_{shell}"), repoint::cli::completions::script(shell).unwrap());
    }
    assert!(repoint::cli::completions::script("tcsh").is_err());
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let mut command = repoint::cli::command();
    command.build();
    let page = repoint::cli::man::page(command.find_subcommand("wait").unwrap()).unwrap();
    insta::with_settings!({filters => vec![(r"repoint \d+\.\d+\.\d+\S*", "repoint VERSION")]}, {
        insta::assert_snapshot!("man_wait", page);
    });
}
