//! A picture of a screen as SVG: the same screen gives the same bytes.

use std::fmt::Write as _;

use vt100::Color;

const CELL_WIDTH: f64 = 8.4;
const CELL_HEIGHT: f64 = 18.0;
const MARGIN: f64 = 14.0;
const BASELINE: f64 = 13.5;
const BACKGROUND: &str = "#101418";
const FOREGROUND: &str = "#d0d4d8";
const SIXTEEN: [&str; 16] = [
    "#1d1f21", "#cc6666", "#8abe62", "#e6c547", "#5f9fd8", "#b294bb", "#6fc1b8", "#c5c8c6", "#707880", "#ff7a7a",
    "#a8e07a", "#ffe066", "#82bfff", "#d8b0e8", "#8fe0d8", "#ffffff",
];

/// How one cell looks.
#[allow(clippy::struct_excessive_bools, reason = "a terminal's attributes are independent of each other")]
#[derive(Clone, PartialEq, Eq)]
struct Look {
    foreground: String,
    background: String,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

/// Cells of one line that look alike.
struct Run {
    column: u16,
    width: u16,
    text: String,
    look: Look,
}

/// What a terminal shows, drawn, and how large it is.
#[derive(Clone)]
pub(crate) struct Cells {
    width: f64,
    height: f64,
    drawn: String,
}

impl Cells {
    pub(crate) fn drawn(&self) -> &str {
        &self.drawn
    }
}

/// What is drawn in one screen of a film.
pub(crate) fn frame_of(film: &str, number: usize) -> Option<&str> {
    let (_, rest) = film.split_once(&format!("<g class=\"f{number}\">\n"))?;
    rest.split_once("</g>").map(|(drawn, _)| drawn)
}

/// Draws what a terminal of this screen shows.
pub(crate) fn cells(screen: &vt100::Screen) -> Cells {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let mut drawn = String::new();
    for row in 0..rows {
        for run in runs(screen, row, columns) {
            draw(&mut drawn, row, &run);
        }
    }
    Cells {
        width: f64::from(columns) * CELL_WIDTH + 2.0 * MARGIN,
        height: f64::from(rows) * CELL_HEIGHT + 2.0 * MARGIN,
        drawn,
    }
}

/// A picture of a screen, with the title spoken for those who cannot see it.
pub(crate) fn picture(screen: &vt100::Screen, title: &str) -> String {
    let Cells { width, height, drawn } = cells(screen);
    format!("{}{drawn}</svg>\n", head(width, height, title))
}

fn head(width: f64, height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" role=\"img\" \
         font-family=\"'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace\" font-size=\"14\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n",
        escape(title)
    )
}

/// Screens one after the other, for ever; the last one alone for who wants no motion.
#[derive(Default)]
pub(crate) struct Film {
    frames: Vec<(Cells, f64)>,
}

impl Film {
    /// One more screen, to be seen so long.
    pub(crate) fn add(&mut self, cells: Cells, seconds: f64) {
        self.frames.push((cells, seconds));
    }

    /// How many screens there are.
    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    /// The whole film.
    pub(crate) fn picture(&self, title: &str) -> String {
        let Some((last, _)) = self.frames.last() else { return String::new() };
        let whole: f64 = self.frames.iter().map(|(_, seconds)| seconds).sum();
        let mut svg = head(last.width, last.height, title);
        svg.push_str("<style>\n");
        let mut start = 0.0;
        for (number, (_, seconds)) in self.frames.iter().enumerate() {
            let (from, to) = (start / whole * 100.0, (start + seconds) / whole * 100.0);
            // Steps: a screen is there or it is not.
            let _ = writeln!(
                svg,
                "@keyframes f{number}{{0%{{visibility:{}}}{from:.2}%{{visibility:visible}}{to:.2}%,100%{{visibility:hidden}}}}\n\
                 .f{number}{{visibility:hidden;animation:f{number} {whole:.1}s step-end infinite}}",
                if number == 0 { "visible" } else { "hidden" },
            );
            start += seconds;
        }
        let last = self.frames.len() - 1;
        let _ = writeln!(
            svg,
            "@media (prefers-reduced-motion:reduce){{g{{animation:none!important}}.f{last}{{visibility:visible}}}}\n</style>"
        );
        for (number, (cells, _)) in self.frames.iter().enumerate() {
            let _ = writeln!(svg, "<g class=\"f{number}\">\n{}</g>", cells.drawn);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn runs(screen: &vt100::Screen, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else { continue };
        if cell.is_wide_continuation() {
            continue;
        }
        let width = if cell.is_wide() { 2 } else { 1 };
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let look = look(cell);
        match runs.last_mut() {
            Some(run) if run.look == look && run.column + run.width == column => {
                run.width += width;
                run.text.push_str(text);
            }
            _ => runs.push(Run { column, width, text: text.to_owned(), look }),
        }
    }
    runs
}

fn look(cell: &vt100::Cell) -> Look {
    let (mut foreground, mut background) = (colour(cell.fgcolor(), FOREGROUND), colour(cell.bgcolor(), BACKGROUND));
    if cell.inverse() {
        std::mem::swap(&mut foreground, &mut background);
    }
    Look {
        foreground,
        background,
        bold: cell.bold(),
        dim: cell.dim(),
        italic: cell.italic(),
        underline: cell.underline(),
    }
}

fn colour(colour: Color, default: &str) -> String {
    match colour {
        Color::Default => default.to_owned(),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Idx(index) if index < 16 => SIXTEEN[usize::from(index)].to_owned(),
        Color::Idx(index) if index < 232 => {
            let cube = index - 16;
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

fn draw(svg: &mut String, row: u16, run: &Run) {
    let x = MARGIN + f64::from(run.column) * CELL_WIDTH;
    let y = MARGIN + f64::from(row) * CELL_HEIGHT;
    let width = f64::from(run.width) * CELL_WIDTH;
    if run.look.background != BACKGROUND {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{CELL_HEIGHT:.1}\" fill=\"{}\"/>",
            run.look.background
        );
    }
    if run.text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    for (wanted, text) in [
        (run.look.bold, " font-weight=\"bold\""),
        (run.look.dim, " opacity=\"0.6\""),
        (run.look.italic, " font-style=\"italic\""),
        (run.look.underline, " text-decoration=\"underline\""),
    ] {
        if wanted {
            style.push_str(text);
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{}\" textLength=\"{width:.1}\" xml:space=\"preserve\"{style}>{}</text>",
        y + BASELINE,
        run.look.foreground,
        escape(&run.text)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
