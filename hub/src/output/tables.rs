//! The result tables: clusters and scored pairs.

use std::io;
use std::path::Path;

use super::number::{push_fixed4, push_significant6};
use super::{AtomicFile, push_csv_field};

/// Writes `clusters.csv`: the id of each record and that of its cluster.
#[derive(Debug)]
pub struct ClusterWriter {
    file: AtomicFile,
}

impl ClusterWriter {
    /// Starts the file; the id column keeps the name that it has in the input.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create(path: &Path, id_column: &str) -> io::Result<Self> {
        let mut file = AtomicFile::create(path)?;
        file.append(|line| {
            push_csv_field(line, id_column);
            line.extend_from_slice(b",cluster_id\n");
        })?;
        Ok(Self { file })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(&mut self, record_id: &str, cluster_id: &str) -> io::Result<()> {
        self.file.append(|line| {
            push_csv_field(line, record_id);
            line.push(b',');
            push_csv_field(line, cluster_id);
            line.push(b'\n');
        })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When writing or renaming fails.
    pub fn finish(self) -> io::Result<()> {
        self.file.commit()
    }
}

/// Writes `pairs.csv`: two records, their match weight in bits and their match probability.
#[derive(Debug)]
pub struct PairWriter {
    file: AtomicFile,
}

impl PairWriter {
    /// Starts the file.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = AtomicFile::create(path)?;
        file.append(|line| line.extend_from_slice(b"left_id,right_id,match_weight,match_probability\n"))?;
        Ok(Self { file })
    }

    /// Adds a pair.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(&mut self, ids: (&str, &str), match_weight: f64, match_probability: f64) -> io::Result<()> {
        self.file.append(|line| {
            push_csv_field(line, ids.0);
            line.push(b',');
            push_csv_field(line, ids.1);
            line.push(b',');
            push_fixed4(line, match_weight);
            line.push(b',');
            push_significant6(line, match_probability);
            line.push(b'\n');
        })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When writing or renaming fails.
    pub fn finish(self) -> io::Result<()> {
        self.file.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_when_they_are_complete() {
        let folder = crate::testing::folder("tables");
        let path = folder.join("clusters.csv");
        let mut clusters = ClusterWriter::create(&path, "unique_id").unwrap();
        clusters.write("a", "1").unwrap();
        clusters.write("b,\"c\"", "1").unwrap();
        assert!(!path.try_exists().unwrap());
        clusters.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "unique_id,cluster_id\na,1\n\"b,\"\"c\"\"\",1\n");

        let pairs_path = folder.join("pairs.csv");
        let mut pairs = PairWriter::create(&pairs_path).unwrap();
        pairs.write(("a", "b"), 12.5, 0.999_8).unwrap();
        drop(pairs);
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["clusters.csv"]);

        let mut pairs = PairWriter::create(&pairs_path).unwrap();
        pairs.write(("a", "b"), 12.5, 0.999_8).unwrap();
        pairs.finish().unwrap();
        let text = std::fs::read_to_string(&pairs_path).unwrap();
        assert_eq!(text, "left_id,right_id,match_weight,match_probability\na,b,12.5000,0.9998\n");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
