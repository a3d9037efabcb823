//! Invented people of one district: households, twins, newborns and namesakes, each written down once to four times by
//! systems that write differently and slip.

use super::*;

pub(super) const PERSON: &str = include_str!("../../../../matching-rules/person.toml");
const KANJI_FOLD: &str = include_str!("../../../../matching-rules/normalize/kanji_fold.tsv");
const READINGS: &str = include_str!("../../../../matching-rules/normalize/readings.tsv");

pub(super) const COLUMNS: [&str; 13] = [
    "family_kanji",
    "given_kanji",
    "family_kana",
    "given_kana",
    "sex",
    "birth_date",
    "postcode",
    "address",
    "phone",
    "insurer_no",
    "insured_symbol",
    "insured_no",
    "branch_no",
];

const FAMILY: [(&str, &str); 8] = [
    ("佐藤", "サトウ"),
    ("渡邉", "ワタナベ"),
    ("渡辺", "ワタナベ"),
    ("石飛", "イシトビ"),
    ("福田", "フクダ"),
    ("錦織", "ニシコオリ"),
    ("斎藤", "サイトウ"),
    ("原", "ハラ"),
];
const GIVEN: [(&str, &str); 12] = [
    ("美咲", "ミサキ"),
    ("健太", "ケンタ"),
    ("健二", "ケンジ"),
    ("惠子", "ケイコ"),
    ("恵子", "ケイコ"),
    ("隆", "タカシ"),
    ("由美子", "ユミコ"),
    ("陽菜", "ヒナ"),
    ("正夫", "マサオ"),
    ("直美", "ナオミ"),
    ("ベビー", "ベビー"),
    ("第一子", "ダイイチシ"),
];
const TOWNS: [(&str, &str); 4] = [
    ("6900823", "島根県松江市西川津町"),
    ("6900824", "松江市菅田町"),
    ("6930002", "出雲市今市町"),
    ("6930001", "島根県出雲市今市町北本町"),
];

/// Numbers that are the same everywhere.
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        usize::try_from(mix(self.0) % u64::try_from(end).unwrap()).unwrap()
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

pub(super) type Record = BTreeMap<&'static str, String>;

pub(super) fn rules() -> RuleSet {
    RuleSet::parse(PERSON).unwrap()
}

pub(super) fn tables() -> Tables {
    Tables::parse(&TableSources { kanji_fold: KANJI_FOLD, municipalities: "" }).unwrap()
}

pub(super) fn readings() -> Readings {
    Readings::parse(READINGS).unwrap()
}

/// About so many people, and more records.
pub(super) fn population(people: usize, seed: u64) -> Vec<Record> {
    let mut draw = Draw(seed);
    let mut records = Vec::new();
    let mut made = 0;
    while made < people {
        let family = draw.of(&FAMILY);
        let (postcode, town) = draw.of(&TOWNS);
        let address = format!("{town}{}-{}", 1 + draw.below(9), 1 + draw.below(20));
        let phone = format!("0852{:06}", draw.below(900_000));
        let card = format!("{}", 100 + draw.below(900_000));
        let mut twin_of: Option<String> = None;
        for member in 0..=draw.below(4) {
            let given = draw.of(&GIVEN);
            let date = format!("{}-{:02}-{:02}", 1930 + draw.below(94), 1 + draw.below(12), 1 + draw.below(28));
            let date = twin_of.take().filter(|_| draw.below(5) == 0).unwrap_or(date);
            twin_of = Some(date.clone());
            let texts = [family.0, given.0, family.1, given.1, draw.of(&["1", "2"]), &date, postcode, &address];
            let branch = format!("{:02}", member + 1);
            let card = ["32138016", "松江", card.as_str(), branch.as_str()];
            let texts = texts.into_iter().chain([phone.as_str()]).chain(card);
            let person: Record = COLUMNS.iter().copied().zip(texts.map(str::to_owned)).collect();
            made += 1;
            for copy in 0..=draw.below(4) {
                let mut record = person.clone();
                for _ in 0..copy {
                    slip(&mut draw, &mut record);
                }
                records.push(record);
            }
        }
    }
    records
}

/// What clerks do to a record: leave something out, write a name into one column, slip, or know another spelling.
pub(super) fn slip(draw: &mut Draw, record: &mut Record) {
    let take = |record: &mut Record, column: &str| std::mem::take(record.get_mut(column).unwrap());
    match draw.below(9) {
        0 | 1 => drop(take(record, draw.of(&COLUMNS))),
        2 => {
            let given = take(record, "given_kanji");
            record.get_mut("family_kanji").unwrap().push_str(&format!("　{given}"));
        }
        3 => {
            let given = take(record, "given_kana");
            record.get_mut("family_kana").unwrap().push_str(&given);
        }
        4 => {
            let (family, given) = (take(record, "family_kana"), take(record, "given_kana"));
            record.insert("family_kana", given);
            record.insert("given_kana", family);
        }
        5 => {
            let column = draw.of(&["birth_date", "phone", "insured_no", "postcode", "family_kana", "given_kana"]);
            let mut letters: Vec<char> = record[column].chars().collect();
            if letters.len() > 2 {
                let at = draw.below(letters.len() - 1);
                letters.swap(at, at + 1);
            }
            record.insert(column, letters.into_iter().collect());
        }
        6 => drop(record.insert("family_kanji", draw.of(&["〓藤", "齋藤", "渡邊", "福田■"]).to_owned())),
        7 => drop(record.insert("birth_date", draw.of(&["1900-01-01", "S40.1.1", "平成2年", "1985-07-01"]).to_owned())),
        _ => {
            record.insert("address", format!("松江市学園南1丁目{}番", 1 + draw.below(9)));
            record.insert("phone", format!("090{:08}", draw.below(90_000_000)));
        }
    }
}

/// The text of a column.
pub(super) fn text<'t>(record: &'t Record) -> impl Fn(&str) -> &'t str {
    |column| record.get(column).map_or("", String::as_str)
}

/// The records as a table, and the number that each has in it.
pub(super) fn table(rules: &RuleSet, tables: &Tables, records: &[Record]) -> (Table, Vec<RecordIndex>) {
    let mut builder = TableBuilder::new(rules);
    let columns = builder.columns().to_vec();
    for (number, record) in records.iter().enumerate() {
        let texts: Vec<&str> = columns.iter().map(|column| text(record)(column)).collect();
        builder.push(&number.to_string(), 0, &texts).unwrap();
    }
    let (table, repeated) = builder.finish(rules, tables, false, &Serial);
    assert!(repeated.is_empty());
    let mut numbers = vec![0; records.len()];
    for record in 0..u32::try_from(records.len()).unwrap() {
        numbers[table.id(record).parse::<usize>().unwrap()] = record;
    }
    (table, numbers)
}

/// The records, normalised one by one.
pub(super) fn normalized(rules: &RuleSet, tables: &Tables, records: &[Record]) -> Vec<Normalized> {
    records.iter().map(|record| Normalized::of(rules, tables, &text(record))).collect()
}
