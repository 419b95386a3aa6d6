//! [`Document`]: what the checks ask of a Markdown file.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A Markdown file, taken apart.
pub(crate) struct Document {
    /// From the repository's root.
    pub(crate) path: PathBuf,
    pub(crate) blocks: Vec<Block>,
    /// The targets of links and pictures.
    pub(crate) links: Vec<Code>,
    /// What links may name behind a `#`.
    pub(crate) anchors: HashSet<String>,
    /// What is written as code within the text.
    pub(crate) codes: Vec<Code>,
    /// Marks that no block follows, by their lines.
    pub(crate) lost_marks: Vec<usize>,
}

/// A block of code.
pub(crate) struct Block {
    pub(crate) line: usize,
    /// The first word behind the fence; none for a block that is indented.
    pub(crate) language: Option<String>,
    pub(crate) mark: Option<Mark>,
    pub(crate) text: String,
}

/// The comment directly above a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// `<!-- run -->`
    Run,
    /// `<!-- not run: reason -->`
    NotRun,
}

/// A piece of text, and the line that it begins on.
pub(crate) struct Code {
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Mark {
    fn parse(html: &str) -> Option<Self> {
        let comment = html
            .trim()
            .strip_prefix("<!--")?
            .strip_suffix("-->")?
            .trim();
        let reason = comment.strip_prefix("not run:");
        match comment {
            "run" => Some(Self::Run),
            _ if reason.is_some_and(|reason| !reason.trim().is_empty()) => Some(Self::NotRun),
            _ => None,
        }
    }
}

impl Document {
    /// Takes a document apart.
    pub(crate) fn parse(path: PathBuf, text: &str) -> Self {
        let mut document = Self {
            path,
            blocks: Vec::new(),
            links: Vec::new(),
            anchors: HashSet::new(),
            codes: Vec::new(),
            lost_marks: Vec::new(),
        };
        let lines = Lines::of(text);
        let mut mark: Option<(usize, Mark)> = None;
        let (mut block, mut heading) = (None::<Block>, None::<String>);
        let mut repeated: HashMap<String, usize> = HashMap::new();
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = lines.line(range.start);
            // A mark counts for what follows at once.
            let keeps_mark = matches!(
                event,
                Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock)
                    | Event::End(_)
                    | Event::Html(_)
                    | Event::Text(_)
            );
            if !keeps_mark && let Some((line, _)) = mark.take() {
                document.lost_marks.push(line);
            }
            match event {
                Event::Html(html) => {
                    if let Some(new) = Mark::parse(&html) {
                        document
                            .lost_marks
                            .extend(mark.take().map(|(line, _)| line));
                        mark = Some((line, new));
                    }
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match &kind {
                        CodeBlockKind::Indented => None,
                        CodeBlockKind::Fenced(info) => {
                            Some(info.split([' ', ',']).next().unwrap_or_default().to_owned())
                        }
                    };
                    block = Some(Block {
                        line,
                        language,
                        mark: mark.take().map(|(_, mark)| mark),
                        text: String::new(),
                    });
                }
                Event::End(TagEnd::CodeBlock) => document.blocks.extend(block.take()),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    let count = repeated.entry(anchor.clone()).or_default();
                    document.anchors.insert(match *count {
                        0 => anchor,
                        count => format!("{anchor}-{count}"),
                    });
                    *count += 1;
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let text = dest_url.into_string();
                    document.links.push(Code { line, text });
                }
                Event::Text(text) => {
                    if let Some(block) = &mut block {
                        block.text += &text;
                    } else if let Some(heading) = &mut heading {
                        *heading += &text;
                    }
                }
                Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        *heading += &text;
                    }
                    let text = text.into_string();
                    document.codes.push(Code { line, text });
                }
                _ => {}
            }
        }
        document.lost_marks.extend(mark.map(|(line, _)| line));
        document
    }

    /// A place in the document, as compilers write it.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    /// The folder that relative links start from.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// A heading's anchor, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ => c.is_alphanumeric().then_some(c),
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    /// The number, from 1, of the line that a byte is in.
    fn line(&self, byte: usize) -> usize {
        self.0.partition_point(|begin| *begin <= byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document {
        Document::parse(PathBuf::from("folder/document.md"), text)
    }

    #[test]
    fn marks_belong_to_the_block_below() {
        let document = parse(
            "Text\n<!-- run -->\n```console\n$ one\n```\n\n```sh\ntwo\n```\n\n    three\n\n\
             <!-- not run: it takes hours -->\n\n```sh\nfour\n```\n<!-- not run: -->\n```sh\nfive\n```\n",
        );
        let found: Vec<_> = document
            .blocks
            .iter()
            .map(|block| (block.line, block.language.as_deref(), block.mark.clone()))
            .collect();
        assert_eq!(
            found,
            [
                (3, Some("console"), Some(Mark::Run)),
                (7, Some("sh"), None),
                (11, None, None),
                (15, Some("sh"), Some(Mark::NotRun)),
                (19, Some("sh"), None),
            ]
        );
        assert_eq!(document.blocks[0].text, "$ one\n");
        assert!(document.lost_marks.is_empty());
    }

    #[test]
    fn marks_without_a_block_are_found() {
        let document = parse("<!-- run -->\n\nText\n\n```sh\none\n```\n\n<!-- run -->\n");
        assert_eq!(document.lost_marks, [1, 9]);
        assert_eq!(document.blocks[0].mark, None);
    }

    #[test]
    fn headings_have_the_anchors_of_github() {
        let document = parse("# What it *promises*, and not\n## `a_b` – c\n## Twice\n## Twice\n");
        for anchor in ["what-it-promises-and-not", "a_b--c", "twice", "twice-1"] {
            assert!(document.anchors.contains(anchor), "{anchor}");
        }
        assert_eq!(document.anchors.len(), 4);
    }

    #[test]
    fn links_and_codes_have_their_lines() {
        let document = parse("One [two](three.md#four)\n![five](six.png) `seven\neight`\n");
        let links: Vec<_> = document
            .links
            .iter()
            .map(|link| (link.line, &*link.text))
            .collect();
        assert_eq!(links, [(1, "three.md#four"), (2, "six.png")]);
        assert_eq!(document.codes[0].text, "seven eight");
        assert_eq!(document.at(2), "folder/document.md:2");
        assert_eq!(document.folder(), Path::new("folder"));
    }
}
