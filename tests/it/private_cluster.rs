//! The private PostgreSQL: started, left, killed, taken over, stopped.

use std::{fs, process::Stdio, thread, time::Duration};

use crate::program::{Folder, Server, dialnexa, free_port, is_alive, one_line_of, signal, until};

#[test]
fn killed_and_started_again_and_stopped_leaves_nothing() {
    let folder = Folder::new();
    Server::start(&folder).kill();
    let postmaster = folder.postmaster().expect("postgres outlives a killed server");
    assert!(is_alive(&postmaster));

    let server = Server::start(&folder);
    assert_eq!(folder.postmaster().as_ref(), Some(&postmaster), "the next server takes it over");

    // Commands use the running cluster and leave it running; a second server is refused.
    let output = dialnexa(&folder, &["migrate"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(is_alive(&postmaster) && server.answers());
    let second = format!("127.0.0.1:{}", free_port());
    let line = one_line_of(&dialnexa(&folder, &["run", "--listen", &second]).output().unwrap());
    assert!(line.contains(&format!("already running (pid {})", server.pid())), "{line}");

    assert_eq!(server.stop("TERM"), Some(0));
    assert!(!is_alive(&postmaster));
    assert_eq!(folder.postmaster(), None);
}

#[test]
fn a_command_alone_starts_and_stops_the_cluster_and_ctrl_c_ends_a_server() {
    let folder = Folder::with_a_long_name();
    let output = dialnexa(&folder, &["migrate"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("postgres/PG_VERSION").exists());
    assert_eq!(folder.postmaster(), None);

    let server = Server::start(&folder);
    let postmaster = folder.postmaster().unwrap();
    assert_eq!(server.stop("INT"), Some(0));
    assert!(!is_alive(&postmaster));
}

#[test]
fn a_cluster_that_dies_under_the_server_is_started_again() {
    let folder = Folder::new();
    let server = Server::start(&folder);
    let before = folder.postmaster().unwrap();
    signal("KILL", &before);
    until("another postmaster runs", || {
        folder.postmaster().is_some_and(|now| now != before && is_alive(&now))
    });
    let output = dialnexa(&folder, &["migrate"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(server.stop("TERM"), Some(0));
    assert_eq!(folder.postmaster(), None);
}

#[test]
fn a_start_that_was_interrupted_anywhere_is_made_good_by_the_next() {
    let folder = Folder::new();
    for (name, after) in [("KILL", 30), ("TERM", 60), ("KILL", 150), ("INT", 400), ("KILL", 800)] {
        let mut child = dialnexa(&folder, &["migrate"]).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(after));
        signal(name, &child.id().to_string());
        let code = child.wait().unwrap().code();
        assert!(matches!(code, None | Some(0 | 130)), "{name} after {after} ms: {code:?}");
    }
    let output = dialnexa(&folder, &["migrate"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(folder.postmaster(), None);
    let left = fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with("postgres.new")));
}

#[test]
fn a_mark_left_by_a_power_cut_does_not_stop_the_next_start() {
    let folder = Folder::new();
    assert!(dialnexa(&folder, &["migrate"]).status().unwrap().success());
    // The process id is now that of another program: ours.
    let mark = folder.path().join("postgres/postmaster.pid");
    let shown = folder.path().join("postgres");
    fs::write(&mark, format!("{}\n{}\n1\n5432\n\n\n0 0\nready\n", std::process::id(), shown.display()))
        .unwrap();
    let output = dialnexa(&folder, &["migrate"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
