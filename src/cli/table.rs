//! Tables on standard output.

/// Prints rows below their heads, in columns.
pub(super) fn print_table<const N: usize>(heads: [&str; N], rows: Vec<[String; N]>) {
    let heads = heads.map(str::to_owned);
    let rows: Vec<[String; N]> = std::iter::once(heads).chain(rows).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        print_line!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
