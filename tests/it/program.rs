//! Running the program as users do.

use std::path::Path;
use std::process::{Command, Output};

/// The program, in a folder, with arguments; no colours, whatever the terminal.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coercivity"));
    command.current_dir(folder).args(arguments).env("NO_COLOR", "1");
    command
}

/// Runs it to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

/// Exit code, stdout and stderr.
pub fn parts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Runs it and expects success; gives stdout.
pub fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = parts(&run(folder, arguments));
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    stdout
}

/// Everything in a folder, by name, with its bytes.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut list = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("inside").display().to_string();
                list.push((name, std::fs::read(&path).expect("readable")));
            }
        }
    }
    list.sort();
    list
}
