//! Parquet's list columns, a vector a row.

use std::fs::File;

use anyhow::{Context, Result, anyhow, bail, ensure};
use parquet::basic::Type;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{Vectors, one_of};

/// Rows that are read at once.
const ROWS: usize = 4_096;

pub(super) fn read(file: File, name: Option<&str>) -> Result<Vectors> {
    let file = SerializedFileReader::new(file)
        .map_err(|error| anyhow!("it is no Parquet file, or damaged: {error}"))?;
    let schema = file.metadata().file_metadata().schema_descr();
    let lists: Vec<usize> = (0..schema.num_columns())
        .filter(|&column| {
            let column = schema.column(column);
            let of_floats = matches!(column.physical_type(), Type::FLOAT | Type::DOUBLE);
            column.max_rep_level() == 1 && of_floats
        })
        .collect();
    let names: Vec<String> =
        lists.iter().map(|&column| schema.column(column).path().parts()[0].clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let name = one_of(name, &names, "list column")?;
    let at = names.iter().position(|other| *other == name).context("the column is gone")?;
    let column = lists[at];
    let full = schema.column(column).max_def_level();

    let mut vectors = Vectors::default();
    let mut rows = 0;
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group)?;
        match group.get_column_reader(column)? {
            ColumnReader::FloatColumnReader(reader) => {
                gather(reader, full, &mut rows, &mut vectors, |value| *value)?;
            }
            ColumnReader::DoubleColumnReader(reader) => {
                gather(reader, full, &mut rows, &mut vectors, |value| *value as f32)?;
            }
            _ => bail!("column {name} is of several types"),
        }
    }
    Ok(vectors)
}

/// Adds the rows of a column in one group. Values that are there are of the level `full`; a new row begins
/// where nothing is repeated.
fn gather<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    full: i16,
    rows: &mut usize,
    vectors: &mut Vectors,
    number: impl Fn(&T::T) -> f32,
) -> Result<()> {
    let (mut defined, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        defined.clear();
        repeated.clear();
        values.clear();
        let (records, ..) =
            reader.read_records(ROWS, Some(&mut defined), Some(&mut repeated), &mut values)?;
        if records == 0 {
            return Ok(());
        }
        let mut values = values.iter();
        let mut places = defined.iter().zip(&repeated).peekable();
        while let Some(first) = places.next() {
            let row = *rows;
            *rows += 1;
            let begun = vectors.values.len();
            let mut next = Some(first);
            while let Some((defined, _)) = next {
                let value = if *defined == full { values.next() } else { None };
                let value = value.with_context(|| {
                    format!("row {row} has no vector, or one with a value missing; drop it")
                })?;
                vectors.values.push(number(value));
                next = places.next_if(|(_, repeated)| **repeated > 0);
            }
            let found = vectors.values.len() - begun;
            if row == 0 {
                vectors.dimension = found;
            }
            let expected = vectors.dimension;
            ensure!(found == expected, "row {row} has {found} values, those before {expected}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{DoubleType, FloatType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    /// A file with rows of lists, of floats and of doubles, in groups of two.
    fn file(name: &str, rows: &[&[Option<f64>]]) -> File {
        let path = std::env::temp_dir().join(format!("vitrine-{}-{name}", std::process::id()));
        let schema = "message rows {
            required group embedding (LIST) { repeated group list { optional double element; } }
            required group other (LIST) { repeated group list { optional float element; } }
            required int32 id;
        }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = Arc::new(WriterProperties::builder().build());
        let to = File::create(&path).unwrap();
        let mut writer = SerializedFileWriter::new(to, schema, properties).unwrap();
        for rows in rows.chunks(2) {
            let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
            for row in rows {
                for (place, value) in row.iter().enumerate() {
                    repeated.push(i16::from(place > 0));
                    defined.push(if value.is_some() { 2 } else { 1 });
                    values.extend(*value);
                }
                if row.is_empty() {
                    repeated.push(0);
                    defined.push(0);
                }
            }
            let halves: Vec<f32> = values.iter().map(|value| *value as f32 / 2.0).collect();
            let levels = (Some(defined.as_slice()), Some(repeated.as_slice()));
            let mut group = writer.next_row_group().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<DoubleType>().write_batch(&values, levels.0, levels.1).unwrap();
            column.close().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<FloatType>().write_batch(&halves, levels.0, levels.1).unwrap();
            column.close().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            let numbers: Vec<i32> = (0..rows.len() as i32).collect();
            column
                .typed::<parquet::data_type::Int32Type>()
                .write_batch(&numbers, None, None)
                .unwrap();
            column.close().unwrap();
            group.close().unwrap();
        }
        writer.close().unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        file
    }

    #[test]
    fn lists_of_several_groups_are_read() {
        let rows: [&[Option<f64>]; 3] =
            [&[Some(1.0), Some(2.0)], &[Some(3.0), Some(4.0)], &[Some(5.0), Some(6.0)]];
        let vectors = read(file("read", &rows), Some("embedding")).unwrap();
        assert_eq!(vectors, Vectors { dimension: 2, values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] });
        let vectors = read(file("other", &rows), Some("other")).unwrap();
        assert_eq!(vectors.values, [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]);
        let told = |name: Option<&str>| read(file("told", &rows), name).unwrap_err().to_string();
        assert!(told(None).contains("say which by --name, of embedding, other"));
        assert!(told(Some("id")).contains("no list column id, only embedding, other"));
    }

    #[test]
    fn rows_that_are_no_vectors_are_told() {
        let told = |rows: &[&[Option<f64>]]| {
            read(file("rows", rows), Some("embedding")).unwrap_err().to_string()
        };
        let whole: &[Option<f64>] = &[Some(1.0), Some(2.0)];
        assert_eq!(told(&[whole, whole, &[Some(1.0)]]), "row 2 has 1 values, those before 2");
        assert!(told(&[whole, &[Some(1.0), None]]).starts_with("row 1 has no vector"));
        assert!(told(&[whole, whole, whole, &[]]).starts_with("row 3 has no vector"));
    }
}
