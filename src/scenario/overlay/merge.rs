//! One table laid over another: what a file changes of the one it extends.

use crate::scenario::document::{Entry, Item, Node, Table};

/// Lays a file's root over its base's.
pub(super) fn lay(base: &mut Table, over: Table) {
    base.span = over.span;
    // Before the file's own marks are appended: only those of its base go with what it removes.
    if let Some(Node::List(shocks)) = over.get("shock").map(|item| &item.node) {
        let removed = shocks.iter().filter(|shock| is_removal(shock));
        removed.filter_map(id_of).for_each(|id| drop_marks(base, id));
    }
    for entry in over.entries {
        match entry.key.as_str() {
            "parameters" | "switches" | "study" | "outputs" => lay_key_by_key(base, entry),
            "sources" | "mark" => append(base, entry),
            "shock" => lay_shocks(base, entry),
            _ => put_alone(base, entry),
        }
    }
}

fn lay_shocks(base: &mut Table, entry: Entry) {
    let Entry { item: Item { node: Node::List(over), .. }, .. } = entry else {
        base.put(entry);
        return;
    };
    let mut list = match base.take("shock") {
        Some(Entry { item: Item { node: Node::List(list), .. }, .. }) => list,
        _ => Vec::new(),
    };
    // Only the base's shocks can be changed: two of one id in the file itself are its mistake.
    let mut inherited = list.len();
    for item in over {
        let Node::Table(shock) = &item.node else {
            list.push(item);
            continue;
        };
        let position =
            shock.text("id").and_then(|id| list[..inherited].iter().position(|own| id_of(own) == Some(id)));
        match (position, shock.get("remove")) {
            (Some(position), Some(Item { node: Node::Switch(true), .. })) => {
                list.remove(position);
                inherited -= 1;
            }
            (Some(position), _) => {
                let Node::Table(over) = item.node else { continue };
                lay_shock(&mut list[position], over);
            }
            (None, _) => list.push(item),
        }
    }
    base.put(Entry {
        item: Item { span: entry.item.span, node: Node::List(list) },
        key: entry.key,
        key_span: entry.key_span,
    });
}

fn is_removal(shock: &Item) -> bool {
    match &shock.node {
        Node::Table(table) => matches!(table.get("remove"), Some(Item { node: Node::Switch(true), .. })),
        _ => false,
    }
}

/// Takes out the marks of a shock that is taken out.
pub(super) fn drop_marks(root: &mut Table, shock: &str) {
    let marks = root.entries.iter_mut().find(|own| own.key == "mark");
    if let Some(Entry { item: Item { node: Node::List(marks), .. }, .. }) = marks {
        marks.retain(|mark| !matches!(&mark.node, Node::Table(mark) if mark.text("shock") == Some(shock)));
    }
}

pub(super) fn id_of(item: &Item) -> Option<&str> {
    match &item.node {
        Node::Table(table) => table.text("id"),
        _ => None,
    }
}

fn lay_key_by_key(base: &mut Table, entry: Entry) {
    let own = base.entries.iter_mut().find(|own| own.key == entry.key);
    match (own.map(|own| &mut own.item.node), entry.item.node) {
        (Some(Node::Table(own)), Node::Table(over)) => {
            for inner in over.entries {
                // One switch, `sourcing`, is a table of its own: per stage.
                if entry.key == "switches" && inner.key == "sourcing" {
                    lay_key_by_key(own, inner);
                } else {
                    own.put(inner);
                }
            }
        }
        (_, node) => base.put(Entry { item: Item { span: entry.item.span, node }, ..entry }),
    }
}

fn append(base: &mut Table, entry: Entry) {
    let own = base.entries.iter_mut().find(|own| own.key == entry.key);
    match (own.map(|own| &mut own.item.node), entry.item.node) {
        (Some(Node::List(own)), Node::List(over)) => own.extend(over),
        (_, node) => base.put(Entry { item: Item { span: entry.item.span, node }, ..entry }),
    }
}

/// Keys that exclude each other: typing one drops what the base says with the other.
pub(super) fn drop_rivals(table: &mut Table, key: &str) {
    let rivals: &[&str] = match key {
        "end" => &["days", "duration"],
        "days" | "duration" => &["end"],
        "start" => &["trigger"],
        "trigger" => &["start"],
        _ => &[],
    };
    for rival in rivals {
        table.take(rival);
    }
}

pub(super) fn put_alone(table: &mut Table, entry: Entry) {
    drop_rivals(table, &entry.key);
    table.put(entry);
}

/// Lays a shock over the base's of the same id. Another kind is another shock: nothing is inherited.
fn lay_shock(own: &mut Item, over: Table) {
    let Node::Table(table) = &mut own.node else { return };
    let other_kind = over.text("kind").is_some_and(|kind| table.text("kind").is_some_and(|own| own != kind));
    if other_kind {
        *own = Item { span: over.span, node: Node::Table(over) };
        return;
    }
    // Both of two keys that exclude each other in one file is that file's mistake and must stay visible.
    for entry in &over.entries {
        drop_rivals(table, &entry.key);
    }
    for entry in over.entries {
        table.put(entry);
    }
    table.span = over.span;
}
