//! `nayose serve`, `keyring` and `token`: configurations, secrets, and a server that starts and stops.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::Folder;

#[test]
fn a_keyring_and_a_token_make_a_configuration() {
    let folder = Folder::new();
    folder.run("keyring new keys.toml").ok();
    folder.run("keyring new keys.toml").fails(4, "cannot make the keyring `keys.toml`");
    let token = folder.run("token new --id portal --role service").ok();
    let (shown, lines) = token.split_once("\n\n").unwrap();
    let secret = shown.lines().last().unwrap().trim_start_matches("# ");
    assert!(secret.starts_with("nayose_") && !lines.contains(secret), "{token}");
    folder.write("nayose.toml", format!("keyring = \"keys.toml\"\n[store]\nfolder = \"data\"\n{lines}"));
    let checked = folder.run("serve --check").ok();
    assert!(checked.contains("id = \"portal\"\nrole = \"service\"\n"), "{checked}");
    assert!(!checked.contains(secret) && !checked.contains("blake3"), "{checked}");
}

#[test]
fn wrong_configurations_are_refused() {
    let folder = Folder::new();
    folder.run("serve").fails(3, "cannot read `nayose.toml`");
    folder.write("nayose.toml", "listen = \"0.0.0.0:1\"\n[store]\nengine = \"memory\"\n");
    folder.run("serve").fails(3, "without tokens the server listens on a loopback address only");
    folder.write("nayose.toml", "[store]\nengine = \"memory\"\nport = 1\n");
    folder.run("serve --check").fails(3, "`nayose.toml`, line 3: unknown field `port`");
    folder.run("token new --id his --role source_system").fails(2, "a source system needs `--institution`");
}

#[test]
fn a_server_answers_until_it_is_told_to_stop() {
    let folder = Folder::new();
    let text = "listen = \"127.0.0.1:0\"\n[store]\nengine = \"memory\"\n[log]\nformat = \"json\"\n";
    folder.write("nayose.toml", text);
    let mut server = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .arg("serve")
        .current_dir(&folder.path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    // Other parts of the server may have something to say before it listens.
    let mut line = String::new();
    while !line.contains("\"address\":\"") {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server has ended");
    }
    let (_, rest) = line.split_once("\"address\":\"").unwrap();
    let address = rest.split('"').next().unwrap();

    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(b"GET /v1/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"name\":\"nayose\""), "{answer}");

    let kill = Command::new("sh").args(["-c", &format!("kill {}", server.id())]).status().unwrap();
    assert!(kill.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("\"route\":\"/v1/version\"") && rest.contains("server stopped"), "{rest}");
}
