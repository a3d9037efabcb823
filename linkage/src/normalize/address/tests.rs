//! Addresses by part: numbers, buildings, names with numbers in them, merged municipalities.

use super::*;
use crate::normalize::TableSources;

fn tables() -> Tables {
    let municipalities = include_str!("../../../../matching-rules/normalize/municipalities.tsv");
    Tables::parse(&TableSources { kanji_fold: "", municipalities }).unwrap()
}

/// Municipality, town, numbers and building, written `松江市|西川津町|1060-1|メゾン`.
#[track_caller]
fn check(raw: &str, expected: &str) {
    let value = address(raw, &tables()).unwrap_or_else(|| panic!("{raw:?} is null"));
    let Parts::Address(parts) = value.parts() else { panic!("{raw:?} has no parts") };
    let numbers: Vec<String> = parts.numbers.iter().map(u32::to_string).collect();
    let found = format!("{}|{}|{}|{}", parts.municipality, parts.town, numbers.join("-"), parts.building);
    assert_eq!(found, expected, "{raw:?}");
}

#[test]
fn numbers_in_every_form() {
    for raw in [
        "松江市殿町1丁目2番3号",
        "松江市殿町一丁目2-3",
        "松江市殿町１－２－３",
        "松江市殿町1ー2ー3",
        "松江市殿町1の2の3",
        "松江市殿町1丁目2番地の3",
        "松江市殿町1-2-3号",
        "島根県松江市大字殿町 1-2-3",
        "〒690-0001 松江市殿町1-2-3",
        "松江市殿町一丁目二番三号",
        "松江市殿町1丁目2番地3",
        "松江市殿町１丁目２−３",
        "松江市殿町一-二-三",
        "松江市殿町1丁目 2番 3号",
    ] {
        check(raw, "松江市|殿町|1-2-3|");
    }
    check("松江市西川津町1060番地", "松江市|西川津町|1060|");
    check("松江市西川津町一〇六〇番地", "松江市|西川津町|1060|");
    check("松江市西川津町千六十番地", "松江市|西川津町|1060|");
}

#[test]
fn buildings_and_rooms() {
    check("松江市北堀町10番地 メゾン北堀201号室", "松江市|北堀町|10-201|メゾン北堀");
    check("松江市北堀町10-201", "松江市|北堀町|10-201|");
    check("松江市殿町1-2-3 コーポ殿町 2F", "松江市|殿町|1-2-3|コーポ殿町2F");
    check("松江市殿町1-2-3コーポしまね3-101", "松江市|殿町|1-2-3-3-101|コーポしまね");
    check("松江市殿町1-2 3階", "松江市|殿町|1-2|3階");
    check("松江市殿町1番地 県営住宅2号棟305号", "松江市|殿町|1-305|県営住宅2号棟");
}

#[test]
fn names_with_numbers_in_them() {
    check("東京都千代田区一番町3-1", "千代田区|一番町|3-1|");
    check("北海道札幌市中央区北1条西2丁目", "札幌市中央区|北1条西|2|");
    check("北海道札幌市中央区北一条西二丁目", "札幌市中央区|北1条西|2|");
    check("松江市八軒屋町5", "松江市|八軒屋町|5|");
    check("島根県鹿足郡吉賀町六日市580-4", "吉賀町|六日市|580-4|");
    check("島根県邑智郡美郷町九日市", "美郷町|九日市||");
    check("秋田県横手市十文字町字栄町3", "横手市|十文字町栄町|3|");
    check("三重県四日市市三ツ谷町2", "四日市市|三ツ谷町|2|");
}

#[test]
fn merged_municipalities() {
    check("島根県簸川郡斐川町大字直江４８８３", "出雲市|斐川町直江|4883|");
    check("島根県斐川町直江4883", "出雲市|斐川町直江|4883|");
    check("簸川郡斐川町直江4883", "出雲市|斐川町直江|4883|");
    check("平田市平田町2112", "出雲市|平田町|2112|");
    check("島根県那賀郡旭町今市637", "浜田市|旭町今市|637|");
    check("旭町今市637", "|旭町今市|637|");
    check("島根県八束郡八雲村大字東岩坂100", "松江市|八雲町東岩坂|100|");
    check("島根県鹿足郡六日市町大字六日市580", "吉賀町|六日市|580|");
    check("隠岐郡西郷町", "隠岐ノ島町|||");
}

#[test]
fn foreign_and_empty_addresses() {
    assert_eq!(address("21 jalanga crescent", &tables()).unwrap().quality(), Quality::UNPARSED);
    assert_eq!(address("－", &tables()), None);
    assert_eq!(address("不明", &tables()), None);
}

/// Every town of the table's prefecture is read back from the postal spelling.
#[test]
fn postal_towns_are_read_whole() {
    let Ok(text) = std::fs::read_to_string("../../shared/data/japan/addresses/shimane.tsv") else {
        println!("SKIPPED: the postal data is not beside this checkout");
        return;
    };
    for row in text.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let expected = canonical_town(&canonical(fields[4], &tables()));
        for raw in [format!("島根県{}{}12番地3", fields[2], fields[4]), format!("{}大字{}12-3", fields[2], fields[4])]
        {
            let value = address(&raw, &tables()).unwrap();
            let Parts::Address(parts) = value.parts() else { panic!("{raw}") };
            assert_eq!((&*parts.town, &*parts.numbers), (expected.as_str(), [12, 3].as_slice()), "{raw}");
            assert_eq!(&*parts.prefecture, "島根県");
        }
    }
}
