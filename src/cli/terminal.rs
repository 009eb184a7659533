//! Writing to people: results to stdout, the rest to stderr, colour only on a terminal.

use std::io::{IsTerminal as _, Write as _};

use coercivity::diagnostic::Diagnostics;

/// Writes bytes to stdout. A reader that has gone away (`| head`) has seen enough: the program ends well.
pub fn print_bytes(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    if let Err(problem) = stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        if problem.kind() == std::io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        error(&format!("cannot write to stdout: {problem}"));
        std::process::exit(1);
    }
}

/// Writes text to stdout.
pub fn print(text: &str) {
    print_bytes(text.as_bytes());
}

/// Writes a line to stderr; nobody can be told if that fails.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes an error to stderr.
pub fn error(message: &str) {
    if styled() {
        note(&format!("\u{1b}[1;31merror\u{1b}[0m: {message}"));
    } else {
        note(&format!("error: {message}"));
    }
}

/// Writes all problems to stderr, if there are any.
pub fn diagnostics(diagnostics: &Diagnostics) {
    if diagnostics.list().is_empty() {
        return;
    }
    let _ = write!(std::io::stderr().lock(), "{}", diagnostics.render(styled()));
    let errors = diagnostics.error_count();
    if errors > 0 {
        let plural = if errors == 1 { "" } else { "s" };
        note(&format!(
            "{errors} error{plural}; `coercivity check --explain CODE` says more on each. Nothing was run or written."
        ));
    }
}

/// Whether stderr takes colours.
fn styled() -> bool {
    // https://no-color.org: set and not empty.
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}

/// A panic is a bug, and says so.
pub fn report_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        let place =
            panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        note(&format!(
            "this is a bug in coercivity {}{place}: {text}\n\
             No input should cause it. Please report it with the command and the scenario file.",
            env!("CARGO_PKG_VERSION")
        ));
        std::process::exit(1);
    }));
}
