//! What is wrong with the input, as a person reads it and as a program does.
//!
//! Invariant: a diagnostic owns the text that it points into, so it can be shown without reading a file again.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A stretch of a source file.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named or reached.
    pub file: Arc<Path>,
    /// The whole text of the file.
    pub text: Arc<str>,
    /// Bytes of `text`.
    pub span: Range<usize>,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.start();
        write!(f, "{}:{line}:{column}", self.file.display())
    }
}

impl Place {
    /// Line and column of the first character, both from 1; a column is a character.
    pub fn start(&self) -> (usize, usize) {
        self.position(self.span.start)
    }

    /// Line and column just behind the last character.
    pub fn end(&self) -> (usize, usize) {
        self.position(self.span.end)
    }

    fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    fn path(&self) -> String {
        self.file.display().to_string()
    }
}

/// One mistake, with everything that helps to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// Where, when it came from a file.
    pub place: Option<Place>,
    /// Other places that belong to it, each with what it has to do with it: the first of two, or a step of an alias.
    pub related: Vec<(Place, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake somewhere.
    pub fn new(message: impl Into<String>, place: Option<Place>) -> Diagnostic {
        Diagnostic {
            message: message.into(),
            place,
            related: Vec::new(),
            help: None,
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, place: Option<Place>, label: impl Into<String>) -> Diagnostic {
        self.related
            .extend(place.map(|place| (place, label.into())));
        self
    }

    /// As the compiler shows its own: message, file, line and caret.
    pub fn render(&self, colors: bool) -> String {
        let mut group = Group::with_title(Level::ERROR.primary_title(&*self.message));
        if let Some(place) = &self.place {
            let mut main = snippet(place).annotation(AnnotationKind::Primary.span(visible(place)));
            let same_file = |other: &Place| other.file == place.file;
            for (other, label) in self.related.iter().filter(|(other, _)| same_file(other)) {
                main = main.annotation(AnnotationKind::Context.span(visible(other)).label(label));
            }
            group = group.element(main);
            for (other, label) in self.related.iter().filter(|(other, _)| !same_file(other)) {
                let context = AnnotationKind::Context.span(visible(other)).label(label);
                group = group.element(snippet(other).annotation(context));
            }
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(&**help));
        }
        let renderer = if colors {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&[group])
    }

    /// One line of JSON, for editors and scripts.
    pub fn to_json(&self) -> String {
        let at = |place: &Place| {
            let ((line, column), (end_line, end_column)) = (place.start(), place.end());
            json!({
                "file": place.path(), "line": line, "column": column, "end_line": end_line, "end_column": end_column,
            })
        };
        let related = self.related.iter().map(|(place, label)| {
            let mut place = at(place);
            place["label"] = json!(label);
            place
        });
        let mut line = json!({"level": "error", "message": self.message});
        if let Some(place) = &self.place {
            line["at"] = at(place);
        }
        if !self.related.is_empty() {
            line["related"] = related.collect();
        }
        if let Some(help) = &self.help {
            line["help"] = json!(help);
        }
        line.to_string()
    }
}

fn snippet(place: &Place) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    Snippet::source(&*place.text).path(place.path())
}

/// What is underlined: a mistake that spans lines would be drawn as a box around them, which hides more than it shows.
fn visible(place: &Place) -> Range<usize> {
    let end = place.span.end.min(place.text.len());
    let start = place.span.start.min(end);
    match place.text[start..end].find('\n') {
        Some(line) => start..start + line,
        None => start..end,
    }
}

/// All mistakes of one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// One after another, as people read them.
    pub fn render(&self, colors: bool) -> String {
        let each: Vec<String> = self.0.iter().map(|one| one.render(colors)).collect();
        each.join("\n\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
