//! Writes a population into a folder: `population PEOPLE SEED base|stress person|jp_10k FOLDER`.
//!
//! For trials of the generator alone; users take the command `nayose synth`.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [people, seed, profile, columns, folder] = arguments.as_slice() else {
        return Err("arguments: PEOPLE SEED base|stress person|jp_10k FOLDER".into());
    };
    let mut settings = synth::Settings::new(people.parse()?, seed.parse()?, profile.parse()?);
    settings.columns = columns.parse()?;
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let file = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let (mut records, mut truth) = (file("records.csv")?, file("truth.csv")?);
    let (mut errors, mut strata) = (file("errors.csv")?, file("strata.csv")?);
    let mut outputs =
        synth::Outputs { records: &mut records, truth: &mut truth, errors: &mut errors, strata: &mut strata };
    let summary = synth::write(&settings, &mut outputs, &mut |_| {})?;
    eprintln!("{summary:#?}");
    Ok(())
}
