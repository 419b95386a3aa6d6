//! The sources of a crate as modules with the paths that they name, tests left out.
//!
//! Only what is in the files is read: paths in code, in `use`, in attributes, and in the
//! arguments and bodies of macros, though not what macros make of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use proc_macro2::{Spacing, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, UseTree, Visibility};

/// A crate's modules; the root is the first.
pub(super) struct Source {
    pub(super) modules: Vec<Module>,
}

/// A module: a file, or a part of one.
pub(super) struct Module {
    /// Its own name; empty for the root.
    pub(super) name: String,
    pub(super) parent: Option<usize>,
    pub(super) file: PathBuf,
    pub(super) children: BTreeMap<String, usize>,
    /// Names of what is defined in it, modules apart.
    pub(super) items: BTreeSet<String>,
    pub(super) uses: Vec<Use>,
    /// What its code names.
    pub(super) paths: Vec<Named>,
}

/// A path as it is written.
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

/// One path of a `use`.
pub(super) struct Use {
    pub(super) path: Named,
    /// The name that it has here; none for all names of the path's module.
    pub(super) name: Option<String>,
    /// Whether other modules can see it here.
    pub(super) is_export: bool,
}

impl Source {
    /// Reads the crate whose root is this file.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut source = Self {
            modules: Vec::new(),
        };
        let folder = root.parent().context("a file is in a folder")?;
        source.read_file("", root, folder, None)?;
        Ok(source)
    }

    /// Reads a file as a module whose children are in this folder.
    fn read_file(
        &mut self,
        name: &str,
        file: &Path,
        folder: &Path,
        parent: Option<usize>,
    ) -> anyhow::Result<usize> {
        let cannot = || format!("can't read {}", file.display());
        let text = fs::read_to_string(file).with_context(cannot)?;
        let items = syn::parse_file(&text).with_context(cannot)?.items;
        self.read_items(name, &items, file, folder, parent)
    }

    fn read_items(
        &mut self,
        name: &str,
        items: &[Item],
        file: &Path,
        folder: &Path,
        parent: Option<usize>,
    ) -> anyhow::Result<usize> {
        let index = self.modules.len();
        self.modules.push(Module {
            name: name.to_owned(),
            parent,
            file: file.to_owned(),
            children: BTreeMap::new(),
            items: BTreeSet::new(),
            uses: Vec::new(),
            paths: Vec::new(),
        });
        let mut reader = Reader {
            module: &mut self.modules[index],
            children: Vec::new(),
        };
        for item in items {
            reader.visit_item(item);
        }
        for child in reader.children {
            let name = child.ident.to_string();
            let inner = folder.join(&name);
            let number = match &child.content {
                Some((_, items)) => self.read_items(&name, items, file, &inner, Some(index))?,
                None => {
                    let named = child.attrs.iter().find_map(file_name);
                    let beside = folder.join(named.unwrap_or_else(|| format!("{name}.rs")));
                    let places = [beside, inner.join("mod.rs")];
                    let Some(found) = places.into_iter().find(|path| path.is_file()) else {
                        bail!("{}: there is no file of {name}", file.display());
                    };
                    self.read_file(&name, &found, &inner, Some(index))?
                }
            };
            // Of several with a name, each for a platform, the first has it.
            self.modules[index].children.entry(name).or_insert(number);
        }
        Ok(index)
    }
}

/// Collects what a module names and defines.
struct Reader<'a, 'ast> {
    module: &'a mut Module,
    children: Vec<&'ast syn::ItemMod>,
}

impl Reader<'_, '_> {
    fn name(&mut self, segments: Vec<String>, span: Span) {
        let line = span.start().line;
        if !segments.is_empty() {
            self.module.paths.push(Named { segments, line });
        }
    }

    /// The paths of an unparsed piece of code, as far as they can be recognised in it.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut start = Span::call_site();
        // How many colons follow the path.
        let mut colons = 0;
        for token in tokens {
            match &token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.name(std::mem::take(&mut path), start);
                    }
                    if path.is_empty() {
                        start = ident.span();
                    }
                    path.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    let is_first = colons == 0 && punct.spacing() == Spacing::Joint;
                    if is_first || colons == 1 {
                        colons += 1;
                        continue;
                    }
                }
                _ => {}
            }
            self.name(std::mem::take(&mut path), start);
            colons = 0;
            if let TokenTree::Group(group) = token {
                self.tokens(group.stream());
            }
        }
        self.name(path, start);
    }

    fn tree(&mut self, tree: &UseTree, prefix: &[String], is_export: bool) {
        let with = |ident: &syn::Ident| {
            let mut path = prefix.to_vec();
            if ident != "self" || path.is_empty() {
                path.push(ident.to_string());
            }
            path
        };
        let (segments, name, span) = match tree {
            UseTree::Path(path) => return self.tree(&path.tree, &with(&path.ident), is_export),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, prefix, is_export);
                }
                return;
            }
            UseTree::Glob(glob) => (prefix.to_vec(), None, glob.star_token.spans[0]),
            UseTree::Name(name) => {
                let path = with(&name.ident);
                let last = path.last().cloned();
                (path, last, name.ident.span())
            }
            UseTree::Rename(rename) => {
                let name = rename.rename.to_string();
                (with(&rename.ident), Some(name), rename.ident.span())
            }
        };
        let line = span.start().line;
        self.module.uses.push(Use {
            path: Named { segments, line },
            name,
            is_export,
        });
    }
}

impl<'ast> Visit<'ast> for Reader<'_, 'ast> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (name, attributes) = match item {
            Item::Const(item) => (Some(&item.ident), &item.attrs),
            Item::Enum(item) => (Some(&item.ident), &item.attrs),
            Item::Fn(item) => (Some(&item.sig.ident), &item.attrs),
            Item::Macro(item) => (item.ident.as_ref(), &item.attrs),
            Item::Static(item) => (Some(&item.ident), &item.attrs),
            Item::Struct(item) => (Some(&item.ident), &item.attrs),
            Item::Trait(item) => (Some(&item.ident), &item.attrs),
            Item::TraitAlias(item) => (Some(&item.ident), &item.attrs),
            Item::Type(item) => (Some(&item.ident), &item.attrs),
            Item::Union(item) => (Some(&item.ident), &item.attrs),
            Item::Impl(item) => (None, &item.attrs),
            Item::Use(item) => (None, &item.attrs),
            Item::Mod(item) => (None, &item.attrs),
            Item::ForeignMod(item) => (None, &item.attrs),
            _ => return visit::visit_item(self, item),
        };
        if attributes.iter().any(is_for_tests) {
            return;
        }
        self.module.items.extend(name.map(ToString::to_string));
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.children.push(item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_export = !matches!(item.vis, Visibility::Inherited);
        self.tree(&item.tree, &[], is_export);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !item.attrs.iter().any(is_for_tests) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        let span = path.segments.first().map(|first| first.ident.span());
        self.name(segments.collect(), span.unwrap_or_else(Span::call_site));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
            self.quoted(list.tokens.clone());
        }
    }

    /// `pub(super)` names a module, but takes nothing from it.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

impl Reader<'_, '_> {
    /// Paths in quotes, as in `#[serde(with = "crate::hex")]`.
    fn quoted(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.quoted(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    if let Ok(path) = syn::parse_str::<syn::Path>(text.trim_matches('"')) {
                        let segments = path.segments.iter().map(|part| part.ident.to_string());
                        self.name(segments.collect(), literal.span());
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

/// The file that `#[path = "…"]` names.
fn file_name(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        syn::Expr::Lit(value) if pair.path.is_ident("path") => match &value.lit {
            syn::Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an attribute keeps an item out of the product: `#[cfg(test)]`, or with more conditions.
fn is_for_tests(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    let mut tokens = list.tokens.clone().into_iter();
    let first = tokens.next().map(|token| token.to_string());
    let rest = || list.tokens.clone().into_iter().nth(1);
    attribute.path().is_ident("cfg")
        && match first.as_deref() {
            Some("test") => true,
            Some("all") => rest().is_some_and(|rest| match rest {
                TokenTree::Group(group) => {
                    let mut inner = group.stream().into_iter();
                    inner.any(|token| token.to_string() == "test")
                }
                _ => false,
            }),
            _ => false,
        }
}

#[cfg(test)]
impl Source {
    /// A crate of these files, its root first.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("veilcast-layers-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        for (name, text) in files {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let source = Self::read(&folder.join(files[0].0));
        fs::remove_dir_all(&folder).unwrap();
        source.unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let source = Source::of(&[("lib.rs", text)]);
        let paths = source.modules[0].paths.iter();
        paths.map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn paths_in_macros_and_attributes_are_found() {
        assert_eq!(
            paths("fn f() { m!(a::b::c(d), ::e::f; g: h::<i>()); }"),
            ["m", "a::b::c", "d", "e::f", "g", "h", "i"]
        );
        assert_eq!(
            paths("#[serde(with = \"a::b\", default)] struct S;"),
            ["serde", "with", "default", "a::b"][1..]
        );
    }

    #[test]
    fn visibility_names_nothing() {
        assert!(paths("pub(crate) struct A; pub(super) fn f() {}").is_empty());
    }

    #[test]
    fn groups_of_imports_are_taken_apart() {
        let source = Source::of(&[("lib.rs", "use a::{self, b::{C, D as E}, f::*};\npub use g;")]);
        let uses = source.modules[0].uses.iter();
        let uses: Vec<_> = uses
            .map(|entry| {
                (
                    entry.path.segments.join("::"),
                    entry.name.as_deref(),
                    entry.is_export,
                )
            })
            .collect();
        let expected = [
            ("a", Some("a"), false),
            ("a::b::C", Some("C"), false),
            ("a::b::D", Some("E"), false),
            ("a::f", None, false),
            ("g", Some("g"), true),
        ];
        assert_eq!(
            uses,
            expected.map(|(path, name, export)| (path.to_owned(), name, export))
        );
    }

    #[test]
    fn modules_are_read_from_their_files_but_for_those_of_tests() {
        let source = Source::of(&[
            (
                "lib.rs",
                "mod a; mod b;\n#[path = \"other.rs\"] mod c;\n#[cfg(test)] mod gone;",
            ),
            ("a.rs", "mod inner;\n#[cfg(all(test, unix))] mod gone;"),
            ("a/inner.rs", "mod braces { fn f() {} }"),
            ("b/mod.rs", ""),
            ("other.rs", "#[cfg(not(test))] fn kept() {}"),
        ]);
        let names: Vec<_> = source
            .modules
            .iter()
            .map(|module| module.name.as_str())
            .collect();
        assert_eq!(names, ["", "a", "inner", "braces", "b", "c"]);
        assert!(source.modules[5].items.contains("kept"));
    }
}
