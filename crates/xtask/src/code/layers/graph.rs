//! Which module of a crate uses which other, by the paths in their sources.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use super::source::{Named, Source};

/// The modules by name (`a::b`, and `crate` for the root), each with those that it uses and the
/// first place where it does so.
///
/// A module is known by its file: what is written in braces belongs to the module around it. A name
/// that is re-exported on the way leads to where it is defined; a module that exports what its own
/// children define doesn't use them for that.
pub(super) struct Graph {
    uses: BTreeMap<String, BTreeMap<String, (PathBuf, usize)>>,
}

impl Graph {
    pub(super) fn of(source: &Source) -> Self {
        let mut graph = Self {
            uses: BTreeMap::new(),
        };
        for (index, module) in source.modules.iter().enumerate() {
            let own = source.file_module(index);
            let code = module.paths.iter().map(|path| (path, false));
            // An import of a module is used through the paths that begin with it.
            let uses = module
                .uses
                .iter()
                .map(|entry| (&entry.path, entry.is_export));
            for (path, is_export) in code.chain(uses) {
                let Some(found) = source.find(index, path) else {
                    continue;
                };
                let other = source.file_module(found);
                if other != own && !(is_export && source.is_below(other, own)) {
                    let place = (module.file.clone(), path.line);
                    let uses = graph.uses.entry(source.name(own)).or_default();
                    uses.entry(source.name(other)).or_insert(place);
                }
            }
        }
        graph
    }

    /// Where one module uses the other: file and line.
    pub(super) fn place(&self, from: &str, to: &str) -> Option<&(PathBuf, usize)> {
        self.uses.get(from)?.get(to)
    }

    /// The shortest way from one module to another, both named; none if there is no way.
    fn way(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut before: BTreeMap<&str, &str> = BTreeMap::new();
        let mut waiting = VecDeque::from([from]);
        while let Some(module) = waiting.pop_front() {
            for next in self.uses.get(module).into_iter().flat_map(BTreeMap::keys) {
                if before.contains_key(next.as_str()) {
                    continue;
                }
                before.insert(next, module);
                if next == to {
                    let mut way = vec![to];
                    let mut last = to;
                    while last != from || way.len() == 1 {
                        last = before[last];
                        way.push(last);
                    }
                    way.reverse();
                    return Some(way.into_iter().map(str::to_owned).collect());
                }
                waiting.push_back(next);
            }
        }
        None
    }

    /// The shortest circle through each group of modules that all use each other, by detours or not.
    pub(super) fn circles(&self) -> Vec<Vec<String>> {
        let mut circles: Vec<Vec<String>> = Vec::new();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for module in self.uses.keys() {
            if told.contains(module.as_str()) || self.way(module, module).is_none() {
                continue;
            }
            let is_along = |other: &&String| {
                self.way(module, other).is_some() && self.way(other, module).is_some()
            };
            let group: Vec<&String> = self.uses.keys().filter(is_along).collect();
            let shortest = group.iter().filter_map(|other| self.way(other, other));
            circles.extend(shortest.min_by_key(Vec::len));
            told.extend(group.iter().map(|other| other.as_str()));
        }
        circles
    }
}

/// What a name means in a module.
#[derive(Clone, Copy)]
enum Meaning {
    Module(usize),
    /// Something that this module defines.
    Item(usize),
}

impl Meaning {
    fn module(self) -> usize {
        match self {
            Self::Module(module) | Self::Item(module) => module,
        }
    }
}

impl Source {
    /// The module in which a path of this module ends; none for what other crates define, and for a
    /// mere module.
    fn find(&self, module: usize, path: &Named) -> Option<usize> {
        match self.meaning(module, &path.segments, &mut BTreeSet::new())? {
            Meaning::Item(found) => Some(found),
            Meaning::Module(_) => None,
        }
    }

    fn meaning(
        &self,
        module: usize,
        path: &[String],
        seen: &mut BTreeSet<(usize, String)>,
    ) -> Option<Meaning> {
        let (first, rest) = path.split_first()?;
        let mut meaning = match first.as_str() {
            "crate" => Meaning::Module(0),
            "self" => Meaning::Module(module),
            "super" => Meaning::Module(self.modules[module].parent?),
            name => self.look_up(module, name, seen)?,
        };
        for name in rest {
            let Meaning::Module(module) = meaning else {
                // A variant, or a function of a type.
                break;
            };
            meaning = match name.as_str() {
                "super" => Meaning::Module(self.modules[module].parent?),
                name => self
                    .look_up(module, name, seen)
                    // What a macro defines isn't seen, but is the module's own.
                    .unwrap_or(Meaning::Item(module)),
            };
        }
        Some(meaning)
    }

    fn look_up(
        &self,
        index: usize,
        name: &str,
        seen: &mut BTreeSet<(usize, String)>,
    ) -> Option<Meaning> {
        if !seen.insert((index, name.to_owned())) {
            return None;
        }
        let module = &self.modules[index];
        if let Some(&child) = module.children.get(name) {
            return Some(Meaning::Module(child));
        }
        if module.items.contains(name) {
            return Some(Meaning::Item(index));
        }
        let imports = module.uses.iter();
        let mut named = imports
            .clone()
            .filter(|entry| entry.name.as_deref() == Some(name));
        if let Some(meaning) =
            named.find_map(|entry| self.meaning(index, &entry.path.segments, seen))
        {
            return Some(meaning);
        }
        let mut all = imports.filter(|entry| entry.name.is_none());
        all.find_map(|entry| {
            let from = self.meaning(index, &entry.path.segments, seen)?;
            self.look_up(from.module(), name, seen)
        })
    }

    /// The module that the file of a module begins with.
    fn file_module(&self, mut index: usize) -> usize {
        while let Some(parent) = self.modules[index].parent
            && self.modules[parent].file == self.modules[index].file
        {
            index = parent;
        }
        index
    }

    fn is_below(&self, mut index: usize, above: usize) -> bool {
        while let Some(parent) = self.modules[index].parent {
            if parent == above {
                return true;
            }
            index = parent;
        }
        false
    }

    /// A module's name, from the crate's root on.
    fn name(&self, index: usize) -> String {
        let Some(parent) = self.modules[index].parent else {
            return "crate".to_owned();
        };
        let own = &self.modules[index].name;
        match self.name(parent).as_str() {
            "crate" => own.clone(),
            above => format!("{above}::{own}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let circles = Graph::of(&Source::of(files)).circles();
        circles.iter().map(|circle| circle.join(" → ")).collect()
    }

    #[test]
    fn a_circle_is_found_whether_by_imports_or_by_paths() {
        let by_paths = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "pub struct A;\nfn f() { crate::b::g() }"),
            ("b.rs", "pub fn g() { super::c::h() }"),
            ("c.rs", "use crate::a::A;\npub fn h() {}"),
        ];
        assert_eq!(circles(&by_paths), ["a → b → c → a"]);
        let without = [
            by_paths[0],
            by_paths[1],
            by_paths[2],
            ("c.rs", "pub fn h() {}"),
        ];
        assert!(circles(&without).is_empty());
    }

    #[test]
    fn exports_lead_to_where_things_are_defined() {
        let files = [
            ("lib.rs", "mod a; mod b;\npub use a::A;"),
            (
                "a.rs",
                "mod part;\npub use self::part::A;\npub use part::*;\nuse crate::b::B;",
            ),
            ("a/part.rs", "pub struct A;\npub struct Other;"),
            ("b.rs", "use crate::A;\npub struct B(super::a::Other);"),
        ];
        // The root and a only pass on what the part defines.
        assert!(circles(&files).is_empty());
        let back = [
            files[0],
            files[1],
            ("a/part.rs", "pub struct A(crate::b::B);\npub struct Other;"),
            files[3],
        ];
        assert_eq!(circles(&back), ["a::part → b → a::part"]);
    }

    #[test]
    fn a_parent_and_its_child_that_use_each_other_are_a_circle() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a.rs", "mod part;\npub struct A;\nfn f() { part::g(A) }"),
            ("a/part.rs", "pub(super) fn g(_: super::A) {}"),
        ];
        assert_eq!(circles(&files), ["a → a::part → a"]);
        let one_way = [files[0], ("a.rs", "mod part;\npub struct A;"), files[2]];
        assert!(circles(&one_way).is_empty());
    }

    #[test]
    fn what_is_written_in_braces_belongs_to_its_file() {
        let files = [(
            "lib.rs",
            "mod a { pub fn f() { super::g() } }\nfn g() { a::f() }",
        )];
        assert!(circles(&files).is_empty());
    }
}
