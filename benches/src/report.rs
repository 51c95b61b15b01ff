//! The samples, and the table of them.

use std::fmt;

use crate::measure::Sample;

/// The rival that the others are compared to.
const BASE: &str = "tokio-mt";

/// All samples: workload and metric, then rival, in the order in which they came.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

struct Row {
    workload: &'static str,
    metric: &'static str,
    cells: Vec<(&'static str, Vec<f64>)>,
}

impl Table {
    /// Adds both figures of a sample.
    pub fn add(&mut self, workload: &'static str, rival: &'static str, sample: Sample) {
        self.add_one(workload, "ns_per_op", rival, sample.ns_per_op);
        self.add_one(workload, "cpu_ns_per_op", rival, sample.cpu_ns_per_op);
    }

    /// Adds one figure.
    pub fn add_one(&mut self, workload: &'static str, metric: &'static str, rival: &'static str, value: f64) {
        let row = match self.rows.iter_mut().position(|row| row.workload == workload && row.metric == metric) {
            Some(at) => &mut self.rows[at],
            None => {
                self.rows.push(Row { workload, metric, cells: Vec::new() });
                let last = self.rows.len() - 1;
                &mut self.rows[last]
            }
        };
        match row.cells.iter_mut().find(|cell| cell.0 == rival) {
            Some(cell) => cell.1.push(value),
            None => row.cells.push((rival, vec![value])),
        }
    }
}

/// Least, median and most.
fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 };
    (sorted[0], median, sorted[sorted.len() - 1])
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = ["workload", "metric", "rival", "median", "least", "most", "to tokio-mt"];
        let [workload, metric, rival, median, least, most, ratio] = line;
        writeln!(f, "{workload:23} {metric:14} {rival:24} {median:>10} {least:>10} {most:>10} {ratio:>11}")?;
        for Row { workload, metric, cells } in &self.rows {
            let base = cells.iter().find(|cell| cell.0 == BASE).map(|cell| spread(&cell.1).1);
            for (rival, values) in cells {
                let (least, median, most) = spread(values);
                let ratio = base.map_or_else(|| "-".to_owned(), |base| format!("{:.2}", median / base));
                writeln!(
                    f,
                    "{workload:23} {metric:14} {rival:24} {median:>10.1} {least:>10.1} {most:>10.1} {ratio:>11}"
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (1.0, 2.0, 3.0));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), (1.0, 2.5, 4.0));
    }

    #[test]
    fn ratios_are_to_tokio() {
        let mut table = Table::default();
        table.add_one("yield_many", "ns_per_op", "tokio-mt", 40.0);
        table.add_one("yield_many", "ns_per_op", "zokio-mt", 20.0);
        let text = table.to_string();
        assert!(text.lines().any(|line| line.contains("zokio-mt") && line.ends_with("0.50")), "{text}");
    }
}
