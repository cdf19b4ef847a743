//! NumPy's matrices: a mark, a version, a Python dictionary of three entries, and the numbers.
//!
//! By hand: the crates that do it bring a grammar of Python, a parser generator and a C compiler with
//! them, to read three entries that NumPy writes in one way.

use std::io::{BufWriter, Read, Write};

use anyhow::{Context, Result, bail, ensure};

use super::{Number, Vectors, matrix};

const MARK: &[u8] = b"\x93NUMPY";

/// Bytes of numbers that are read at once; whole ones of every size.
const PIECE: usize = 1 << 20;

pub(super) fn read(mut file: impl Read) -> Result<Vectors> {
    let mut start = [0; 8];
    file.read_exact(&mut start).context("it is no NumPy file")?;
    ensure!(start.starts_with(MARK), "it is no NumPy file");
    let length = match start[6] {
        1 => number_of::<2>(&mut file)?,
        2 | 3 => number_of::<4>(&mut file)?,
        other => bail!("it is of NumPy's format {other}; 1 to 3 are read"),
    };
    ensure!(length < 1 << 16, "it is damaged: its header is of {length} bytes");
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).context("it is cut short")?;
    let header = String::from_utf8_lossy(&header);
    let number = number(entry(&header, "descr")?)?;
    let fortran = entry(&header, "fortran_order")?.starts_with("True");
    ensure!(!fortran, "it is stored column by column; save numpy.ascontiguousarray of it");
    let shape = entry(&header, "shape")?;
    let shape = shape.strip_prefix('(').and_then(|shape| shape.split_once(')'));
    let sizes = shape.context("its header names no shape")?.0.split(',').map(str::trim);
    let sizes: Result<Vec<usize>, _> =
        sizes.filter(|size| !size.is_empty()).map(str::parse).collect();
    let [len, dimension] = matrix(&sizes.context("its header names no shape")?)?;

    let mut values = Vec::new();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let left = (len * dimension - values.len()).saturating_mul(number.size());
        file.by_ref().take(left.min(PIECE) as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            break;
        }
        number.decode(&bytes, &mut values);
    }
    let found = values.len() / dimension;
    ensure!(found == len, "it is cut short: {found} of {len} vectors are there");
    Ok(Vectors { dimension, values })
}

pub(super) fn write(vectors: &Vectors, file: impl Write) -> Result<()> {
    let mut file = BufWriter::new(file);
    let shape = format!("({}, {})", vectors.len(), vectors.dimension);
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    // Numbers begin at a multiple of 64 bytes.
    let width = (MARK.len() + 4 + header.len() + 1).next_multiple_of(64) - MARK.len() - 4;
    file.write_all(MARK)?;
    file.write_all(&[1, 0])?;
    file.write_all(&(width as u16).to_le_bytes())?;
    writeln!(file, "{header:<padded$}", padded = width - 1)?;
    for value in &vectors.values {
        file.write_all(&value.to_le_bytes())?;
    }
    Ok(file.flush()?)
}

/// A number of N bytes.
fn number_of<const N: usize>(file: &mut impl Read) -> Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes[..N]).context("it is cut short")?;
    Ok(u32::from_le_bytes(bytes))
}

/// What stands after a key of the dictionary.
fn entry<'a>(header: &'a str, key: &str) -> Result<&'a str> {
    let after = header.split_once(&format!("'{key}':")).map(|(_, after)| after.trim_start());
    after.with_context(|| format!("its header has no {key}"))
}

fn number(kind: &str) -> Result<Number> {
    let kind = kind.strip_prefix('\'').and_then(|kind| kind.split_once('\''));
    Ok(match kind.context("it is an array of records; vectors are a matrix of numbers")?.0 {
        "<f8" => Number::F64,
        "<f4" => Number::F32,
        "<f2" => Number::F16,
        "|i1" => Number::I8,
        "|u1" => Number::U8,
        other => bail!("its numbers are {other}; save its astype('<f4')"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, numbers: &[u8]) -> Vec<u8> {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(numbers);
        file
    }

    #[test]
    fn what_is_written_is_read() {
        let vectors = Vectors { dimension: 3, values: vec![1.0, -2.5, 3.0, 4.0, 5.0, 1e-30] };
        let mut bytes = Vec::new();
        write(&vectors, &mut bytes).unwrap();
        assert_eq!(bytes.len() % 64, 24);
        assert_eq!(read(bytes.as_slice()).unwrap(), vectors);
        for cut in [0, 3, 7, 9, 50, bytes.len() - 1] {
            let error = read(&bytes[..cut]).unwrap_err().to_string();
            assert!(
                error.contains("cut short") || error.contains("no NumPy file"),
                "{cut}: {error}"
            );
        }
    }

    #[test]
    fn numbers_of_other_sizes_are_read() {
        for (kind, numbers) in [
            ("<f2", [0x00_u8, 0x3c, 0x00, 0xc1].as_slice()),
            ("<f8", [1.0_f64.to_le_bytes(), (-2.5_f64).to_le_bytes()].as_flattened()),
        ] {
            let header =
                format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (1, 2), }}\n");
            assert_eq!(read(file(&header, numbers).as_slice()).unwrap().values, [1.0, -2.5]);
        }
        let header = "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 1), }";
        assert_eq!(read(file(header, &[3, 0xff]).as_slice()).unwrap().values, [3.0, -1.0]);
    }

    #[test]
    fn what_is_no_matrix_is_told() {
        let told = |header: &str| read(file(header, &[0; 64]).as_slice()).unwrap_err().to_string();
        let header = |kind: &str, order: &str, shape: &str| {
            told(&format!("{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}"))
        };
        assert!(header("'<f4'", "False", "(4, 2, 2)").contains("3 dimensions"));
        assert!(header("'<f4'", "False", "(4,)").contains("1 dimensions"));
        assert!(header("'<f4'", "False", "(4, 0)").contains("no values"));
        assert!(header("'<f4'", "False", "(9999999999, 9999999999)").contains("says that it has"));
        assert!(header("'<f4'", "False", "(1000000000, 1000)").contains("cut short"));
        assert!(header("'<f4'", "True", "(4, 2)").contains("ascontiguousarray"));
        assert!(header("'>f4'", "False", "(4, 2)").contains("astype"));
        assert!(header("[('a', '<f4')]", "False", "(4, 2)").contains("records"));
        assert!(told("{'descr': '<f4'}").contains("fortran_order"));
    }
}
