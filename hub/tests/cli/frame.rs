//! Help, usage errors, exit codes and error formats.

use crate::Folder;

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    let help = Folder::new().run("--help").ok();
    for word in ["synth", "link", "rules", "explain", "evaluate", "Exit codes:", "130  interrupted"] {
        assert!(help.contains(word), "{word} in {help}");
    }
    assert!(Folder::new().run("--version").ok().starts_with("nayose "));
}

#[test]
fn every_command_has_help() {
    for command in [
        "synth",
        "link",
        "rules",
        "rules check",
        "rules test",
        "rules train",
        "rules blocks",
        "explain",
        "evaluate",
        "serve",
        "directory load",
        "import",
        "verify",
        "backup",
        "restore",
        "keyring new",
        "token new",
    ] {
        let help = Folder::new().run(&format!("{command} --help")).ok();
        assert!(help.contains("Usage: nayose"), "{help}");
    }
}

#[test]
fn wrong_command_lines_end_with_2() {
    let folder = Folder::new();
    for (line, message) in [
        ("", "Usage"),
        ("lnk", "unrecognized subcommand"),
        ("synth", "--out"),
        ("synth --out x --people many", "invalid value 'many'"),
        ("synth --out x --people 0", "cannot make `0` people"),
        ("synth --out x --columns wide", "[possible values: person, jp_10k]"),
        ("evaluate --truth t.csv", "--clusters"),
        ("evaluate --truth t.csv --clusters c.csv --source s", "--records"),
        ("evaluate --truth t.csv --clusters c.csv --threshold 1", "--pairs"),
        ("link a.csv --out c.csv", "--rules"),
        ("link --rules r.toml a.csv b.csv c.csv --out c.csv", "error"),
    ] {
        folder.run(line).fails(2, message);
    }
}

#[test]
fn errors_can_be_read_by_machines() {
    let folder = Folder::new();
    folder.write("truth.csv", "");
    for (line, code, expected) in [
        ("--error-format json lnk", 2, r#""kind":"usage""#),
        ("--error-format=json evaluate", 2, r#""exit_code":2"#),
        ("--error-format json evaluate --truth truth.csv --clusters c.csv", 3, "`truth.csv` is empty"),
        ("evaluate --truth none.csv --clusters c.csv --error-format json", 3, r#""causes":["#),
    ] {
        let outcome = folder.run(line);
        outcome.fails(code, expected);
        assert!(outcome.err.starts_with('{') && outcome.err.trim_end().ends_with('}'), "{}", outcome.err);
        assert_eq!(outcome.out, "");
    }
}

#[test]
fn errors_for_people_name_the_file_and_the_cause() {
    let outcome = Folder::new().run("evaluate --truth none.csv --clusters c.csv");
    outcome.fails(3, "error: cannot read `none.csv`\n  because: No such file or directory");
}
