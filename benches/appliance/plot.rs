//! A small plot with logarithmic axes, as SVG. The same numbers give the same bytes.

use std::fmt::Write;

use crate::report::number;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// Around the axes: room for numbers on the left and for the names of the lines on the right.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 210.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 56.0;
/// Between the edges and the first and last point: room for their values.
const INSET: f64 = 46.0;
/// Told apart by people who see no red or no green (Okabe and Ito, Color Universal Design, 2008).
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) x_title: String,
    pub(crate) y_title: String,
    /// At most as many as there are colours; each has a point, and all values are above 0.
    pub(crate) series: Vec<Series>,
}

pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Whole powers of ten that enclose some values, and the pixels they are spread over.
struct Axis {
    low: i32,
    high: i32,
    from_px: f64,
    to_px: f64,
}

impl Axis {
    fn around(values: impl Iterator<Item = f64> + Clone, from_px: f64, to_px: f64) -> Self {
        let exponent = |value: f64| value.log10();
        let low = values.clone().map(exponent).fold(f64::INFINITY, f64::min).floor();
        let high = values.map(exponent).fold(f64::NEG_INFINITY, f64::max).ceil();
        #[expect(clippy::cast_possible_truncation, reason = "exponents of ten are small")]
        let (low, high) = (low as i32, high as i32);
        Self { low, high: high.max(low + 1), from_px, to_px }
    }

    fn px(&self, value: f64) -> f64 {
        let share = (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        self.from_px + (self.to_px - self.from_px) * share
    }

    /// Each power of ten with its place.
    fn decades(&self) -> impl Iterator<Item = (f64, f64)> {
        (self.low..=self.high).map(|exponent| {
            let value = 10_f64.powi(exponent);
            (value, self.px(value))
        })
    }
}

impl Plot {
    pub(crate) fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let x = Axis::around(points().map(|point| point.0), LEFT + INSET, right - INSET);
        let y = Axis::around(points().map(|point| point.1), bottom, TOP);
        let mut svg = Svg::new();
        svg.element(&format!("<text class=\"title\" x=\"{LEFT}\" y=\"24\">{}</text>", self.title));
        for (value, px) in x.decades() {
            svg.line("grid", (px, TOP), (px, bottom));
            svg.text("middle", (px, bottom + 18.0), &tick(value));
        }
        for (value, px) in y.decades() {
            svg.line("grid", (LEFT, px), (right, px));
            svg.text("end", (LEFT - 8.0, px + 4.0), &tick(value));
        }
        svg.text("middle", (f64::midpoint(LEFT, right), bottom + 40.0), &self.x_title);
        svg.text("end", (LEFT - 8.0, TOP - 14.0), &self.y_title);
        for (number, (series, colour)) in self.series.iter().zip(COLOURS).enumerate() {
            svg.series(series, colour, &x, &y, number % 2 == 1);
            let place = (right + 24.0, TOP + 12.0 + 22.0 * number as f64);
            svg.dot(colour, (place.0, place.1 - 4.0));
            svg.text("start", (place.0 + 12.0, place.1), &series.name);
        }
        svg.end()
    }
}

struct Svg(String);

impl Svg {
    fn new() -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\">\n\
             <style>text {{ font: 13px sans-serif; fill: #333 }} .title {{ font-weight: bold }} \
             .grid {{ stroke: #ddd }} .line {{ fill: none; stroke-width: 2 }}</style>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        ))
    }

    fn element(&mut self, element: &str) {
        writeln!(self.0, "{element}").expect("writing into a String cannot fail");
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.element(&format!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    fn text(&mut self, anchor: &str, (x, y): (f64, f64), text: &str) {
        self.element(&format!(
            "<text text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"
        ));
    }

    fn dot(&mut self, colour: &str, (x, y): (f64, f64)) {
        self.element(&format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"));
    }

    /// A line with a dot at each point and its value above or below, so that the values of two
    /// lines that are close stay apart.
    fn series(&mut self, series: &Series, colour: &str, x: &Axis, y: &Axis, is_below: bool) {
        let places: Vec<(f64, f64)> =
            series.points.iter().map(|(at, value)| (x.px(*at), y.px(*value))).collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let path = path.join(" ");
        self.element(&format!("<polyline class=\"line\" stroke=\"{colour}\" points=\"{path}\"/>"));
        for ((px, py), (_, value)) in places.iter().zip(&series.points) {
            self.dot(colour, (*px, *py));
            let (anchor, place) = if is_below {
                ("start", (px + 5.0, py + 16.0))
            } else {
                ("end", (px - 5.0, py - 7.0))
            };
            self.text(anchor, place, &number(*value));
        }
    }

    fn end(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

/// 1,000 and 0.1, without digits that say nothing.
fn tick(value: f64) -> String {
    if value < 1.0 {
        return format!("{value}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
