//! The two text formats of metrics, and which of them a request asks for.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// A text format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenMetrics 1.0, unless something else is asked for.
    OpenMetrics,
    /// Prometheus' own format, version 0.0.4.
    Prometheus,
}

impl Format {
    /// The format that a request prefers, by the weights and the precision of what it accepts.
    pub(crate) fn asked_for(headers: &HeaderMap) -> Self {
        let ranges: Vec<Range<'_>> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(Range::parse)
            .collect();
        let liking = |kind, name, version| {
            let liking = ranges
                .iter()
                .filter_map(|range| range.liking(kind, name, version));
            // The most precise media range decides, whatever weight the others have.
            liking.max()
        };
        let openmetrics = liking("application", "openmetrics-text", Some("1.0.0"));
        let prometheus = liking("text", "plain", None);
        let weighted = |liking: Option<(u8, u16)>| liking.map(|(precision, q)| (q, precision));
        if weighted(prometheus) > weighted(openmetrics) {
            Self::Prometheus
        } else {
            Self::OpenMetrics
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// A media range of an `Accept` header.
struct Range<'a> {
    kind: &'a str,
    name: &'a str,
    version: Option<&'a str>,
    /// In thousandths.
    weight: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let (kind, name) = parts
            .next()
            .and_then(|range| range.split_once('/'))
            .unwrap_or_default();
        let (mut version, mut weight) = (None, 1000);
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            if key.eq_ignore_ascii_case("version") {
                version = Some(value.trim_matches('"'));
            } else if key.eq_ignore_ascii_case("q") {
                let q = value.parse().unwrap_or(0.0_f32).clamp(0.0, 1.0);
                weight = (q * 1000.0) as u16;
            }
        }
        Self {
            kind,
            name,
            version,
            weight,
        }
    }

    /// How precisely this range names a media type, and its weight; none if it doesn't name it, or forbids it.
    fn liking(&self, kind: &str, name: &str, version: Option<&str>) -> Option<(u8, u16)> {
        let precision = match (self.kind, self.name) {
            ("*", "*") => 0,
            (other, "*") if other.eq_ignore_ascii_case(kind) => 1,
            (other, named)
                if other.eq_ignore_ascii_case(kind) && named.eq_ignore_ascii_case(name) =>
            {
                2
            }
            _ => return None,
        };
        let is_another = version.is_some() && self.version.is_some() && self.version != version;
        (!is_another && self.weight > 0).then_some((precision, self.weight))
    }
}

/// OpenMetrics as Prometheus 0.0.4: counters and infos have their suffix in the family's name,
/// units have no line, quotes in a help text are not escaped, and the end is not marked.
pub(super) fn to_prometheus(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    // The help comes before the type, which determines the name.
    let mut help = "";
    for line in openmetrics.lines() {
        if let Some(of_family) = line.strip_prefix("# HELP ") {
            help = of_family.split_once(' ').map_or("", |(_, help)| help);
        } else if let Some(of_family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of_family.split_once(' ').unwrap_or((of_family, "unknown"));
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            let help = help.replace("\\\"", "\"");
            write!(
                text,
                "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}\n"
            )
            .expect("writing to a string can't fail");
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gets_the_form_that_it_prefers() {
        let asked = |accept: &[&str]| {
            let values = accept.iter().map(|&value| (ACCEPT, value.parse().unwrap()));
            Format::asked_for(&values.collect())
        };
        // What Prometheus 2 and 3 send.
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for openmetrics in [
            &[][..],
            &["*/*"],
            &["application/openmetrics-text"],
            &[prometheus],
            &["text/plain;q=0.5", "application/*"],
            &["application/json"],
            &["nonsense;;q=x,/"],
            &["text/plain;q=0"],
        ] {
            assert_eq!(asked(openmetrics), Format::OpenMetrics, "{openmetrics:?}");
        }
        for text in [
            &["text/plain"][..],
            &["Text/Plain;version=0.0.4"],
            &["text/plain, */*"],
            &["text/*"],
            &["application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5"],
            &["*/*", "text/plain"],
            &["application/openmetrics-text;q=0.2,text/plain;q=0.3"],
        ] {
            assert_eq!(asked(text), Format::Prometheus, "{text:?}");
        }
    }

    #[test]
    fn names_and_lines_follow_each_forms_rules() {
        let openmetrics = "# HELP a_requests All \\\"of\\\" them.\n# TYPE a_requests counter\na_requests_total{x=\"y\"} 1\n\
            # HELP a_build What runs.\n# TYPE a_build info\na_build_info{v=\"1\"} 1\n\
            # HELP a_bytes Size.\n# TYPE a_bytes gauge\n# UNIT a_bytes bytes\na_bytes 5\n# EOF\n";
        let expected = "# HELP a_requests_total All \"of\" them.\n# TYPE a_requests_total counter\na_requests_total{x=\"y\"} 1\n\
            # HELP a_build_info What runs.\n# TYPE a_build_info gauge\na_build_info{v=\"1\"} 1\n\
            # HELP a_bytes Size.\n# TYPE a_bytes gauge\na_bytes 5\n";
        assert_eq!(to_prometheus(openmetrics), expected);
    }
}
