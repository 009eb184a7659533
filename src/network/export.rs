//! The network as DOT and GraphML text, with the attributes of facilities and routes.

use super::Network;
use super::line::Stage;
use petgraph::visit::EdgeRef;
use std::fmt::Write;

/// A text in double quotes as Graphviz reads it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' | '\r' => out.push(' '),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A text as XML reads it; characters that XML 1.0 does not allow are left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(letter),
        }
    }
    out
}

/// A key of GraphML: name, what it belongs to, type.
type Key = (&'static str, &'static str, &'static str);

const KEYS: [Key; 19] = [
    ("name", "node", "string"),
    ("stage", "node", "string"),
    ("company", "node", "string"),
    ("country", "node", "string"),
    ("region", "node", "string"),
    ("capacity", "node", "double"),
    ("unit", "node", "string"),
    ("utilisation", "node", "double"),
    ("output", "node", "double"),
    ("inventory_days", "node", "double"),
    ("confidence", "node", "string"),
    ("material", "edge", "string"),
    ("share", "edge", "double"),
    ("share_low", "edge", "double"),
    ("share_high", "edge", "double"),
    ("lead_time_days", "edge", "double"),
    ("crosses_border", "edge", "boolean"),
    ("route_confidence", "edge", "string"),
    ("source_url", "edge", "string"),
];

impl Network {
    /// Graphviz source: facilities grouped by stage from left to right, routes labelled with material and
    /// share.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut out = format!("digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n", quoted(&self.name));
        // Writing to a String cannot fail.
        for stage in Stage::ALL {
            let _ = writeln!(out, "  subgraph {} {{\n    rank=same;", quoted(stage.as_str()));
            for facility in self.graph.node_weights().filter(|f| f.stage == stage) {
                let _ = writeln!(
                    out,
                    "    {} [label={}, tooltip={}];",
                    quoted(&facility.id),
                    quoted(&format!("{} ({})", facility.name, facility.country)),
                    quoted(&format!("{} {}", facility.recorded_output, facility.unit.as_str()))
                );
            }
            out.push_str("  }\n");
        }
        for edge in self.graph.edge_references() {
            let (from, to, route) = (&self.graph[edge.source()], &self.graph[edge.target()], edge.weight());
            let label = format!("{}: {:.3}", route.material, route.share.central);
            let _ = writeln!(
                out,
                "  {} -> {} [tooltip={}, share={}];",
                quoted(&from.id),
                quoted(&to.id),
                quoted(&label),
                route.share.central
            );
        }
        out.push_str("}\n");
        out
    }

    /// GraphML: one node per facility, one edge per route, with types declared.
    #[must_use]
    pub fn to_graphml(&self) -> String {
        let mut out = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
        );
        for (name, belongs, kind) in KEYS {
            let _ = writeln!(
                out,
                "  <key id=\"{name}\" for=\"{belongs}\" attr.name=\"{name}\" attr.type=\"{kind}\"/>"
            );
        }
        let _ = writeln!(out, "  <graph id=\"{}\" edgedefault=\"directed\">", escaped(&self.name));
        let datum = |out: &mut String, key: &str, value: &str| {
            let _ = writeln!(out, "      <data key=\"{key}\">{}</data>", escaped(value));
        };
        for f in self.graph.node_weights() {
            let _ = writeln!(out, "    <node id=\"{}\">", escaped(&f.id));
            datum(&mut out, "name", &f.name);
            datum(&mut out, "stage", f.stage.as_str());
            datum(&mut out, "company", &f.company);
            datum(&mut out, "country", f.country.as_str());
            datum(&mut out, "region", f.region.as_str());
            datum(&mut out, "capacity", &f.capacity.central.to_string());
            datum(&mut out, "unit", f.unit.as_str());
            datum(&mut out, "utilisation", &f.utilisation.to_string());
            datum(&mut out, "output", &f.recorded_output.to_string());
            datum(&mut out, "inventory_days", &f.inventory_days.central.to_string());
            if let Some(confidence) = f.provenance.confidence {
                datum(&mut out, "confidence", confidence.as_str());
            }
            out.push_str("    </node>\n");
        }
        for edge in self.graph.edge_references() {
            let (from, to, route) = (&self.graph[edge.source()], &self.graph[edge.target()], edge.weight());
            let _ = writeln!(
                out,
                "    <edge id=\"e{}\" source=\"{}\" target=\"{}\">",
                edge.id().index(),
                escaped(&from.id),
                escaped(&to.id)
            );
            datum(&mut out, "material", &route.material);
            datum(&mut out, "share", &route.share.central.to_string());
            datum(&mut out, "share_low", &route.share.low.to_string());
            datum(&mut out, "share_high", &route.share.high.to_string());
            if let Some(days) = route.lead_time_days {
                datum(&mut out, "lead_time_days", &days.central.to_string());
            }
            datum(&mut out, "crosses_border", if from.country == to.country { "false" } else { "true" });
            if let Some(confidence) = route.provenance.confidence {
                datum(&mut out, "route_confidence", confidence.as_str());
            }
            if !route.provenance.source_url.is_empty() {
                datum(&mut out, "source_url", &route.provenance.source_url);
            }
            out.push_str("    </edge>\n");
        }
        out.push_str("  </graph>\n</graphml>\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_name_every_facility_and_route() {
        let network = Network::embedded("world-2024").unwrap();
        let (dot, xml) = (network.to_dot(), network.to_graphml());
        assert_eq!(dot.matches(" -> ").count(), 1108);
        assert_eq!(xml.matches("<edge ").count(), 1108);
        assert_eq!(xml.matches("<node ").count(), 148);
        assert_eq!(xml.matches("<data").count(), xml.matches("</data>").count());
        assert!(dot.contains("\"mine-bayan-obo\" -> \"sep-northern-ndpr\""));
        assert!(xml.contains("source=\"mine-bayan-obo\" target=\"sep-northern-ndpr\""));
        for facility in network.graph.node_weights() {
            assert!(
                dot.contains(&quoted(&facility.id))
                    && xml.contains(&format!("<node id=\"{}\">", facility.id))
            );
        }
    }

    #[test]
    fn names_cannot_break_out_of_their_quotes() {
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c d\"");
        assert_eq!(escaped("<a & \"b\">\u{1}"), "&lt;a &amp; &quot;b&quot;&gt;");
    }
}
